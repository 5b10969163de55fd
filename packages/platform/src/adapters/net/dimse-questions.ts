import {
  C_CANCEL_RQ,
  C_STORE_RQ,
  type CommandSet,
  DATA_SET,
  encodeCommand,
  NO_DATA_SET,
  RESPONSE,
} from '@acervo/dicom/dimse/command.ts';
import type { AcceptedContext } from '@acervo/dicom/dimse/negotiate.ts';
import { DataSetFramer, encodeMessage, fragmentBytesMax, frameDataSet } from '@acervo/dicom/dimse/pdata.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import {
  type DimseAnswer,
  type DimsePeer,
  type DimseQuestion,
  type DimseReply,
  isPending,
  type StoreRequest,
} from '../../bindings/dimse.ts';
import type { Message, MessageReader } from './dimse-messages.ts';
import type { UpperLayer } from './dimse-upper-layer.ts';

export type AskedAssociation = {
  ul: UpperLayer;
  messages: MessageReader;
  /** Contexts on which the peer performs storage. */
  contexts: readonly AcceptedContext[];
  /** Maximum Length of the peer, in bytes; 0: no limit. */
  maximumLength: number;
  /** Longest wait for the peer, to read what we send and to say something, in milliseconds. */
  timeoutMs: number;
  /** Requests of the peer while it owes us a response, as in C-GET; without it they break the protocol. */
  serve?(message: Message): Promise<void>;
};

/** A data set in memory of so many fragments is one write with its command; the system takes 1024 pieces at once. */
const WHOLE_FRAGMENTS_MAX = 500;
/** A longer one is framed so much at a time. */
const SEND_BYTES_MAX = 256 * 1024;
/** Longest data set of a response, in bytes. */
const RESPONSE_BYTES_MAX = 1 << 20;
const MESSAGE_ID_MAX = 0xffff;

/** Our questions to the other side of an association, one at a time: no asynchronous operations are negotiated. */
export class Questions implements DimsePeer {
  readonly #association: AskedAssociation;
  #messageId = 0;
  #isBusy = false;

  constructor(association: AskedAssociation) {
    this.#association = association;
  }

  get contexts(): readonly AcceptedContext[] {
    return this.#association.contexts;
  }

  async store({ sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet, moveOriginator }: StoreRequest) {
    const context = this.contexts.find(
      ({ abstractSyntax, transferSyntax }) => abstractSyntax === sopClassUid && transferSyntax === transferSyntaxUid,
    );
    if (context === undefined) throw new Failure('dimse/no-context', `${sopClassUid} in ${transferSyntaxUid}`);
    const { status, command } = await this.ask({
      context,
      command: {
        affectedSopClassUid: sopClassUid,
        commandField: C_STORE_RQ,
        priority: 0,
        affectedSopInstanceUid: sopInstanceUid,
        ...(moveOriginator && {
          moveOriginatorAet: moveOriginator.aeTitle,
          moveOriginatorMessageId: moveOriginator.messageId,
        }),
      },
      dataSet,
    });
    return answerOf(status, command);
  }

  async ask(question: DimseQuestion): Promise<DimseReply> {
    for await (const reply of this.askMany(question)) if (!isPending(reply.status)) return reply;
    throw new Failure('ul/aborted', 'no final response'); // askMany ends with one, or throws.
  }

  async staysQuiet(ms: number): Promise<boolean> {
    const quiet = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => quiet.resolve(true), ms);
    const said = this.#association.messages.ahead().then(
      () => false,
      () => false, // Lost: whoever asks next hears why.
    );
    const isQuiet = await Promise.race([quiet.promise, said]);
    clearTimeout(timer);
    return isQuiet;
  }

  /**
   * Every response as it comes, the final one last. Whoever stops listening before that cancels: a C-CANCEL-RQ is
   * sent, and what the peer had on its way is passed over.
   * @throws {Failure} ul/aborted, ul/bad-pdu; ul/released when the peer asks for release instead
   */
  async *askMany(question: DimseQuestion): AsyncGenerator<DimseReply, undefined> {
    if (this.#isBusy) throw new TypeError('one operation at a time: no asynchronous operations were negotiated');
    this.#isBusy = true;
    let isOver = false;
    try {
      let reply = await this.#begin(question);
      for (;;) {
        isOver = !isPending(reply.status);
        yield reply;
        if (isOver) return;
        reply = await this.#reply(question);
      }
    } catch (thrown) {
      isOver = true;
      throw thrown;
    } finally {
      if (!isOver) await this.#cancel(question);
      this.#isBusy = false;
    }
  }

  /** Send a question and wait for its response, which is listened for from the start: an A-ABORT ends the sending. */
  async #begin(question: DimseQuestion): Promise<DimseReply> {
    const { ul } = this.#association;
    this.#messageId = (this.#messageId % MESSAGE_ID_MAX) + 1;
    const reply = this.#reply(question);
    const abandoned = reply.then(() => undefined, toFailure);
    try {
      await this.#send(question);
    } catch (thrown) {
      const isOurs = !ul.lost.aborted;
      ul.abort();
      throw (isOurs ? undefined : await abandoned) ?? thrown;
    }
    ul.watch(this.#association.timeoutMs);
    return reply;
  }

  async #reply({ command: asked }: DimseQuestion): Promise<DimseReply> {
    const { ul, messages, serve } = this.#association;
    for (;;) {
      const message = await messages.next();
      if (message === undefined) throw new Failure('ul/released', 'release instead of a response');
      const { command } = message;
      if ((command.commandField & RESPONSE) === 0) {
        if (serve === undefined) throw ul.violation('request where a response is due');
        await serve(message);
        continue;
      }
      if (command.commandField !== (asked.commandField | RESPONSE)) throw ul.violation('response to another request');
      if (command.messageIdBeingRespondedTo !== this.#messageId) throw ul.violation('response to another request');
      const dataSet = await this.#dataSetOf(message);
      if (command.status === undefined) throw ul.violation('response without status');
      // From here to the next question the peer owes us nothing.
      ul.watch(undefined);
      return { status: command.status, command, dataSet };
    }
  }

  async #dataSetOf({ command, dataSet }: Message): Promise<Uint8Array | undefined> {
    if (command.dataSetType === NO_DATA_SET) return undefined;
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of dataSet) {
      bytes += chunk.length;
      if (bytes > RESPONSE_BYTES_MAX) {
        this.#association.ul.abort();
        throw new Failure('ul/aborted', `response of more than ${RESPONSE_BYTES_MAX} bytes`);
      }
      parts.push(chunk);
    }
    return concat(parts);
  }

  async #send({ context, command, dataSet }: DimseQuestion): Promise<void> {
    const { ul, maximumLength, timeoutMs } = this.#association;
    const asked = { ...command, messageId: this.#messageId, dataSetType: dataSet ? DATA_SET : NO_DATA_SET };
    let pieces: Uint8Array[] = [encodeMessage(context.id, encodeCommand(asked), undefined, maximumLength)];
    if (dataSet instanceof Uint8Array && dataSet.length <= WHOLE_FRAGMENTS_MAX * fragmentBytesMax(maximumLength)) {
      pieces.push(...frameDataSet(context.id, dataSet, maximumLength));
    } else if (dataSet !== undefined) {
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

  async #cancel(question: DimseQuestion): Promise<void> {
    const { ul, maximumLength, timeoutMs } = this.#association;
    const command = {
      commandField: C_CANCEL_RQ,
      messageIdBeingRespondedTo: this.#messageId,
      dataSetType: NO_DATA_SET,
    };
    ul.watch(timeoutMs);
    await ul.send([encodeMessage(question.context.id, encodeCommand(command), undefined, maximumLength)]);
    for (;;) {
      ul.watch(timeoutMs);
      if (!isPending((await this.#reply(question)).status)) return;
    }
  }
}

export function answerOf(status: number, { errorComment }: CommandSet): DimseAnswer {
  return { status, ...(errorComment !== undefined && { errorComment }) };
}

function chunksOf(dataSet: AsyncIterable<Uint8Array> | Uint8Array): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (!(dataSet instanceof Uint8Array)) return dataSet;
  const count = Math.ceil(dataSet.length / SEND_BYTES_MAX);
  return Array.from({ length: count }, (_, index) =>
    dataSet.subarray(index * SEND_BYTES_MAX, (index + 1) * SEND_BYTES_MAX),
  );
}
