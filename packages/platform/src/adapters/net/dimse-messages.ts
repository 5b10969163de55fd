import {
  C_CANCEL_RQ,
  COMMAND_BYTES_MAX,
  type CommandSet,
  decodeCommand,
  NO_DATA_SET,
  RESPONSE,
} from '@acervo/dicom/dimse/command.ts';
import type { AcceptedContext } from '@acervo/dicom/dimse/negotiate.ts';
import type { PduEvent, PdvSlice } from '@acervo/dicom/ul/pdu-reader.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { UpperLayer } from './dimse-upper-layer.ts';

/** One DIMSE message of the peer (PS3.7 6.3). */
export type Message = {
  context: AcceptedContext;
  command: CommandSet;
  /**
   * Ends at once when the message has no data set. Whoever iterates again goes on where the last iteration
   * stopped. The chunks may be kept: a socket reads into fresh memory each time.
   */
  dataSet: AsyncIterable<Uint8Array>;
  /** Aborts when the association is lost while the message is current. */
  signal: AbortSignal;
  /** Aborts when the peer cancels this request. */
  cancelled: AbortSignal;
};

/** What the peer said: a command set, or a PDU that is none. */
type Said = { context: AcceptedContext; command: CommandSet } | { event: PduEvent };

export type MessageTimeouts = {
  /** Longest silence between two messages, in milliseconds. */
  idleMs: number;
  /** Longest silence inside of a message, and while the peer does not read our answer, in milliseconds. */
  stallMs: number;
  /** Bytes of a message that have to come within `stallMs`; none unless said. */
  paceBytesMin?: number;
};

/**
 * Puts the PDVs of an association together to messages, one at a time (no asynchronous operations). Once
 * a message has come whole it looks ahead, so that an A-ABORT or a C-CANCEL is seen while it is being served.
 */
export class MessageReader {
  readonly #ul: UpperLayer;
  readonly #contexts: ReadonlyMap<number, AcceptedContext>;
  readonly #timeouts: MessageTimeouts;
  /** The message whose data set has not ended. */
  #open: Message | undefined;
  /** Of the last request, which is served until the next one is asked for. */
  #request: { messageId: number | undefined; lost: AbortController; cancel: AbortController } | undefined;
  #ahead: Promise<Said> | undefined;
  #isIdle = true;
  #dataSetBytes = 0;

  constructor(ul: UpperLayer, contexts: ReadonlyMap<number, AcceptedContext>, timeouts: MessageTimeouts) {
    this.#ul = ul;
    this.#contexts = contexts;
    this.#timeouts = timeouts;
    ul.lost.addEventListener('abort', () => this.#request?.lost.abort(ul.lost.reason), { once: true });
  }

  /** True while waiting for the first byte of a message. */
  get isIdle(): boolean {
    return this.#isIdle;
  }

  /** Bytes of data sets received so far. */
  get dataSetBytes(): number {
    return this.#dataSetBytes;
  }

  /**
   * The next message, when the former one has been drained; undefined when the peer asks for release.
   * @throws {Failure} ul/aborted, ul/bad-pdu; dimse/bad-command: the association is aborted then too
   */
  async next(): Promise<Message | undefined> {
    this.#isIdle = true;
    // The beginning of a command set, byte by byte, does not renew it.
    this.#ul.watch(this.#timeouts.idleMs, Infinity);
    const said = await this.#take();
    this.#isIdle = false;
    if ('command' in said) {
      this.#watchMessage();
      return this.#begin(said);
    }
    if (said.event.kind === 'release-rq') {
      this.#ahead = Promise.resolve(said); // Whoever asks again hears the same.
      return undefined;
    }
    throw this.#ul.violation('PDV of no accepted context');
  }

  /** Resolves when `next` or `receive` has something to tell. @throws {Failure} ul/aborted, ul/bad-pdu */
  async ahead(): Promise<void> {
    if (this.#ahead === undefined) this.#lookAhead();
    await this.#ahead;
  }

  /** What the peer says next, at the end: undefined for a message. @throws {Failure} ul/aborted, ul/bad-pdu */
  async receive(): Promise<PduEvent | undefined> {
    if (this.#ahead === undefined) return this.#ul.receive();
    const said = await this.#take();
    return 'event' in said ? said.event : undefined;
  }

  /**
   * Pass over what is left of the current data set.
   * @throws {Failure} ul/aborted when more than `bytesMax` come; the association is aborted then
   */
  async drain(bytesMax: number): Promise<void> {
    let left = bytesMax;
    while (this.#open !== undefined) {
      left -= this.#sliceOf(this.#open, await this.#ul.receive()).fragment.length;
      if (left >= 0) continue;
      this.#ul.abort();
      throw new Failure('ul/aborted', `more than ${bytesMax} bytes of a data set nobody reads`);
    }
  }

  #take(): Promise<Said> {
    const ahead = this.#ahead ?? this.#listen();
    this.#ahead = undefined;
    return ahead;
  }

  /** What the peer says next, cancellations aside: they belong to what is being served, or come too late. */
  async #listen(): Promise<Said> {
    for (;;) {
      const event = await this.#ul.receive();
      this.#isIdle = false;
      const context = event.kind === 'pdv' ? this.#contexts.get(event.contextId) : undefined;
      if (event.kind !== 'pdv' || context === undefined) return { event };
      const command = await this.#readCommand(event);
      if (command.commandField !== C_CANCEL_RQ) return { context, command };
      if (command.dataSetType !== NO_DATA_SET) throw this.#ul.violation('C-CANCEL-RQ with a data set');
      const { messageIdBeingRespondedTo: messageId } = command;
      if (messageId !== undefined && messageId === this.#request?.messageId) this.#request.cancel.abort();
    }
  }

  #begin({ context, command }: { context: AcceptedContext; command: CommandSet }): Message {
    // The response to a question that was asked while a request is served does not end that.
    if ((command.commandField & RESPONSE) === 0 || this.#request === undefined)
      this.#request = this.#requestOf(command);
    const { lost, cancel } = this.#request;
    const dataSet = { [Symbol.asyncIterator]: () => this.#slicesOf(message) };
    const message: Message = { context, command, dataSet, signal: lost.signal, cancelled: cancel.signal };
    if (command.dataSetType === NO_DATA_SET) this.#lookAhead();
    else this.#open = message;
    return message;
  }

  #requestOf({ messageId }: CommandSet): {
    messageId: number | undefined;
    lost: AbortController;
    cancel: AbortController;
  } {
    const lost = new AbortController();
    if (this.#ul.lost.aborted) lost.abort(this.#ul.lost.reason);
    return { messageId, lost, cancel: new AbortController() };
  }

  async #readCommand(first: PdvSlice): Promise<CommandSet> {
    const isWhole = first.isCommand && first.isLast && first.isFragmentEnd;
    const bytes = isWhole ? first.fragment : await this.#gatherCommand(first);
    try {
      return decodeCommand(bytes);
    } catch (thrown) {
      this.#ul.violation('command set');
      throw thrown;
    }
  }

  async #gatherCommand(first: PdvSlice): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    this.#watchMessage();
    for (let slice = first; ; slice = this.#pdvOf(first.contextId, await this.#ul.receive())) {
      if (!slice.isCommand) throw this.#ul.violation('data set where a command set is due');
      bytes += slice.fragment.length;
      if (bytes > COMMAND_BYTES_MAX) throw this.#ul.violation(`command set of more than ${COMMAND_BYTES_MAX} bytes`);
      if (slice.fragment.length > 0) parts.push(slice.fragment.slice());
      if (slice.isLast && slice.isFragmentEnd) return concat(parts);
    }
  }

  async *#slicesOf(message: Message): AsyncGenerator<Uint8Array, undefined> {
    while (this.#open === message) {
      const { fragment } = this.#sliceOf(message, await this.#ul.receive());
      if (fragment.length > 0) yield fragment;
      if (this.#open === undefined) this.#lookAhead();
    }
  }

  #sliceOf({ context }: Message, event: PduEvent): PdvSlice {
    const slice = this.#pdvOf(context.id, event);
    if (slice.isCommand) throw this.#ul.violation('command set where a data set is due');
    if (slice.isLast && slice.isFragmentEnd) this.#open = undefined;
    this.#dataSetBytes += slice.fragment.length;
    return slice;
  }

  #pdvOf(contextId: number, event: PduEvent): PdvSlice {
    if (event.kind !== 'pdv') throw this.#ul.violation(`${event.kind} inside of a message`);
    if (event.contextId !== contextId) throw this.#ul.violation('context changes inside of a message');
    return event;
  }

  #watchMessage(): void {
    this.#ul.watch(this.#timeouts.stallMs, this.#timeouts.paceBytesMin);
  }

  #lookAhead(): void {
    this.#ul.watch(undefined);
    this.#ahead = this.#listen();
    // next() reports a failure; the signal has told the service by then.
    this.#ahead.catch(() => undefined);
  }
}
