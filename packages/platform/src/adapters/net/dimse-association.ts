import { setImmediate as immediate } from 'node:timers/promises';
import { type CommandSet, DATA_SET, encodeCommand, NO_DATA_SET, RESPONSE } from '@acervo/dicom/dimse/command.ts';
import type { AcceptedContext } from '@acervo/dicom/dimse/negotiate.ts';
import { encodeMessage } from '@acervo/dicom/dimse/pdata.ts';
import { encodePdu, type RejectReason } from '@acervo/dicom/ul/pdu.ts';
import type { ExtendedNegotiation } from '@acervo/dicom/ul/user-information.ts';
import { FAILURES, type Failure, toFailure } from '@acervo/kernel/failure.ts';
import {
  type DimseCaller,
  type DimseRequest,
  type DimseResponse,
  type DimseService,
  isPending,
} from '../../bindings/dimse.ts';
import type { Log } from '../../ports/log.ts';
import type { Op } from '../../ports/op.ts';
import type { Message, MessageReader } from './dimse-messages.ts';
import { Questions } from './dimse-questions.ts';
import type { UpperLayer } from './dimse-upper-layer.ts';

/** An association that has been accepted, for whoever watches. */
export type WatchedAssociation = {
  peer: string;
  callingAet: string;
  caller: DimseCaller;
  /** Of data sets, so far. */
  dataSetBytes(): number;
};

/** What the server counts; called synchronously, must not throw. */
export type DimseMetrics = {
  associationAccepted?(): void;
  /** @returns who is told what this association does, until its end. */
  watch?(association: WatchedAssociation): AssociationWatch;
  associationRejected?(reason: RejectReason, asked: { peer: string; callingAet: string }): void;
  associationEnded?(facts: { ms: number; isReleased: boolean }): void;
  messageServed?(facts: { commandField: number; status: number; dataSetBytes: number; ms: number }): void;
};

export type AssociationWatch = { answered?(status: number): void; ended?(): void };

export type ServedAssociation = {
  ul: UpperLayer;
  messages: MessageReader;
  callingAet: string;
  calledAet: string;
  /** Maximum Length of the peer, in bytes; 0: no limit. */
  maximumLength: number;
  /** Contexts on which the peer performs storage for us, by role selection. */
  peerContexts: readonly AcceptedContext[];
  /** What was agreed on. */
  extendedNegotiations: readonly ExtendedNegotiation[];
  caller: DimseCaller;
  services: readonly DimseService[];
  /** Most that is read of a data set after its service has answered, in bytes. */
  drainBytesMax: number;
  stallMs: number;
  log: Log;
  metrics: DimseMetrics;
  /** Who is told of each answer. */
  watch?: AssociationWatch;
  /** True when the server closes: the running message is the last. */
  isClosing(): boolean;
};

/** Error Comment is LO: 64 characters at most (PS3.5 6.2); 0000,0902 has no character set of its own. */
const ERROR_COMMENT_CHARS_MAX = 64;

/**
 * Serve the messages of an accepted association, one after the other, until the peer releases it.
 * @returns true when it was released, false when it was aborted because the server closes
 * @throws {Failure} ul/aborted, ul/bad-pdu or dimse/bad-command: how it ended otherwise
 */
export async function serveMessages(association: ServedAssociation): Promise<boolean> {
  const { ul, messages } = association;
  while (!association.isClosing()) {
    const message = await messages.next();
    if (message === undefined) {
      ul.request('Evt14', encodePdu({ kind: 'release-rp' }));
      return true;
    }
    await serveMessage(association, message);
  }
  ul.abort();
  return false;
}

/** Perform one operation of the peer. @throws {Failure} ul/aborted, ul/bad-pdu */
export async function serveMessage(association: ServedAssociation, message: Message): Promise<void> {
  const { ul, messages, metrics } = association;
  const { command } = message;
  const startedMs = performance.now();
  const bytesBefore = messages.dataSetBytes;
  if ((command.commandField & RESPONSE) !== 0) throw ul.violation('response without a request');
  const { messageId } = command;
  if (messageId === undefined) throw ul.violation('request without Message ID');
  let final: number | undefined;
  for await (const response of responsesTo(association, message)) {
    if (final !== undefined) throw new TypeError('a response after the final one');
    await messages.drain(association.drainBytesMax);
    await respond(association, message, messageId, response);
    if (isPending(response.status)) {
      // Small responses leave without waiting: others, and a C-CANCEL, want to be heard in between.
      await immediate();
      continue;
    }
    final = response.status;
    association.watch?.answered?.(final);
    metrics.messageServed?.({
      commandField: command.commandField,
      status: final,
      dataSetBytes: messages.dataSetBytes - bytesBefore,
      ms: performance.now() - startedMs,
    });
  }
}

/** What the service answers, its failures included: the last one is final. */
async function* responsesTo(
  association: ServedAssociation,
  message: Message,
): AsyncGenerator<DimseResponse, undefined> {
  const { command, context } = message;
  const isServing = (each: DimseService): boolean =>
    each.commandField === command.commandField && each.accepts(context.abstractSyntax);
  const service = association.services.find(isServing);
  if (service === undefined) {
    yield { status: FAILURES['dimse/unrecognized'].dimse };
    return;
  }
  const op = association.caller.openOp(message.signal);
  let isFinal = false;
  try {
    const answer = service.serve(requestOf(association, message), op);
    for await (const response of Symbol.asyncIterator in answer ? answer : [answer]) {
      isFinal = !isPending(response.status);
      yield response;
    }
    if (!isFinal) throw new TypeError('no final response');
  } catch (thrown) {
    const failed = failedResponse(association.log, op, command, thrown);
    if (!isFinal) yield failed;
  }
}

function requestOf(association: ServedAssociation, message: Message): DimseRequest {
  const { ul, messages, callingAet, calledAet, maximumLength, stallMs, peerContexts } = association;
  const { command, context, dataSet, cancelled } = message;
  const extended = association.extendedNegotiations.find((each) => each.sopClassUid === context.abstractSyntax);
  return {
    command,
    context,
    extended: extended?.serviceClassApplicationInformation,
    cancelled,
    peer: new Questions({ ul, messages, contexts: peerContexts, maximumLength, timeoutMs: stallMs }),
    callingAet,
    calledAet,
    dataSet,
  };
}

/** @throws {Failure} where nothing may be answered */
function failedResponse(log: Log, op: Op, command: CommandSet, thrown: unknown): DimseResponse {
  const failure = toFailure(thrown);
  logFailure(log, op.id, command, failure);
  // Nobody knows the outcome, so nothing may be said of it: the peer sends again (decision record 0004).
  if (failure.code === 'store/answer-lost') throw failure;
  const { dimse, title } = FAILURES[failure.code];
  return { status: dimse, errorComment: title };
}

function logFailure(log: Log, opId: string, { commandField }: CommandSet, failure: Failure): void {
  const fields = { op: opId, commandField, code: failure.code, detail: failure.detail };
  if (failure.code === 'internal') log.error('dimse.failed', fields);
  else log.warn('dimse.failed', fields);
}

async function respond(
  { ul, maximumLength, stallMs }: ServedAssociation,
  { context, command }: Message,
  messageId: number,
  { status, errorComment, dataSet, fields }: DimseResponse,
): Promise<void> {
  const sopClassUid = command.affectedSopClassUid ?? command.requestedSopClassUid;
  const sopInstanceUid = command.affectedSopInstanceUid ?? command.requestedSopInstanceUid;
  const response: CommandSet = {
    ...fields,
    ...(sopClassUid !== undefined && { affectedSopClassUid: sopClassUid }),
    commandField: command.commandField | RESPONSE,
    messageIdBeingRespondedTo: messageId,
    dataSetType: dataSet === undefined ? NO_DATA_SET : DATA_SET,
    status,
    ...(errorComment !== undefined && { errorComment: errorCommentOf(errorComment) }),
    ...(sopInstanceUid !== undefined && { affectedSopInstanceUid: sopInstanceUid }),
  };
  ul.watch(stallMs);
  await ul.send([encodeMessage(context.id, encodeCommand(response), dataSet, maximumLength)]);
}

/** The default repertoire only: a peer could not tell another (PS3.7 annex E.1 knows no character set). */
const errorCommentOf = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, ERROR_COMMENT_CHARS_MAX);
