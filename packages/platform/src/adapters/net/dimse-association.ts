import {
  C_CANCEL_RQ,
  type CommandSet,
  DATA_SET,
  encodeCommand,
  NO_DATA_SET,
  RESPONSE,
} from '@acervo/dicom/dimse/command.ts';
import { encodeMessage } from '@acervo/dicom/dimse/pdata.ts';
import { encodePdu } from '@acervo/dicom/ul/pdu.ts';
import { FAILURES, type Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { DimseCaller, DimseRequest, DimseResponse, DimseService } from '../../bindings/dimse.ts';
import type { Log } from '../../ports/log.ts';
import type { Message, MessageReader } from './dimse-messages.ts';
import type { UpperLayer } from './dimse-upper-layer.ts';

/** What the server counts; called synchronously, must not throw. */
export type DimseMetrics = {
  associationAccepted?(): void;
  associationRejected?(reason: { result: number; source: number; reason: number }): void;
  associationEnded?(facts: { ms: number; isReleased: boolean }): void;
  messageServed?(facts: { commandField: number; status: number; dataSetBytes: number; ms: number }): void;
};

export type ServedAssociation = {
  ul: UpperLayer;
  messages: MessageReader;
  callingAet: string;
  calledAet: string;
  /** Maximum Length of the peer, in bytes; 0: no limit. */
  maximumLength: number;
  caller: DimseCaller;
  services: readonly DimseService[];
  /** Most that is read of a data set after its service has answered, in bytes. */
  drainBytesMax: number;
  stallMs: number;
  log: Log;
  metrics: DimseMetrics;
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

async function serveMessage(association: ServedAssociation, message: Message): Promise<void> {
  const { ul, messages, metrics } = association;
  const { command } = message;
  const startedMs = performance.now();
  const bytesBefore = messages.dataSetBytes;
  if ((command.commandField & RESPONSE) !== 0) throw ul.violation('response without a request');
  // What a C-CANCEL would stop has been answered: it came too late, which is no error (PS3.7 9.3.2.3).
  if (command.commandField === C_CANCEL_RQ) return messages.drain(0);
  if (command.messageId === undefined) throw ul.violation('request without Message ID');
  const response = await answer(association, message);
  await messages.drain(association.drainBytesMax);
  await respond(association, message, command.messageId, response);
  metrics.messageServed?.({
    commandField: command.commandField,
    status: response.status,
    dataSetBytes: messages.dataSetBytes - bytesBefore,
    ms: performance.now() - startedMs,
  });
}

async function answer(association: ServedAssociation, message: Message): Promise<DimseResponse> {
  const { services, callingAet, calledAet, caller, log } = association;
  const { command, context } = message;
  const { abstractSyntax } = context;
  const isServed = (each: DimseService): boolean =>
    each.commandField === command.commandField && each.accepts(abstractSyntax);
  const service = services.find(isServed);
  if (service === undefined) return { status: FAILURES['dimse/unrecognized'].dimse };
  const dimseRequest: DimseRequest = {
    command,
    abstractSyntax,
    transferSyntaxUid: context.transferSyntax,
    callingAet,
    calledAet,
    dataSet: message.dataSet,
  };
  const op = caller.openOp(message.signal);
  try {
    return await service.serve(dimseRequest, op);
  } catch (thrown) {
    const failure = toFailure(thrown);
    logFailure(log, op.id, command, failure);
    // Nobody knows the outcome, so nothing may be said of it: the peer sends again (decision record 0004).
    if (failure.code === 'store/answer-lost') throw failure;
    const { dimse, title } = FAILURES[failure.code];
    return { status: dimse, errorComment: title };
  }
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
  { status, errorComment, dataSet }: DimseResponse,
): Promise<void> {
  const sopClassUid = command.affectedSopClassUid ?? command.requestedSopClassUid;
  const sopInstanceUid = command.affectedSopInstanceUid ?? command.requestedSopInstanceUid;
  const response: CommandSet = {
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
