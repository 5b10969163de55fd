import { REJECT } from '@acervo/dicom/ul/pdu.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { type DimseServer, listenDimse } from '../adapters/net/dimse-server.ts';
import { type HttpServer, listenHttp } from '../adapters/net/http-server.ts';
import type { TlsKeys } from '../adapters/net/tls-keys.ts';
import type { DimseService, Identify } from '../bindings/dimse.ts';
import type { Feature, Job } from '../bindings/feature.ts';
import type { Route } from '../bindings/http.ts';
import { type HttpGate, httpGate } from '../bindings/limits/http-gate.ts';
import { Tally } from '../bindings/limits/tally.ts';
import { TokenBuckets } from '../bindings/limits/token-buckets.ts';
import type { DirectoryView } from '../features/directory/view.ts';
import { type Login, openLoginFeature } from '../features/login/index.ts';
import { type SilentStore, silentSink } from '../features/silent/store.ts';
import { Activity } from '../features/status/index.ts';
import type { Identities } from '../ports/identity.ts';
import type { Log } from '../ports/log.ts';
import type { ModelStates } from '../ports/model-states.ts';
import { type Access, loadAccess } from './access.ts';
import { type Archive, openArchive } from './archive.ts';
import { auditPortsOf } from './audit-receiver.ts';
import type { Config } from './config.ts';
import { dialOver } from './dial.ts';
import { followDirectory, openDirectory } from './directory.ts';
import { featuresOf } from './features.ts';
import { careForHeap } from './heap-care.ts';
import { type Models, type OpenInference, openInference, ownModels } from './inference.ts';
import { enrolmentUrl, firstEnrolment, openLogin } from './login.ts';
import { modelPortsOf } from './model-ports.ts';
import { followModelStates, openModelStates } from './model-states.ts';
import { associateWith } from './outgoing.ts';
import { permitted } from './permitted.ts';
import { fetchOwnPort, publicUrlOf } from './public-url.ts';
import { followRegistry, openRegistry } from './registry.ts';
import { sendInstances } from './send-instances.ts';
import { openSilent } from './silent.ts';
import { surroundingsOf } from './surroundings.ts';
import { followTlsKeys, openTlsKeys } from './tls.ts';
import { openTrust } from './trust.ts';
import { version } from './version.ts';
import { watchAssociations, watchedHoldings, watchRequests } from './watch-activity.ts';
import { whoIsIn } from './who-is.ts';
import { witnessingOf } from './witnessing.ts';

export type RunningServer = {
  /** Undefined where it is off. */
  httpPort: number | undefined;
  dimsePort: number | undefined;
  /** Undefined where no certificate is set. */
  httpsPort: number | undefined;
  dimseTlsPort: number | undefined;
  archive: Archive;
  /** The link of the first administrator, where none was given out before; it is shown once. */
  enrolment: string | undefined;
  /** Which models run where, as this process knows it. */
  modelStates: ModelStates;
  /** What is served, for whoever asks whether all of it was tried. */
  features: readonly Feature[];
  /** Finish what has begun, then end. */
  close(): Promise<void>;
};

const CONNECTIONS_MAX = 16;
/** What has begun is given this long to finish. */
const CLOSE_MS = 20_000;
const RECORD_MS = 5000;

/**
 * The archive with its doors open: DIMSE and HTTP.
 * @param identities  what tells who has logged in, where that is not the login of this archive
 * @param models  which may run where, and what keeps their results, where that is not this archive's own life-cycle
 */
export async function startServer(
  config: Config,
  log: Log,
  identities?: Identities,
  models?: Models,
): Promise<RunningServer> {
  const archive = await openArchive(config, { role: 'serve', connectionsMax: CONNECTIONS_MAX, log });
  const ending = new AbortController();
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(closing.map((each) => each()));
    ending.abort();
    await archive.close();
  };
  try {
    const [registry, directory, trust, modelStates] = await Promise.all([
      openRegistry(config, archive.database, log),
      openDirectory(archive.database, log),
      openTrust(config, archive.database, log),
      openModelStates(archive.database, log),
    ]);
    closing.push(following(followRegistry(registry, ending.signal), ending));
    closing.push(following(followDirectory(directory, ending.signal), ending));
    closing.push(following(trust.follow(ending.signal), ending));
    const access = loadAccess(config, log, registry.systems, trust.authorities);
    closing.push(following(followModelStates(modelStates, ending.signal), ending));
    closing.push(following(careForHeap(ending.signal), ending));
    const keys = openTlsKeys(config, log);
    if (keys !== undefined) {
      measureExpiry(keys, archive);
      keys.onChange(() => measureExpiry(keys, archive));
      closing.push(following(followTlsKeys(keys, config, ending.signal), ending));
    }
    const gate = gateOf(config);
    const activity = new Activity();
    const login = openLogin(config, { db: archive.database, directory, access, log });
    const known = identities ?? login?.identities;
    const { holdings } = archive;
    const placed = models ?? ownModels(config, { access, holdings, states: modelStates });
    const silent = await openSilent(config, archive.database, log);
    const besideModels = { access, holdings, metrics: archive.metrics, models: placed };
    const inference = openInference(config, { ...besideModels, silent: silent && silentSink(silent) });
    closing.push(inference.close);
    const beside = { keys, activity, gate, log, silent, inference: inference.ports };
    const serving = { config, archive, access, directory, login, identities: known, ...beside };
    const ports = await openDoors(serving, closing);
    const enrolment = await openedTo(serving, ports);
    return { ...ports, archive, enrolment, modelStates, close };
  } catch (thrown) {
    await close();
    throw portFailure(thrown);
  }
}

/** Institutions that may call by DIMSE: of one alone every association is its. */
const partiesOf = ({ systems }: Access): number => new Set(systems.list().map(({ institution }) => institution)).size;

/** Under open access all callers of HTTP are one, whose rate says nothing. */
function gateOf(config: Config): HttpGate {
  const { httpRequestsMax: requestsMax, httpCallerRate, httpInstitutionRate } = config;
  const isOpen = config.access === 'open';
  const [callerRate, institutionRate] = isOpen ? [0, 0] : [httpCallerRate, httpInstitutionRate];
  return httpGate({ requestsMax, callerRate, institutionRate }, () => (isOpen ? 1 : Infinity));
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
  identities: Identities | undefined;
  directory: DirectoryView;
  /** Undefined under open access. */
  login: Login | undefined;
  keys: TlsKeys | undefined;
  activity: Activity;
  gate: HttpGate;
  log: Log;
  inference: OpenInference['ports'];
  silent: SilentStore | undefined;
};
type Ports = Omit<RunningServer, 'archive' | 'enrolment' | 'modelStates' | 'close'>;

/** @param closing  gets what closes each door, as it opens */
async function openDoors(serving: Serving, closing: (() => Promise<void>)[]): Promise<Ports> {
  const { config, archive, access, login, keys, activity } = serving;
  const { holdings, metrics } = archive;
  const associate = associateWith(config, keys);
  const features = featuresOf(watchedHoldings(holdings, activity), {
    ...surroundingsOf(config, archive, activity),
    systems: access.systems,
    directory: serving.directory,
    associate,
    login: login?.feature ?? openLoginFeature,
    settings: config,
    state: { readiness: () => readiness(archive, keys), exposition: () => metrics.exposition(), version },
    governance: { now: () => new Date(), openOp: (signal) => access.ofProcess('governance').openOp(signal) },
    whoIs: whoIsIn(access.systems, serving.directory),
    journal: { ...archive, witnesses: config.witnesses },
    witnessing: witnessingOf(config, archive, keys, serving.log),
    inference: serving.inference,
    silent: serving.silent,
    results: {
      send: sendInstances(associate, holdings),
      retryHours: config.aiDeliveryRetryHours,
      destinationOp: (aeTitle, signal) => access.ofDestination(aeTitle)?.openOp(signal),
      openOp: (institution, signal) => access.ofProcess('inference', institution).openOp(signal),
      metrics,
    },
    audit: auditPortsOf(config, archive, keys),
    models: modelPortsOf(config),
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
  const { httpPort, httpsPort } = config;
  const http = httpPort === undefined ? undefined : await openHttp(serving, features, httpPort);
  if (http !== undefined) closing.push(() => http.close({ timeoutMs: CLOSE_MS }));
  const https = keys && (await openHttp(serving, features, httpsPort, keys));
  if (https !== undefined) closing.push(() => https.close({ timeoutMs: CLOSE_MS }));
  closing.push(begun(features.flatMap((feature) => feature.jobs ?? [])));
  return { httpPort: http?.port, httpsPort: https?.port, dimsePort: dimse.port, dimseTlsPort: dimse.tlsPort, features };
}

/** Tell the login where people reach it. @returns the link of the first administrator, where one is given out */
async function openedTo(serving: Serving, { httpPort, httpsPort }: Ports): Promise<string | undefined> {
  const { config, archive, access, directory, login, log } = serving;
  if (login === undefined) return undefined;
  const publicUrl = publicUrlOf(config, { httpPort, httpsPort });
  login.opened(publicUrl, fetchOwnPort(publicUrl, config, httpPort));
  const op = access.ofProcess('login').openOp(AbortSignal.timeout(RECORD_MS));
  const code = await firstEnrolment(config, { db: archive.database, directory, access, log }, op);
  return code && enrolmentUrl(publicUrl, code);
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

function openDimse(serving: Serving, services: readonly DimseService[]): Promise<DimseServer<number | undefined>> {
  const { config, archive, access, keys, activity, log } = serving;
  const tellRefused = refusalsOf(archive, access);
  // Without authorities nobody's certificate could count.
  const isSecure = keys !== undefined && config.tlsCaFile !== undefined;
  return listenDimse({
    port: config.dimsePort,
    host: config.dimseHost,
    aeTitle: config.aeTitle,
    services: services.map((service) => permitted(service, access)),
    identify: identifierOf(access, tellRefused),
    limits: {
      associationsMax: config.associationsMax,
      associationsPerAddressMax: config.associationsPerAddressMax,
      artimMs: config.artimMs,
      stallMs: config.stallMs,
      pduBytesMax: config.pduBytesMax,
    },
    parties: () => partiesOf(access),
    ...(isSecure && {
      tls: {
        port: config.dimseTlsPort,
        keys,
        refused: (failure, address) => void tellRefused({ failure, peer: address, callingAet: '' }),
      },
    }),
    log,
    metrics: watchAssociations(activity, archive.metrics),
  });
}

function openHttp(
  { config, archive, access, directory, identities, activity, gate, log }: Serving,
  features: readonly Feature[],
  port: number,
  keys?: TlsKeys,
): Promise<HttpServer> {
  const routes = features.flatMap((feature) => feature.routes);
  const publicPaths = new Set(routes.filter((route) => route.isPublic === true).map((route) => route.path));
  return listenHttp({
    port,
    host: config.httpHost,
    routes: routes.map((route) => counted(route, archive)),
    hosted: features.flatMap((feature) => feature.hosted ?? []),
    identify: async ({ method, route, headers, certificate }) => {
      if (publicPaths.has(route)) return access.ofCommand('public');
      if (config.access === 'open' && !isLoopback(headers['host'])) {
        return new Failure('access/denied', 'open access by a name that is not of this machine');
      }
      if (certificate instanceof Failure) return certificate;
      const identity = await identities?.of({ method, headers });
      if (identity instanceof Failure) return identity;
      if (identity !== undefined) return access.byIdentity(identity, directory);
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
    limits: { stallMs: config.stallMs },
    gate,
    log,
    onRefused: watchRequests(activity),
  });
}

/**
 * Does a request name this machine as its own programs do? A page of elsewhere whose name was turned to 127.0.0.1 in
 * the DNS sends its own name, and where nobody has to be known that is all that tells it from ours.
 */
const isLoopback = (host = ''): boolean => /^(?:|localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i.test(host);

/** Decides who may associate, and counts the associations of those who may have only so many. */
function identifierOf(access: Access, tellRefused: TellRefused): Identify {
  const open = new Tally();
  return async ({ callingAet, certificate, peerAddress: peer }) => {
    const known = access.byAeTitle(callingAet, certificate);
    if (known instanceof Failure) {
      await tellRefused({ failure: known, peer, callingAet });
      return REJECT.callingAetNotRecognized;
    }
    const most = access.systems.byAeTitle(callingAet)?.associationsMax ?? Infinity;
    if (open.of(callingAet) >= most) return REJECT.localLimitExceeded;
    return { openOp: (signal) => known.openOp(signal, peer), ended: open.add(callingAet) };
  };
}

function measureExpiry({ health }: TlsKeys, { metrics }: Archive): void {
  const { certificateExpiresMs, crlNextUpdateMs } = health;
  metrics.setTlsExpiry(certificateExpiresMs / 1000, crlNextUpdateMs && crlNextUpdateMs / 1000);
}

type Refused = { failure: Failure; peer: string; callingAet: string };

type TellRefused = (refused: Refused) => Promise<void>;

/** Refusals that are told: of one address, and of all. A flood of them must fill neither the journal nor the disk. */
const TOLD_OF_ADDRESS = { perSecond: 1, burst: 20 };
const TOLD_OF_ALL = { perSecond: 20, burst: 200 };

/** A refused association is a line of the log with its reason, and a fact of the journal; each is counted. */
function refusalsOf({ holdings, metrics }: Archive, access: Access): TellRefused {
  const ofAddress = new TokenBuckets(TOLD_OF_ADDRESS);
  const ofAll = new TokenBuckets(TOLD_OF_ALL);
  return async ({ failure: { code, detail }, peer, callingAet }) => {
    metrics.systemRefused(code);
    const nowMs = performance.now();
    if (!ofAddress.take(peer, nowMs) || !ofAll.take('all', nowMs)) return;
    const op = access.ofStranger(callingAet === '' ? peer : callingAet).openOp(AbortSignal.timeout(RECORD_MS), peer);
    op.log.warn('system.refused', { op: op.id, peer, callingAet, code, detail });
    await holdings.journal.refused(op, code, 'association.refused').catch((thrown: unknown) => {
      op.log.error('journal.unrecorded', { op: op.id, code: toFailure(thrown).code });
    });
  };
}

/** A port in use is the operator's to mend, not a fault of the program. */
function portFailure(thrown: unknown): unknown {
  const isTaken =
    thrown instanceof Error && 'code' in thrown && (thrown.code === 'EADDRINUSE' || thrown.code === 'EACCES');
  return isTaken ? new Failure('config/invalid', (thrown as Error).message, { cause: thrown }) : thrown;
}

function counted(route: Route, { metrics, holdings }: Archive): Route {
  return {
    ...route,
    async handle(request, op) {
      const answer = await route.handle(request, op).catch((thrown: unknown) => {
        // What a person may not do at all; a study that it may not have is told by whoever found it.
        if (toFailure(thrown).code === 'access/denied') holdings.journal.denied(op, route.path, op.institution, '');
        throw thrown;
      });
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
