import { latin1Bytes, latin1Text, viewOf } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';

/** A cursor over the fixed fields of a PDU or item, most significant byte first (PS3.8 9.3.1). */
export class Fields {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  skip(bytes: number): void {
    this.#advance(bytes);
  }

  /** A view of the next bytes. */
  take(bytes: number): Uint8Array {
    const at = this.#advance(bytes);
    return this.#bytes.subarray(at, at + bytes);
  }

  rest(): Uint8Array {
    return this.take(this.left);
  }

  #advance(bytes: number): number {
    const at = this.#at;
    if (bytes > this.left) throw new Failure('ul/bad-pdu', `field of ${bytes} bytes, ${this.left} left`);
    this.#at += bytes;
    return at;
  }
}

/** One item of a variable field: its type, its second byte (reserved, or the version of 57H) and its value. */
export type Item = { type: number; version: number; value: Uint8Array };

/** The items of a variable field, in order (PS3.8 9.3.2). @throws {Failure} ul/bad-pdu */
export function* readItems(bytes: Uint8Array): Generator<Item> {
  const fields = new Fields(bytes);
  while (fields.left > 0) {
    const type = fields.u8();
    const version = fields.u8();
    yield { type, version, value: fields.take(fields.u16()) };
  }
}

const SPACE = 0x20;

/**
 * A UID, AE title or other text without its padding: spaces at either end, NUL at the end. PS3.8 annex F has
 * UIDs unpadded, but some peers pad them. No regular expression: one would be quadratic on hostile bytes.
 */
export function textOf(bytes: Uint8Array): string {
  let start = 0;
  let end = bytes.length;
  while (end > start && (bytes[end - 1] === SPACE || bytes[end - 1] === 0)) end -= 1;
  while (start < end && bytes[start] === SPACE) start += 1;
  return latin1Text(bytes.subarray(start, end));
}

export const u16 = (value: number): Uint8Array => new Uint8Array([value >>> 8, value]);

export const u32 = (value: number): Uint8Array => new Uint8Array([value >>> 24, value >>> 16, value >>> 8, value]);

/** A 16-bit length and the bytes it counts. */
export function counted(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(2 + bytes.length);
  out[0] = bytes.length >>> 8;
  out[1] = bytes.length;
  out.set(bytes, 2);
  return out;
}

export const countedText = (text: string): Uint8Array => counted(latin1Bytes(text));

const ITEM_BYTES_MAX = 0xffff;

/** @throws {RangeError} when the parts do not fit the 16-bit length of an item. */
export function item(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  if (bytes > ITEM_BYTES_MAX) throw new RangeError(`item ${type.toString(16)}H: ${bytes} bytes`);
  const out = new Uint8Array(4 + bytes);
  out.set([type, 0, bytes >>> 8, bytes]);
  let at = 4;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
