import type { Socket } from 'node:net';
import { next, type State, type Step, type UlEvent } from '@acervo/dicom/ul/fsm.ts';
import { ABORT_REASON, encodePdu, PROTOCOL_VERSION, REJECT } from '@acervo/dicom/ul/pdu.ts';
import { type PduEvent, PduReader } from '@acervo/dicom/ul/pdu-reader.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { PulledSocket } from './dimse-socket.ts';

/** The events of PS3.8 9.2 that the PDUs of a peer are. */
const EVENT_OF: Record<PduEvent['kind'], UlEvent> = {
  'associate-ac': 'Evt3',
  'associate-rj': 'Evt4',
  'associate-rq': 'Evt6',
  pdv: 'Evt10',
  'release-rq': 'Evt12',
  'release-rp': 'Evt13',
  abort: 'Evt16',
  unrecognized: 'Evt19',
};

export type UpperLayerOptions = {
  isRequestor: boolean;
  /** Maximum Length that we offer, in bytes. */
  pduBytesMax: number;
  /** How long the peer may take to ask for an association, and to close the connection at the end. */
  artimMs: number;
};

type StepInput = { pdu?: Uint8Array; isAcceptable?: boolean };

/**
 * The upper layer service (PS3.8 7) of one connection: drives the protocol machine of ul/fsm.ts with the
 * PDUs of the peer and the primitives of its user, and does what it says.
 */
export class UpperLayer {
  readonly #bytes: PulledSocket;
  readonly #reader: PduReader;
  readonly #isRequestor: boolean;
  readonly #artimMs: number;
  readonly #lost = new AbortController();
  #state: State = 'Sta1';
  #artim: NodeJS.Timeout | undefined;
  /** After a malformed PDU nothing that follows can be read. */
  #isUnreadable = false;
  #abortReason: number = ABORT_REASON.unexpectedPdu;

  constructor(socket: Socket, { isRequestor, pduBytesMax, artimMs }: UpperLayerOptions) {
    this.#bytes = new PulledSocket(socket, () => this.#lose('connection closed'));
    this.#reader = new PduReader(pduBytesMax);
    this.#isRequestor = isRequestor;
    this.#artimMs = artimMs;
    this.#step(isRequestor ? 'Evt1' : 'Evt5');
  }

  /** Aborts when the association is over, however it ended; its reason is a Failure. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** No wait for the peer, or for `bytesMin` of it, may last longer than this, in milliseconds; undefined: no limit. */
  watch(limitMs: number | undefined, bytesMin?: number): void {
    this.#bytes.watch(limitMs, bytesMin);
  }

  /**
   * What the peer says next: a PDU that the state of the association expects.
   * @throws {Failure} ul/aborted when the association is lost, ul/bad-pdu when the peer broke the protocol
   */
  async receive(): Promise<PduEvent> {
    for (;;) {
      const event = this.#isUnreadable ? undefined : this.#readPdu();
      if (event === undefined) {
        await this.#fill();
        continue;
      }
      const isAcceptable = event.kind !== 'associate-rq' || (event.protocolVersion & PROTOCOL_VERSION) !== 0;
      this.#abortReason = event.kind === 'unrecognized' ? ABORT_REASON.unrecognizedPdu : ABORT_REASON.unexpectedPdu;
      const step = this.#step(EVENT_OF[event.kind], { isAcceptable });
      if (step?.effects.includes('indicate') === true) return event;
      if (step?.action !== 'AA-6') throw failureOf(event, step);
    }
  }

  /**
   * A primitive of the local user (Evt2, 7, 8, 11, 14) with its PDU.
   * @throws {Failure} ul/aborted when the association has ended meanwhile
   */
  request(event: UlEvent, pdu: Uint8Array): void {
    if (this.#step(event, { pdu }) === undefined) throw new Failure('ul/aborted', `${event} in ${this.#state}`);
  }

  /**
   * P-DATA request: P-DATA-TF PDUs, written as one; resolves when the pieces may be reused.
   * @throws {Failure} ul/aborted
   */
  async send(pieces: readonly Uint8Array[]): Promise<void> {
    if (next(this.#state, 'Evt9') === undefined) throw new Failure('ul/aborted', `P-DATA in ${this.#state}`);
    try {
      await this.#bytes.write(pieces);
    } catch (thrown) {
      this.abort();
      throw thrown;
    }
  }

  /** A-ABORT request: we end the association. */
  abort(): void {
    this.#step('Evt15');
  }

  /** The peer's message breaks the protocol above PDUs: A-ABORT as for an invalid PDU (Evt19). */
  violation(detail: string): Failure {
    this.#abortReason = ABORT_REASON.invalidPduParameterValue;
    this.#step('Evt19');
    return new Failure('ul/bad-pdu', detail);
  }

  /** Wait until the peer has closed the connection, or ARTIM has; what it still says is passed over. */
  async ended(): Promise<void> {
    this.watch(undefined);
    // How the association failed has been told before; here only its end counts.
    while (this.#state !== 'Sta1') await this.receive().catch(() => undefined);
    this.destroy();
  }

  /** Close the connection at once. */
  destroy(): void {
    clearTimeout(this.#artim);
    this.#bytes.destroy();
  }

  /** Hand the next chunk to the reader. */
  async #fill(): Promise<void> {
    const chunk = await this.#bytes.pull().catch((thrown: unknown) => {
      this.abort();
      throw thrown;
    });
    if (chunk === undefined) {
      this.#step('Evt17');
      const where = this.#reader.isBetweenPdus ? 'between two PDUs' : 'inside of a PDU';
      throw new Failure('ul/aborted', `connection closed ${where}`);
    }
    if (!this.#isUnreadable) this.#reader.push(chunk);
  }

  #readPdu(): PduEvent | undefined {
    try {
      return this.#reader.next();
    } catch (thrown) {
      this.#isUnreadable = true;
      this.#abortReason = ABORT_REASON.invalidPduParameterValue;
      this.#step('Evt19');
      throw thrown;
    }
  }

  #step(event: UlEvent, { pdu, isAcceptable = true }: StepInput = {}): Step | undefined {
    const step = next(this.#state, event, { isRequestor: this.#isRequestor, isAcceptable });
    if (step === undefined) return undefined;
    this.#state = step.state;
    for (const effect of step.effects) this.#perform(effect, pdu);
    if (step.state === 'Sta1' || step.state === 'Sta13') this.#lose(`${event}, ${step.action}`);
    return step;
  }

  #perform(effect: Step['effects'][number], pdu: Uint8Array | undefined): void {
    switch (effect) {
      case 'send':
        if (pdu !== undefined) this.#bytes.post(pdu);
        break;
      case 'send-rj':
        this.#bytes.post(encodePdu({ kind: 'associate-rj', ...REJECT.protocolVersionNotSupported }));
        break;
      case 'send-abort-user':
        this.#bytes.post(encodePdu({ kind: 'abort', source: 0, reason: 0 }));
        break;
      case 'send-abort-provider':
        this.#bytes.post(encodePdu({ kind: 'abort', source: 2, reason: this.#abortReason }));
        break;
      case 'start-artim':
        clearTimeout(this.#artim);
        this.#artim = setTimeout(() => this.#step('Evt18'), this.#artimMs);
        break;
      case 'stop-artim':
        clearTimeout(this.#artim);
        break;
      case 'close':
        this.destroy();
        break;
      // The transport is connected before the machine starts, and receive() indicates.
      case 'connect':
      case 'indicate':
      case 'indicate-abort':
    }
  }

  #lose(because: string): void {
    this.#lost.abort(new Failure('ul/aborted', because));
  }
}

function failureOf(event: PduEvent, step: Step | undefined): Failure {
  if (event.kind === 'abort') return new Failure('ul/aborted', `by the peer, ${event.source}/${event.reason}`);
  if (step?.action === 'AE-6') return new Failure('ul/rejected', 'protocol version not supported');
  return new Failure('ul/bad-pdu', `unexpected ${event.kind} PDU`);
}
