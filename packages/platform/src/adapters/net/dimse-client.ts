import { once } from 'node:events';
import { Socket } from 'node:net';
import { C_ECHO_RQ } from '@acervo/dicom/dimse/command.ts';
import { ACCEPTANCE, type AcceptedContext } from '@acervo/dicom/dimse/negotiate.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '@acervo/dicom/part10.ts';
import {
  APPLICATION_CONTEXT,
  type AssociateAc,
  type AssociateRq,
  encodePdu,
  PROTOCOL_VERSION,
} from '@acervo/dicom/ul/pdu.ts';
import type { ExtendedNegotiation } from '@acervo/dicom/ul/user-information.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { DimseAnswer } from '../../bindings/dimse.ts';
import { type Association, CONTEXTS_MAX, type Performed, type ProposedContext } from '../../bindings/dimse-scu.ts';
import { serveMessage } from './dimse-association.ts';
import { type Message, MessageReader } from './dimse-messages.ts';
import { answerOf, Questions } from './dimse-questions.ts';
import { UpperLayer } from './dimse-upper-layer.ts';
import type { Secure } from './tls-caller.ts';

export type { Association };

export type ConnectOptions = {
  host: string;
  port: number;
  callingAet: string;
  calledAet: string;
  /** At most 128: ids are the odd numbers of one byte (PS3.8 9.3.2.2). */
  contexts: readonly ProposedContext[];
  /** Maximum Length that we offer, in bytes; 131072 unless said. */
  pduBytesMax?: number;
  extendedNegotiations?: readonly ExtendedNegotiation[];
  /** What we perform for the peer on this association, and on whose behalf: the C-STORE of a C-GET. */
  performs?: Performed;
  /** TLS, as `securing` makes it; absent: a plain connection. */
  secure?: Secure;
  /** Hears the whole answer to our request, refused contexts too. */
  onAccepted?(answer: AssociateAc): void;
  /** Longest wait for the peer: to connect, to answer, to read what we send, to close. */
  timeoutMs: number;
  /** Aborts the association. */
  signal: AbortSignal;
};

const VERIFICATION = '1.2.840.10008.1.1';
const AET_CHARS_MAX = 16;
const PDU_BYTES_MAX = 131_072;
/** Most that is read of a data set after its service has answered, in bytes. */
const DRAIN_BYTES_MAX = 4 * 1024 ** 3;

/**
 * Associate with an SCP (PS3.8 7.1).
 * @throws {Failure} ul/rejected with result/source/reason, ul/aborted, ul/bad-pdu; request/invalid
 */
export async function connect(options: ConnectOptions): Promise<Association> {
  const request = associateRq(options);
  const { timeoutMs, signal } = options;
  const socket = await connected(options);
  const ul = new UpperLayer(socket, {
    isRequestor: true,
    pduBytesMax: request.userInformation.maximumLength,
    artimMs: timeoutMs,
  });
  const abort = (): void => ul.abort();
  signal.addEventListener('abort', abort, { once: true });
  ul.lost.addEventListener('abort', () => signal.removeEventListener('abort', abort), { once: true });
  try {
    const answer = await asked(ul, request, timeoutMs);
    options.onAccepted?.(answer);
    return associated(ul, options, request, answer);
  } catch (thrown) {
    ul.abort();
    await ul.ended();
    throw thrown;
  }
}

function associateRq(options: ConnectOptions): AssociateRq {
  const { callingAet, calledAet, contexts, pduBytesMax = PDU_BYTES_MAX, extendedNegotiations = [] } = options;
  if (contexts.length > CONTEXTS_MAX) {
    throw new Failure('request/invalid', `${contexts.length} presentation contexts, at most ${CONTEXTS_MAX} fit`);
  }
  if (callingAet.length > AET_CHARS_MAX || calledAet.length > AET_CHARS_MAX) {
    throw new Failure('request/invalid', `an AE title of more than ${AET_CHARS_MAX} characters`);
  }
  return {
    kind: 'associate-rq',
    protocolVersion: PROTOCOL_VERSION,
    callingAet,
    calledAet,
    applicationContext: APPLICATION_CONTEXT,
    presentationContexts: contexts.map(({ abstractSyntax, transferSyntaxes }, index) => ({
      id: 2 * index + 1,
      abstractSyntax,
      transferSyntaxes,
    })),
    userInformation: {
      maximumLength: pduBytesMax,
      implementationClassUid: IMPLEMENTATION_CLASS_UID,
      implementationVersionName: IMPLEMENTATION_VERSION_NAME,
      roleSelections: scpClasses(contexts).map((sopClassUid) => ({ sopClassUid, scu: false, scp: true })),
      extendedNegotiations,
      commonExtendedNegotiations: [],
      unknownItems: 0,
    },
    unknownItems: 0,
  };
}

async function connected({ host, port, secure, timeoutMs, signal }: ConnectOptions): Promise<Socket> {
  const socket = new Socket();
  const until = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    socket.connect({ host, port });
    await once(socket, 'connect', { signal: until });
    return secure === undefined ? socket : await secure(socket, until);
  } catch (thrown) {
    socket.destroy();
    if (thrown instanceof Failure) throw thrown;
    throw new Failure('ul/aborted', `no connection to ${host}:${port}`, { cause: thrown });
  }
}

async function asked(ul: UpperLayer, request: AssociateRq, timeoutMs: number): Promise<AssociateAc> {
  ul.watch(timeoutMs);
  ul.request('Evt2', encodePdu(request));
  const answer = await ul.receive();
  if (answer.kind === 'associate-rj') {
    throw new Failure('ul/rejected', `${answer.result}/${answer.source}/${answer.reason}`);
  }
  if (answer.kind !== 'associate-ac') throw ul.violation(`${answer.kind} indicated in Sta5`);
  return answer;
}

const scpClasses = (contexts: readonly ProposedContext[]): readonly string[] => [
  ...new Set(contexts.filter(({ isScp }) => isScp).map(({ abstractSyntax }) => abstractSyntax)),
];

function associated(ul: UpperLayer, options: ConnectOptions, request: AssociateRq, answer: AssociateAc): Association {
  const { timeoutMs, performs } = options;
  const accepted = acceptedContexts(request, answer);
  const messages = new MessageReader(ul, accepted, { idleMs: timeoutMs, stallMs: timeoutMs });
  const { maximumLength, extendedNegotiations } = answer.userInformation;
  const contexts = [...accepted.values()];
  const serve = performs && performer({ ul, messages, maximumLength, options, performs, extendedNegotiations });
  const questions = new Questions({ ul, messages, contexts, maximumLength, timeoutMs, ...(serve && { serve }) });
  return {
    contexts,
    extendedNegotiations,
    echo: () => echo(questions),
    store: (instance) => questions.store(instance),
    ask: (question) => questions.askMany(question),
    perform: async (until) => {
      while (!until.aborted) {
        const message = await nextBefore(messages, until);
        if (message === 'late') return;
        if (message === undefined) {
          ul.request('Evt14', encodePdu({ kind: 'release-rp' }));
          return await ul.ended();
        }
        if (serve === undefined) throw ul.violation('request of the peer, which we perform none of');
        await serve(message);
      }
    },
    release: () => release(ul, messages, timeoutMs),
    abort: async () => {
      ul.abort();
      await ul.ended();
    },
  };
}

type Performer = {
  ul: UpperLayer;
  messages: MessageReader;
  maximumLength: number;
  options: ConnectOptions;
  performs: NonNullable<ConnectOptions['performs']>;
  extendedNegotiations: readonly ExtendedNegotiation[];
};

/** We perform with the same code whoever asked for the association; only the titles change places. */
function performer({ ul, messages, maximumLength, options, performs, extendedNegotiations }: Performer) {
  const { calledAet, callingAet, timeoutMs } = options;
  return (message: Message): Promise<void> =>
    serveMessage(
      {
        ...performs,
        ul,
        messages,
        callingAet: calledAet,
        calledAet: callingAet,
        maximumLength,
        extendedNegotiations,
        peerContexts: [],
        drainBytesMax: DRAIN_BYTES_MAX,
        stallMs: timeoutMs,
        metrics: {},
        isClosing: () => false,
      },
      message,
    );
}

/** A syntax that was not proposed cannot be accepted: such a context counts as refused. */
function acceptedContexts(request: AssociateRq, answer: AssociateAc): ReadonlyMap<number, AcceptedContext> {
  const accepted = new Map<number, AcceptedContext>();
  for (const { id, result, transferSyntax } of answer.presentationContexts) {
    const proposed = request.presentationContexts.find((context) => context.id === id);
    if (result !== ACCEPTANCE || proposed?.transferSyntaxes.includes(transferSyntax) !== true) continue;
    accepted.set(id, { id, abstractSyntax: proposed.abstractSyntax, transferSyntax });
  }
  return accepted;
}

async function echo(questions: Questions): Promise<DimseAnswer> {
  const context = questions.contexts.find(({ abstractSyntax }) => abstractSyntax === VERIFICATION);
  if (context === undefined) throw new Failure('dimse/no-context', VERIFICATION);
  const command = { affectedSopClassUid: VERIFICATION, commandField: C_ECHO_RQ };
  const reply = await questions.ask({ context, command });
  return answerOf(reply.status, reply.command);
}

/** The next message, or `late`: it stays the next one then. */
async function nextBefore(messages: MessageReader, until: AbortSignal): Promise<Message | undefined | 'late'> {
  const late = Promise.withResolvers<'late'>();
  const end = (): void => late.resolve('late');
  until.addEventListener('abort', end, { once: true });
  try {
    const came = await Promise.race([messages.ahead(), late.promise]);
    return came === 'late' ? 'late' : await messages.next();
  } finally {
    until.removeEventListener('abort', end);
  }
}

async function release(ul: UpperLayer, messages: MessageReader, timeoutMs: number): Promise<void> {
  try {
    ul.watch(timeoutMs);
    ul.request('Evt11', encodePdu({ kind: 'release-rq' }));
    for (;;) {
      const event = await messages.receive();
      if (event?.kind === 'release-rp') return;
      // Release collision (PS3.8 7.2.2): both asked; we answer, and our own answer is still to come.
      if (event?.kind === 'release-rq') ul.request('Evt14', encodePdu({ kind: 'release-rp' }));
    }
  } finally {
    await ul.ended();
  }
}
