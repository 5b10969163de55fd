import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Negotiation, negotiate } from '@acervo/dicom/dimse/negotiate.ts';
import { fragmentBytesMax } from '@acervo/dicom/dimse/pdata.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '@acervo/dicom/part10.ts';
import {
  APPLICATION_CONTEXT,
  type AssociateAc,
  type AssociateRq,
  encodePdu,
  PROTOCOL_VERSION,
  REJECT,
  type RejectReason,
} from '@acervo/dicom/ul/pdu.ts';
import { type Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { AssociationRequest, DimseCaller, DimseService, Identify } from '../../bindings/dimse.ts';
import { FairShares } from '../../bindings/limits/fair-shares.ts';
import { Tally } from '../../bindings/limits/tally.ts';
import { WaitingRoom } from '../../bindings/limits/waiting-room.ts';
import type { Log, LogFields } from '../../ports/log.ts';
import { BACKLOG } from './backlog.ts';
import { type DimseMetrics, serveMessages } from './dimse-association.ts';
import { DIMSE_LIMITS, type DimseLimits } from './dimse-limits.ts';
import { MessageReader } from './dimse-messages.ts';
import { UpperLayer } from './dimse-upper-layer.ts';
import { type TlsDoor, tlsDoor } from './tls-door.ts';
import type { TlsKeys } from './tls-keys.ts';

export type DimseServerOptions = {
  /** 0: any free port; undefined: none without TLS. */
  port: number | undefined;
  host: string;
  /** The called AE title that we answer to. */
  aeTitle: string;
  services: readonly DimseService[];
  identify: Identify;
  limits?: Partial<DimseLimits>;
  /** Institutions that may call at all, among which the associations are shared; unless said, any number. */
  parties?: () => number;
  /** A second port, over TLS with certificates on both sides. */
  tls?: { port: number; keys: TlsKeys; refused: TlsDoor['refused'] };
  log: Log;
  metrics?: DimseMetrics;
};

/** @property port  without TLS, where one was wanted */
export type DimseServer<Port extends number | undefined = number> = {
  port: Port;
  tlsPort: number | undefined;
  /** Stop listening, let running messages finish, then end every association; after `timeoutMs`, hard. */
  close(options: { timeoutMs: number }): Promise<void>;
};

type Running = { ul: UpperLayer; messages: MessageReader | undefined; ended: Promise<void> };

type Context = {
  options: DimseServerOptions;
  limits: DimseLimits;
  metrics: DimseMetrics;
  running: Set<Running>;
  /** Accepted associations, by institution and by address; `running` has the connections without one, too. */
  associations: FairShares;
  addresses: Tally;
  /** Connections that have no association, not yet or not any more, by their addresses. */
  halfOpen: WaitingRoom<Running>;
  isClosing(): boolean;
};

/** Listen for DICOM associations (PS3.8 9) as the SCP of `services`. Resolves when the ports are open. */
export function listenDimse(options: DimseServerOptions & { port: number }): Promise<DimseServer>;
export function listenDimse(options: DimseServerOptions): Promise<DimseServer<number | undefined>>;
export async function listenDimse(options: DimseServerOptions): Promise<DimseServer<number | undefined>> {
  let isClosing = false;
  const limits = { ...DIMSE_LIMITS, ...options.limits };
  const context: Context = {
    options,
    limits,
    metrics: options.metrics ?? {},
    running: new Set(),
    associations: new FairShares(limits.associationsMax, options.parties),
    addresses: new Tally(),
    halfOpen: new WaitingRoom({
      max: limits.halfOpenMax,
      perKeyMax: limits.halfOpenPerAddressMax,
      evict: ({ ul }) => ul.destroy(),
    }),
    isClosing: () => isClosing,
  };
  const server = createServer((socket) => admit(context, socket));
  const secure = options.tls && secureServer(context, options.tls);
  const port = options.port === undefined ? undefined : await listening(server, options, options.port);
  const tlsPort = secure && (await listening(secure, options, options.tls?.port ?? 0).catch(closing(server)));
  return {
    port,
    tlsPort,
    close: async ({ timeoutMs }) => {
      isClosing = true;
      server.close();
      secure?.close();
      await endAll(context.running, timeoutMs);
    },
  };
}

function secureServer(context: Context, { keys, refused }: NonNullable<DimseServerOptions['tls']>): Server {
  const { limits, options } = context;
  return tlsDoor({
    keys,
    handshakeMs: limits.artimMs,
    handshakes: { max: limits.halfOpenMax, perKeyMax: limits.halfOpenPerAddressMax },
    log: options.log,
    admit: (socket, certificate) => admit(context, socket, certificate),
    refused,
  });
}

/** @returns the port */
function listening(server: Server, { host, log }: DimseServerOptions, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', reject);
  server.listen({ port, host, backlog: BACKLOG }, () => {
    server.off('error', reject);
    // For instance no file descriptor left for one more connection; those that are open go on.
    server.on('error', (error) => log.error('dimse.accept-failed', { detail: error.message }));
    resolve((server.address() as AddressInfo).port);
  });
  return promise;
}

const closing =
  (server: Server) =>
  (thrown: unknown): never => {
    server.close();
    throw thrown;
  };

/** Between messages an association is aborted: SCUs do not reckon with a release that they have not asked for. */
async function endAll(running: ReadonlySet<Running>, timeoutMs: number): Promise<void> {
  const all = [...running];
  for (const { ul, messages } of all) {
    if (messages === undefined) ul.destroy();
    else if (messages.isIdle) ul.abort();
  }
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  await Promise.race([late, Promise.all(all.map(({ ended }) => ended))]);
  clearTimeout(timer);
  for (const { ul } of all) ul.destroy();
}

function admit(context: Context, socket: Socket, certificate?: readonly string[]): void {
  const { limits, halfOpen, running } = context;
  if (context.isClosing()) {
    socket.destroy();
    return;
  }
  const address = socket.remoteAddress ?? '';
  const ul = new UpperLayer(socket, { isRequestor: false, pduBytesMax: limits.pduBytesMax, artimMs: limits.artimMs });
  const entry: Running = { ul, messages: undefined, ended: Promise.resolve() };
  running.add(entry);
  halfOpen.enter(address, entry);
  entry.ended = converse(context, entry, { address, certificate }).finally(() => {
    halfOpen.leave(entry);
    running.delete(entry);
  });
}

/** Where a connection comes from, and what its certificate proves if it has one. */
type Peer = { address: string; certificate: readonly string[] | undefined };

/** One connection from its first byte to its last; never rejects. */
async function converse(context: Context, entry: Running, peer: Peer): Promise<void> {
  const { log } = context.options;
  const { address } = peer;
  try {
    const request = await asked(context, entry.ul, address);
    if (request !== undefined) await associate(context, entry, request, peer);
  } catch (thrown) {
    entry.ul.abort();
    logFailed(log, toFailure(thrown), { peer: address });
  }
  await entry.ul.ended();
}

/** The A-ASSOCIATE-RQ; undefined where none comes, as from a load balancer that only looks if the port is open. */
async function asked({ options }: Context, ul: UpperLayer, address: string): Promise<AssociateRq | undefined> {
  try {
    const request = await ul.receive();
    return request.kind === 'associate-rq' ? request : undefined;
  } catch (thrown) {
    const { code, detail } = toFailure(thrown);
    options.log.debug('association.not-asked', { peer: address, code, detail });
    return undefined;
  }
}

/** Who is not known holds no place while that is found out: a flood of strangers keeps nobody out. */
async function associate(context: Context, entry: Running, request: AssociateRq, peer: Peer): Promise<void> {
  const { address } = peer;
  const decision = await decide(context, request, peer);
  if (!('openOp' in decision)) return refuse(context, entry, request, address, decision);
  const leave = placeOf(context, entry, decision, address);
  try {
    if (leave === undefined) refuse(context, entry, request, address, REJECT.localLimitExceeded);
    else await serve(context, entry, request, decision, address);
  } finally {
    decision.ended?.();
    leave?.();
    entry.messages = undefined;
  }
}

/** A place among the associations. @returns what gives it back, or undefined where there is none for this caller */
function placeOf(context: Context, entry: Running, caller: DimseCaller, address: string): (() => void) | undefined {
  const { addresses, associations, halfOpen, limits } = context;
  if (addresses.of(address) >= limits.associationsPerAddressMax) return undefined;
  // Whom it acts for stands in every operation that it opens.
  const leave = associations.enter(caller.openOp(entry.ul.lost).institution);
  if (leave === undefined) return undefined;
  const uncount = addresses.add(address);
  halfOpen.leave(entry);
  return () => {
    uncount();
    leave();
    // Until its peer has closed it, it is a connection without an association again.
    halfOpen.enter(address, entry);
  };
}

function refuse(
  { options, metrics }: Context,
  { ul }: Running,
  { callingAet, calledAet }: AssociateRq,
  peer: string,
  rejected: RejectReason,
): void {
  const { result, source, reason } = rejected;
  ul.request('Evt8', encodePdu({ kind: 'associate-rj', result, source, reason }));
  metrics.associationRejected?.(rejected, { peer, callingAet });
  options.log.warn('association.rejected', { peer, callingAet, calledAet, result, source, reason });
}

/** Who calls, or why not. A decision that cannot be had now is a reason to come back later. */
async function decide(
  { options }: Context,
  request: AssociateRq,
  { address: peerAddress, certificate }: Peer,
): Promise<DimseCaller | RejectReason> {
  const {
    callingAet,
    calledAet,
    userInformation: { userIdentity },
  } = request;
  if (request.applicationContext !== APPLICATION_CONTEXT) return REJECT.applicationContextNotSupported;
  if (calledAet !== options.aeTitle) return REJECT.calledAetNotRecognized;
  const asking: AssociationRequest = {
    callingAet,
    calledAet,
    peerAddress,
    ...(certificate && { certificate }),
    ...(userIdentity && { userIdentity }),
  };
  try {
    return await options.identify(asking);
  } catch (thrown) {
    const { code, detail } = toFailure(thrown);
    options.log.error('association.not-decided', { peer: peerAddress, code, detail });
    return REJECT.temporaryCongestion;
  }
}

async function serve(
  context: Context,
  entry: Running,
  request: AssociateRq,
  caller: DimseCaller,
  peer: string,
): Promise<void> {
  const {
    limits,
    metrics,
    isClosing,
    options: { services, log },
  } = context;
  const {
    callingAet,
    calledAet,
    userInformation: { maximumLength },
  } = request;
  const { drainBytesMax, stallMs } = limits;
  const { ul } = entry;
  const negotiation = negotiated(ul, request, services);
  ul.request('Evt7', encodePdu(acceptance(request, negotiation, caller, limits.pduBytesMax)));
  const messages = new MessageReader(ul, negotiation.accepted, limits);
  entry.messages = messages;
  const dataSetBytes = (): number => messages.dataSetBytes;
  metrics.associationAccepted?.();
  const watch = metrics.watch?.({ peer, callingAet, caller, dataSetBytes }) ?? {};
  const startedMs = performance.now();
  let isReleased = false;
  let failure: Failure | undefined;
  try {
    isReleased = await serveMessages({
      ul,
      messages,
      callingAet,
      calledAet,
      maximumLength,
      peerContexts: [...negotiation.accepted.values()].filter(({ abstractSyntax }) =>
        negotiation.roleSelections.some(({ sopClassUid, scp }) => scp && sopClassUid === abstractSyntax),
      ),
      extendedNegotiations: negotiation.extendedNegotiations,
      caller,
      services,
      drainBytesMax,
      stallMs,
      log,
      metrics,
      watch,
      isClosing,
    });
  } catch (thrown) {
    failure = toFailure(thrown);
    ul.abort();
  }
  watch.ended?.();
  const ms = performance.now() - startedMs;
  metrics.associationEnded?.({ ms, isReleased });
  const facts = { peer, callingAet, calledAet, ms: Math.round(ms), dataSetBytes: messages.dataSetBytes };
  if (failure === undefined) log.info('association.ended', { ...facts, isReleased });
  else logFailed(log, failure, facts);
}

function logFailed(log: Log, { code, detail }: Failure, facts: LogFields): void {
  if (code === 'internal') log.error('association.failed', { ...facts, code, detail });
  else log.warn('association.failed', { ...facts, code, detail });
}

function negotiated(ul: UpperLayer, request: AssociateRq, services: readonly DimseService[]): Negotiation {
  try {
    fragmentBytesMax(request.userInformation.maximumLength);
    return negotiate(request, {
      accepts: (uid) => services.some((service) => service.accepts(uid)),
      letsRequestorBeScp: (uid) => services.some((service) => service.letsRequestorBeScp?.(uid)),
      agree: (uid, information) =>
        services.find((service) => service.agree !== undefined && service.accepts(uid))?.agree?.(information),
    });
  } catch (thrown) {
    ul.violation('A-ASSOCIATE-RQ');
    throw thrown;
  }
}

function acceptance(
  request: AssociateRq,
  { results, roleSelections, extendedNegotiations }: Negotiation,
  caller: DimseCaller,
  pduBytesMax: number,
): AssociateAc {
  const {
    callingAet,
    calledAet,
    userInformation: { asynchronousOperations, userIdentity },
  } = request;
  const isIdentityAnswered = userIdentity?.positiveResponseRequested === true;
  return {
    kind: 'associate-ac',
    protocolVersion: PROTOCOL_VERSION,
    calledAet,
    callingAet,
    applicationContext: APPLICATION_CONTEXT,
    presentationContexts: results,
    userInformation: {
      maximumLength: pduBytesMax,
      implementationClassUid: IMPLEMENTATION_CLASS_UID,
      implementationVersionName: IMPLEMENTATION_VERSION_NAME,
      // One operation at a time, whatever was proposed (PS3.7 D.3.3.3).
      ...(asynchronousOperations && { asynchronousOperations: { invoked: 1, performed: 1 } }),
      ...(isIdentityAnswered && { userIdentityResponse: caller.userIdentityResponse ?? new Uint8Array(0) }),
      roleSelections,
      extendedNegotiations,
      commonExtendedNegotiations: [],
      unknownItems: 0,
    },
    unknownItems: 0,
  };
}
