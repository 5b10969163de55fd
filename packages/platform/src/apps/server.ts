import { REJECT, type RejectReason } from '@acervo/dicom/ul/pdu.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { listenDimse } from '../adapters/net/dimse-server.ts';
import { listenHttp } from '../adapters/net/http-server.ts';
import type { AssociationRequest, DimseCaller } from '../bindings/dimse.ts';
import type { Route } from '../bindings/http.ts';
import type { Log } from '../ports/log.ts';
import { type Access, loadAccess } from './access.ts';
import { type Archive, openArchive } from './archive.ts';
import type { Config } from './config.ts';
import { featuresOf } from './features.ts';
import { permitted } from './permitted.ts';
import { followRegistry, openRegistry } from './registry.ts';
import { version } from './version.ts';

export type RunningServer = {
  httpPort: number;
  dimsePort: number;
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
    const following = followRegistry(registry, ending.signal);
    closing.push(() => {
      ending.abort();
      return following;
    });
    const access = loadAccess(config, log, registry.systems);
    const ports = await openDoors({ config, archive, access, log }, closing);
    return { ...ports, archive, close };
  } catch (thrown) {
    await close();
    throw portFailure(thrown);
  }
}

type Serving = { config: Config; archive: Archive; access: Access; log: Log };

/** @param closing  gets what closes each door, as it opens */
async function openDoors(
  { config, archive, access, log }: Serving,
  closing: (() => Promise<void>)[],
): Promise<{ httpPort: number; dimsePort: number }> {
  const { holdings, metrics } = archive;
  const features = featuresOf(holdings, {
    systems: access.systems,
    state: { readiness: () => readiness(archive), exposition: () => metrics.exposition(), version },
  });
  const routes = features.flatMap((feature) => feature.routes);
  const publicPaths = new Set(routes.filter((route) => route.isPublic === true).map((route) => route.path));
  const dimse = await listenDimse({
    port: config.dimsePort,
    host: config.dimseHost,
    aeTitle: config.aeTitle,
    services: features.flatMap((feature) => feature.services).map((service) => permitted(service, access)),
    identify: (request) => identifySystem(archive, access, request),
    limits: { associationsMax: config.associationsMax, pduBytesMax: config.pduBytesMax },
    log,
    metrics: {
      associationAccepted: () => metrics.associationOpened(),
      associationEnded: () => metrics.associationClosed(),
    },
  });
  closing.push(() => dimse.close({ timeoutMs: CLOSE_MS }));
  const http = await listenHttp({
    port: config.httpPort,
    host: config.httpHost,
    routes: routes.map((route) => counted(route, metrics)),
    identify: ({ route, headers }) => {
      if (publicPaths.has(route)) return access.ofCommand('public');
      try {
        return access.byAuthorization(headers['authorization']);
      } catch (thrown) {
        return toFailure(thrown);
      }
    },
    ...(config.httpCorsOrigins.length > 0 && { corsOrigins: config.httpCorsOrigins }),
    log,
  });
  closing.push(() => http.close({ timeoutMs: CLOSE_MS }));
  return { httpPort: http.port, dimsePort: dimse.port };
}

/** A refused association is a fact of the journal, in a transaction of its own. */
async function identifySystem(
  { holdings }: Archive,
  access: Access,
  { callingAet }: AssociationRequest,
): Promise<DimseCaller | RejectReason> {
  const known = access.byAeTitle(callingAet);
  if (known !== undefined) return known;
  const op = access.ofStranger(callingAet).openOp(AbortSignal.timeout(RECORD_MS));
  await holdings.journal.refused(op, 'access/unknown', 'association.refused').catch((thrown: unknown) => {
    op.log.error('journal.unrecorded', { op: op.id, code: toFailure(thrown).code });
  });
  return REJECT.callingAetNotRecognized;
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

async function readiness({ database, holdings }: Archive): Promise<{ ready: boolean; missing: string[] }> {
  const missing: string[] = [];
  await database.waitUntilReachable(AbortSignal.timeout(READY_MS)).catch(() => missing.push('database'));
  try {
    holdings.store.checkGate();
  } catch {
    missing.push('disk');
  }
  return { ready: missing.length === 0, missing };
}
