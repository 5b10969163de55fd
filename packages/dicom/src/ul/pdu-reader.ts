import { viewOf } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { CONTROL_PDU_BYTES_MAX, type ControlPdu, decodePdu, isControlPdu, P_DATA_TF, PDU_HEADER_BYTES } from './pdu.ts';

/** Length of a PDV item, presentation context id and message control header (PS3.8 9.3.5.1, E.2). */
export const PDV_HEADER_BYTES = 6;
/** What the length of a PDV item counts besides the fragment. */
const PDV_COUNTED_BYTES = 2;
const FIRST_BUFFER_BYTES = 4096;

/** A run of bytes of one PDV, as it came off the wire. */
export type PdvSlice = {
  kind: 'pdv';
  contextId: number;
  /** Message control header, bit 0: the fragment is of a command set, else of a data set. */
  isCommand: boolean;
  /** Message control header, bit 1: the fragment is the last of its command set or data set. */
  isLast: boolean;
  /** A view of the chunk pushed, valid until the next push; may be empty. */
  fragment: Uint8Array;
  /** The PDV ends with this slice. */
  isFragmentEnd: boolean;
};

/** A PDU of a type that the standard does not know; its body is passed over. */
export type UnrecognizedPdu = { kind: 'unrecognized'; type: number };

export type PduEvent = ControlPdu | PdvSlice | UnrecognizedPdu;

type Expecting = 'header' | 'control' | 'pdv-header' | 'fragment' | 'skip';

/**
 * Cuts a byte stream into PDUs (PS3.8 9.3), pushed chunk by chunk: after `push`, call `next` until it
 * returns undefined. Control PDUs come whole; P-DATA-TF comes as slices of its PDVs as they arrive, never
 * buffered. After a Failure the reader is of no further use.
 *
 * @example
 * reader.push(chunk);
 * for (let event = reader.next(); event !== undefined; event = reader.next()) handle(event);
 */
export class PduReader {
  readonly #pdataBytesMax: number;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  #expecting: Expecting = 'header';
  /** A header cut by the end of a chunk; PDU and PDV headers have the same size. */
  readonly #header = new Uint8Array(PDU_HEADER_BYTES);
  #headerBytes = 0;
  #type = 0;
  /** Bytes of the PDU that are still to come. */
  #pduLeft = 0;
  #body: Uint8Array = new Uint8Array(0);
  #bodyBytes = 0;
  #fragmentLeft = 0;
  #contextId = 0;
  #control = 0;

  /** @param pdataBytesMax Maximum Length that we offered, in bytes; 0: no limit. */
  constructor(pdataBytesMax: number) {
    this.#pdataBytesMax = pdataBytesMax === 0 ? Infinity : pdataBytesMax;
  }

  /** True between two PDUs: a stream that ends here was not cut. */
  get isBetweenPdus(): boolean {
    return this.#expecting === 'header' && this.#headerBytes === 0;
  }

  /** Hand over the next chunk; the former one must have been read to its end. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /**
   * The next event in the chunk, or undefined when another chunk is needed.
   * @throws {Failure} ul/bad-pdu, before anything is buffered, when a length exceeds its limit
   */
  next(): PduEvent | undefined {
    for (;;) {
      switch (this.#expecting) {
        case 'header': {
          const header = this.#takeHeader();
          if (header === undefined) return undefined;
          const unrecognized = this.#beginPdu(header);
          if (unrecognized !== undefined) return unrecognized;
          break;
        }
        case 'control': {
          const body = this.#takeBody();
          if (body === undefined) return undefined;
          this.#expecting = 'header';
          return decodePdu(this.#type, body);
        }
        case 'pdv-header': {
          const header = this.#takeHeader();
          if (header === undefined) return undefined;
          this.#beginPdv(header);
          break;
        }
        case 'fragment':
          // An empty fragment is an event too, and needs no further byte.
          return this.#available === 0 && this.#fragmentLeft > 0 ? undefined : this.#takeSlice();
        case 'skip':
          this.#pduLeft -= this.#takeUpTo(this.#pduLeft).length;
          if (this.#pduLeft > 0) return undefined;
          this.#expecting = 'header';
      }
    }
  }

  get #available(): number {
    return this.#chunk.length - this.#at;
  }

  #takeUpTo(bytes: number): Uint8Array {
    const taken = this.#chunk.subarray(this.#at, this.#at + bytes);
    this.#at += taken.length;
    return taken;
  }

  #takeHeader(): DataView | undefined {
    const taken = this.#takeUpTo(PDU_HEADER_BYTES - this.#headerBytes);
    this.#header.set(taken, this.#headerBytes);
    this.#headerBytes += taken.length;
    if (this.#headerBytes < PDU_HEADER_BYTES) return undefined;
    this.#headerBytes = 0;
    return viewOf(this.#header);
  }

  #beginPdu(header: DataView): UnrecognizedPdu | undefined {
    this.#type = header.getUint8(0);
    this.#pduLeft = header.getUint32(2);
    if (this.#type === P_DATA_TF) {
      this.#checkLength(this.#pdataBytesMax);
      if (this.#pduLeft < PDV_HEADER_BYTES) throw new Failure('ul/bad-pdu', `P-DATA-TF of ${this.#pduLeft} bytes`);
      this.#expecting = 'pdv-header';
      return undefined;
    }
    if (!isControlPdu(this.#type)) {
      this.#expecting = 'skip';
      return { kind: 'unrecognized', type: this.#type };
    }
    this.#checkLength(CONTROL_PDU_BYTES_MAX);
    this.#expecting = 'control';
    this.#bodyBytes = 0;
    return undefined;
  }

  #checkLength(bytesMax: number): void {
    if (this.#pduLeft <= bytesMax) return;
    throw new Failure('ul/bad-pdu', `PDU type ${this.#type}: ${this.#pduLeft} > ${bytesMax} bytes`);
  }

  /** The body as a view of the chunk when it lies there whole; else gathered, growing with what has come. */
  #takeBody(): Uint8Array | undefined {
    if (this.#bodyBytes === 0 && this.#available >= this.#pduLeft) return this.#takeUpTo(this.#pduLeft);
    const taken = this.#takeUpTo(this.#pduLeft - this.#bodyBytes);
    this.#reserve(this.#bodyBytes + taken.length);
    this.#body.set(taken, this.#bodyBytes);
    this.#bodyBytes += taken.length;
    return this.#bodyBytes < this.#pduLeft ? undefined : this.#body.subarray(0, this.#pduLeft);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#body.length) return;
    const grown = new Uint8Array(Math.max(bytes, 2 * this.#body.length, FIRST_BUFFER_BYTES));
    grown.set(this.#body.subarray(0, this.#bodyBytes));
    this.#body = grown;
  }

  #beginPdv(header: DataView): void {
    const counted = header.getUint32(0);
    this.#pduLeft -= PDV_HEADER_BYTES;
    this.#fragmentLeft = counted - PDV_COUNTED_BYTES;
    this.#contextId = header.getUint8(4);
    this.#control = header.getUint8(5);
    const after = this.#pduLeft - this.#fragmentLeft;
    if (this.#fragmentLeft < 0 || after < 0 || (after > 0 && after < PDV_HEADER_BYTES)) {
      throw new Failure('ul/bad-pdu', `PDV of ${counted} bytes, ${this.#pduLeft} left in its PDU`);
    }
    this.#expecting = 'fragment';
  }

  #takeSlice(): PdvSlice {
    const fragment = this.#takeUpTo(this.#fragmentLeft);
    this.#fragmentLeft -= fragment.length;
    this.#pduLeft -= fragment.length;
    const isFragmentEnd = this.#fragmentLeft === 0;
    if (isFragmentEnd) this.#expecting = this.#pduLeft === 0 ? 'header' : 'pdv-header';
    return {
      kind: 'pdv',
      contextId: this.#contextId,
      isCommand: (this.#control & 1) !== 0,
      isLast: (this.#control & 2) !== 0,
      fragment,
      isFragmentEnd,
    };
  }
}
