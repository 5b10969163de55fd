import { REJECT } from '@acervo/dicom/ul/pdu.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { type DimseServer, listenDimse } from '../adapters/net/dimse-server.ts';
import { type HttpServer, listenHttp } from '../adapters/net/http-server.ts';
import type { TlsKeys } from '../adapters/net/tls-keys.ts';
import type { DimseService, Identify } from '../bindings/dimse.ts';
import type { Job } from '../bindings/feature.ts';
import type { Route } from '../bindings/http.ts';
import { Activity } from '../features/status/index.ts';
import type { Log } from '../ports/log.ts';
import { type Access, loadAccess } from './access.ts';
import { type Archive, openArchive } from './archive.ts';
import { auditPortsOf } from './audit-receiver.ts';
import type { Config } from './config.ts';
import { dialOver } from './dial.ts';
import { featuresOf } from './features.ts';
import { associateWith } from './outgoing.ts';
import { permitted } from './permitted.ts';
import { followRegistry, openRegistry } from './registry.ts';
import { surroundingsOf } from './surroundings.ts';
import { followTlsKeys, openTlsKeys } from './tls.ts';
import { version } from './version.ts';
import { watchAssociations, watchedHoldings, watchRequests } from './watch-activity.ts';

export type RunningServer = {
  httpPort: number;
  dimsePort: number;
  /** Undefined where no certificate is set. */
  httpsPort: number | undefined;
  dimseTlsPort: number | undefined;
  archive: Archive;
  /** Finish what has begun, then end. */
  close(): Promise<void>;
};

const CONNECTIONS_MAX = 16;
/** What has begun is given this long to finish. */
const CLOSE_MS = 20_000;
const RECORD_MS = 5000;

/** The archive with its doors open: DIMSE and HTTP. */
export async function startServer(config: Config, log: Log): Promise<RunningServer> {
  const archive = await openArchive(config, { role: 'serve', connectionsMax: CONNECTIONS_MAX, log });
  const ending = new AbortController();
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closing.map((each) => each()));
    ending.abort();
    await archive.close();
  };
  try {
    const registry = await openRegistry(config, archive.database, log);
    closing.push(following(followRegistry(registry, ending.signal), ending));
    const access = loadAccess(config, log, registry.systems);
    const keys = openTlsKeys(config, log);
    if (keys !== undefined) {
      measureExpiry(keys, archive);
      keys.onChange(() => measureExpiry(keys, archive));
      closing.push(following(followTlsKeys(keys, config, ending.signal), ending));
    }
    const ports = await openDoors({ config, archive, access, keys, activity: new Activity(), log }, closing);
    return { ...ports, archive, close };
  } catch (thrown) {
    await close();
    throw portFailure(thrown);
  }
}

/** How what runs beside the doors is ended. */
const following = (running: Promise<void>, ending: AbortController) => (): Promise<void> => {
  ending.abort();
  return running;
};

type Serving = {
  config: Config;
  archive: Archive;
  access: Access;
  keys: TlsKeys | undefined;
  activity: Activity;
  log: Log;
};
type Ports = Omit<RunningServer, 'archive' | 'close'>;

/** @param closing  gets what closes each door, as it opens */
async function openDoors(serving: Serving, closing: (() => Promise<void>)[]): Promise<Ports> {
  const { config, archive, access, keys, activity } = serving;
  const { holdings, metrics } = archive;
  const associate = associateWith(config, keys);
  const features = featuresOf(watchedHoldings(holdings, activity), {
    ...surroundingsOf(config, archive, activity),
    systems: access.systems,
    associate,
    settings: config,
    state: { readiness: () => readiness(archive, keys), exposition: () => metrics.exposition(), version },
    audit: auditPortsOf(config, archive, keys),
    patients: { openOp: (signal) => access.ofProcess('patients').openOp(signal) },
    commitment: {
      dial: dialOver(associate, access, serving.log),
      openOp: (signal) => access.ofProcess('commitment').openOp(signal),
      retryHours: serving.config.commitmentRetryHours,
      metrics,
    },
  });
  const dimse = await openDimse(
    serving,
    features.flatMap((feature) => feature.services),
  );
  closing.push(() => dimse.close({ timeoutMs: CLOSE_MS }));
  const routes = features.flatMap((feature) => feature.routes);
  const http = await openHttp(serving, routes);
  closing.push(() => http.close({ timeoutMs: CLOSE_MS }));
  const https = keys && (await openHttp(serving, routes, keys));
  if (https !== undefined) closing.push(() => https.close({ timeoutMs: CLOSE_MS }));
  closing.push(begun(features.flatMap((feature) => feature.jobs ?? [])));
  return { httpPort: http.port, httpsPort: https?.port, dimsePort: dimse.port, dimseTlsPort: dimse.tlsPort };
}

/** @returns how the jobs are ended that were begun */
function begun(jobs: readonly Job[]): () => Promise<void> {
  const ending = new AbortController();
  const running = Promise.all(jobs.map((job) => job.run(ending.signal)));
  return async () => {
    ending.abort();
    await running;
  };
}

function openDimse(serving: Serving, services: readonly DimseService[]): Promise<DimseServer> {
  const { config, archive, access, keys, activity, log } = serving;
  // Without authorities nobody's certificate could count.
  const isSecure = keys !== undefined && config.tlsCaFile !== undefined;
  return listenDimse({
    port: config.dimsePort,
    host: config.dimseHost,
    aeTitle: config.aeTitle,
    services: services.map((service) => permitted(service, access)),
    identify: identifierOf(archive, access),
    limits: { associationsMax: config.associationsMax, pduBytesMax: config.pduBytesMax },
    ...(isSecure && {
      tls: {
        port: config.dimseTlsPort,
        keys,
        refused: (failure, address) => void tellRefused(archive, access, { failure, peer: address, callingAet: '' }),
      },
    }),
    log,
    metrics: watchAssociations(activity, archive.metrics),
  });
}

function openHttp(
  { config, archive, access, activity, log }: Serving,
  routes: readonly Route[],
  keys?: TlsKeys,
): Promise<HttpServer> {
  const publicPaths = new Set(routes.filter((route) => route.isPublic === true).map((route) => route.path));
  return listenHttp({
    port: keys === undefined ? config.httpPort : config.httpsPort,
    host: config.httpHost,
    routes: routes.map((route) => counted(route, archive.metrics)),
    identify: ({ route, headers, certificate }) => {
      if (publicPaths.has(route)) return access.ofCommand('public');
      if (certificate instanceof Failure) return certificate;
      // Who comes with a token acts by it, whatever certificate the connection has.
      if (certificate !== undefined && headers['authorization'] === undefined) return access.byCertificate(certificate);
      try {
        return access.byAuthorization(headers['authorization']);
      } catch (thrown) {
        return toFailure(thrown);
      }
    },
    ...(config.httpCorsOrigins.length > 0 && { corsOrigins: config.httpCorsOrigins }),
    ...(keys && { keys }),
    log,
    onRefused: watchRequests(activity),
  });
}

/** Decides who may associate, and counts the associations of those who may have only so many. */
function identifierOf(archive: Archive, access: Access): Identify {
  const open = new Map<string, number>();
  return async ({ callingAet, certificate, peerAddress: peer }) => {
    const known = access.byAeTitle(callingAet, certificate);
    if (known instanceof Failure) {
      await tellRefused(archive, access, { failure: known, peer, callingAet });
      return REJECT.callingAetNotRecognized;
    }
    const count = open.get(callingAet) ?? 0;
    if (count >= (access.systems.byAeTitle(callingAet)?.associationsMax ?? Infinity)) return REJECT.localLimitExceeded;
    open.set(callingAet, count + 1);
    const ended = (): void => {
      const left = (open.get(callingAet) ?? 1) - 1;
      if (left > 0) open.set(callingAet, left);
      else open.delete(callingAet);
    };
    return { ...known, ended };
  };
}

function measureExpiry({ health }: TlsKeys, { metrics }: Archive): void {
  const { certificateExpiresMs, crlNextUpdateMs } = health;
  metrics.setTlsExpiry(certificateExpiresMs / 1000, crlNextUpdateMs && crlNextUpdateMs / 1000);
}

type Refused = { failure: Failure; peer: string; callingAet: string };

/** A refused association is a line of the log with its reason, and a fact of the journal. */
async function tellRefused({ holdings, metrics }: Archive, access: Access, { failure, peer, callingAet }: Refused) {
  const { code, detail } = failure;
  const op = access.ofStranger(callingAet === '' ? peer : callingAet).openOp(AbortSignal.timeout(RECORD_MS));
  metrics.systemRefused(code);
  op.log.warn('system.refused', { op: op.id, peer, callingAet, code, detail });
  await holdings.journal.refused(op, code, 'association.refused').catch((thrown: unknown) => {
    op.log.error('journal.unrecorded', { op: op.id, code: toFailure(thrown).code });
  });
}

/** A port in use is the operator's to mend, not a fault of the program. */
function portFailure(thrown: unknown): unknown {
  const isTaken =
    thrown instanceof Error && 'code' in thrown && (thrown.code === 'EADDRINUSE' || thrown.code === 'EACCES');
  return isTaken ? new Failure('config/invalid', (thrown as Error).message, { cause: thrown }) : thrown;
}

function counted(route: Route, metrics: Archive['metrics']): Route {
  return {
    ...route,
    async handle(request, op) {
      const answer = await route.handle(request, op);
      metrics.httpAnswered(route.path, request.method, answer.status);
      return answer;
    },
  };
}

const READY_MS = 2000;

type Readiness = { ready: boolean; missing: string[]; alarms: readonly string[] };

async function readiness({ database, holdings }: Archive, keys: TlsKeys | undefined): Promise<Readiness> {
  const missing: string[] = [];
  await database.waitUntilReachable(AbortSignal.timeout(READY_MS)).catch(() => missing.push('database'));
  try {
    holdings.store.checkGate();
  } catch {
    missing.push('disk');
  }
  return { ready: missing.length === 0, missing, alarms: keys?.health.alarms ?? [] };
}
