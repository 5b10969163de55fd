import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Socket } from 'node:net';
import {
  C_ECHO_RQ,
  C_STORE_RQ,
  type CommandSet,
  DATA_SET,
  encodeCommand,
  NO_DATA_SET,
  RESPONSE,
} from '@acervo/dicom/dimse/command.ts';
import { ACCEPTANCE, type AcceptedContext } from '@acervo/dicom/dimse/negotiate.ts';
import { DataSetFramer, encodeMessage } from '@acervo/dicom/dimse/pdata.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '@acervo/dicom/part10.ts';
import {
  APPLICATION_CONTEXT,
  type AssociateAc,
  type AssociateRq,
  encodePdu,
  PROTOCOL_VERSION,
} from '@acervo/dicom/ul/pdu.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { MessageReader } from './dimse-messages.ts';
import { UpperLayer } from './dimse-upper-layer.ts';

export type ProposedContext = { abstractSyntax: string; transferSyntaxes: readonly string[] };

export type ConnectOptions = {
  host: string;
  port: number;
  callingAet: string;
  calledAet: string;
  /** At most 128: ids are the odd numbers of one byte (PS3.8 9.3.2.2). */
  contexts: readonly ProposedContext[];
  /** Maximum Length that we offer, in bytes; 131072 unless said. */
  pduBytesMax?: number;
  /** Longest wait for the peer: to connect, to answer, to read what we send, to close. */
  timeoutMs: number;
  /** Aborts the association. */
  signal: AbortSignal;
};

/** How the peer answered; `errorComment` is its text, for the operator. */
export type DimseAnswer = { status: number; errorComment?: string };

export type StoreRequest = {
  sopClassUid: string;
  sopInstanceUid: string;
  transferSyntaxUid: string;
  /** Sent verbatim; each chunk must stay as it is only until the next is asked for. */
  dataSet: AsyncIterable<Uint8Array> | Uint8Array;
};

/** An association that we asked for; one operation at a time. */
export type Association = {
  contexts: readonly AcceptedContext[];
  /** C-ECHO. @throws {Failure} ul/aborted, ul/bad-pdu, dimse/no-context */
  echo(): Promise<DimseAnswer>;
  /** C-STORE. @throws {Failure} ul/aborted, ul/bad-pdu, dimse/no-context; what `dataSet` throws aborts */
  store(request: StoreRequest): Promise<DimseAnswer>;
  /** @throws {Failure} ul/aborted when the peer did not answer; the connection is closed in any case */
  release(): Promise<void>;
  abort(): Promise<void>;
};

const VERIFICATION = '1.2.840.10008.1.1';
const AET_CHARS_MAX = 16;
const CONTEXTS_MAX = 128;
const PDU_BYTES_MAX = 131_072;
/** A data set in memory is framed so much at a time. */
const SEND_BYTES_MAX = 256 * 1024;
/** Longest data set of a response that is passed over, in bytes. */
const RESPONSE_BYTES_MAX = 1 << 20;
const MESSAGE_ID_MAX = 0xffff;

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
    return associated(ul, request, await asked(ul, request, timeoutMs), timeoutMs);
  } catch (thrown) {
    ul.abort();
    await ul.ended();
    throw thrown;
  }
}

function associateRq({ callingAet, calledAet, contexts, pduBytesMax = PDU_BYTES_MAX }: ConnectOptions): AssociateRq {
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
    presentationContexts: contexts.map((context, index) => ({ id: 2 * index + 1, ...context })),
    userInformation: {
      maximumLength: pduBytesMax,
      implementationClassUid: IMPLEMENTATION_CLASS_UID,
      implementationVersionName: IMPLEMENTATION_VERSION_NAME,
      roleSelections: [],
      extendedNegotiations: [],
      commonExtendedNegotiations: [],
      unknownItems: 0,
    },
    unknownItems: 0,
  };
}

async function connected({ host, port, timeoutMs, signal }: ConnectOptions): Promise<Socket> {
  const socket = new Socket();
  try {
    socket.connect({ host, port });
    await once(socket, 'connect', { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
    return socket;
  } catch (thrown) {
    socket.destroy();
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

function associated(ul: UpperLayer, request: AssociateRq, answer: AssociateAc, timeoutMs: number): Association {
  const accepted = acceptedContexts(request, answer);
  const messages = new MessageReader(ul, accepted, { idleMs: timeoutMs, stallMs: timeoutMs });
  const contexts = [...accepted.values()];
  const scu: Scu = {
    ul,
    messages,
    contexts,
    maximumLength: answer.userInformation.maximumLength,
    timeoutMs,
    messageId: 0,
    isBusy: false,
  };
  return {
    contexts,
    echo: () => alone(scu, () => echo(scu)),
    store: (instance) => alone(scu, () => store(scu, instance)),
    release: () => alone(scu, () => release(scu)),
    abort: async () => {
      ul.abort();
      await ul.ended();
    },
  };
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

type Scu = {
  ul: UpperLayer;
  messages: MessageReader;
  contexts: readonly AcceptedContext[];
  /** Maximum Length of the peer, in bytes; 0: no limit. */
  maximumLength: number;
  timeoutMs: number;
  /** Of the last request. */
  messageId: number;
  isBusy: boolean;
};

async function alone<T>(scu: Scu, operation: () => Promise<T>): Promise<T> {
  assert(!scu.isBusy, 'one operation at a time: no asynchronous operations were negotiated');
  scu.isBusy = true;
  try {
    return await operation();
  } finally {
    scu.isBusy = false;
  }
}

function echo(scu: Scu): Promise<DimseAnswer> {
  const context = scu.contexts.find(({ abstractSyntax }) => abstractSyntax === VERIFICATION);
  if (context === undefined) throw new Failure('dimse/no-context', VERIFICATION);
  const command = { affectedSopClassUid: VERIFICATION, commandField: C_ECHO_RQ, dataSetType: NO_DATA_SET };
  return ask(scu, context, command, new Uint8Array(0));
}

function store(scu: Scu, request: StoreRequest): Promise<DimseAnswer> {
  const { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet } = request;
  const context = scu.contexts.find(
    ({ abstractSyntax, transferSyntax }) => abstractSyntax === sopClassUid && transferSyntax === transferSyntaxUid,
  );
  if (context === undefined) throw new Failure('dimse/no-context', `${sopClassUid} in ${transferSyntaxUid}`);
  const command = {
    affectedSopClassUid: sopClassUid,
    commandField: C_STORE_RQ,
    priority: 0,
    dataSetType: DATA_SET,
    affectedSopInstanceUid: sopInstanceUid,
  };
  return ask(scu, context, command, dataSet);
}

/** Send a request and wait for its response, which is listened for from the start: an A-ABORT ends the sending. */
async function ask(
  scu: Scu,
  context: AcceptedContext,
  command: CommandSet,
  dataSet: StoreRequest['dataSet'],
): Promise<DimseAnswer> {
  scu.messageId = (scu.messageId % MESSAGE_ID_MAX) + 1;
  const answer = answered(scu, command.commandField | RESPONSE);
  const abandoned = answer.then(() => undefined, toFailure);
  try {
    await send(scu, context, { ...command, messageId: scu.messageId }, dataSet);
  } catch (thrown) {
    const isOurs = !scu.ul.lost.aborted;
    scu.ul.abort();
    throw (isOurs ? undefined : await abandoned) ?? thrown;
  }
  scu.ul.watch(scu.timeoutMs);
  const response = await answer;
  // From here to the next request the peer owes us nothing.
  scu.ul.watch(undefined);
  return response;
}

async function send(
  scu: Scu,
  context: AcceptedContext,
  command: CommandSet,
  dataSet: StoreRequest['dataSet'],
): Promise<void> {
  const { ul, maximumLength, timeoutMs } = scu;
  const commandPdus = encodeMessage(context.id, encodeCommand(command), undefined, maximumLength);
  let pieces: Uint8Array[] = [commandPdus];
  if (command.dataSetType === DATA_SET) {
    const framer = new DataSetFramer(context.id, maximumLength);
    for await (const chunk of chunksOf(dataSet)) {
      ul.watch(timeoutMs);
      await ul.send([...pieces, ...framer.push(chunk)]);
      // What follows is a wait for `dataSet`, not for the peer.
      ul.watch(undefined);
      pieces = [];
    }
    pieces = [...pieces, ...framer.end()];
  }
  ul.watch(timeoutMs);
  await ul.send(pieces);
}

function chunksOf(dataSet: StoreRequest['dataSet']): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (!(dataSet instanceof Uint8Array)) return dataSet;
  const count = Math.ceil(dataSet.length / SEND_BYTES_MAX);
  return Array.from({ length: count }, (_, index) =>
    dataSet.subarray(index * SEND_BYTES_MAX, (index + 1) * SEND_BYTES_MAX),
  );
}

async function answered({ ul, messages, messageId }: Scu, commandField: number): Promise<DimseAnswer> {
  const message = await messages.next();
  if (message === undefined) throw ul.violation('release instead of a response');
  const { command } = message;
  if (command.commandField !== commandField || command.messageIdBeingRespondedTo !== messageId) {
    throw ul.violation('response to another request');
  }
  await messages.drain(RESPONSE_BYTES_MAX);
  const { status, errorComment } = command;
  if (status === undefined) throw ul.violation('response without status');
  return { status, ...(errorComment !== undefined && { errorComment }) };
}

async function release({ ul, messages, timeoutMs }: Scu): Promise<void> {
  try {
    ul.watch(timeoutMs);
    ul.request('Evt11', encodePdu({ kind: 'release-rq' }));
    for (;;) {
      const event = await messages.receive();
      if (event.kind === 'release-rp') return;
      // Release collision (PS3.8 7.2.2): both asked; we answer, and our own answer is still to come.
      if (event.kind === 'release-rq') ul.request('Evt14', encodePdu({ kind: 'release-rp' }));
    }
  } finally {
    await ul.ended();
  }
}
