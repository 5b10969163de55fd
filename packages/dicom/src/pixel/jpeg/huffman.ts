import { Failure } from '@acervo/kernel/failure.ts';

/** Bits that the first look-up takes: nearly every code is this short. */
const LOOK_BITS = 9;
const CODE_BITS_MAX = 16;

/** A Huffman table (T.81 C, F.2.2.3): by its first bits where the code is short, else bit by bit. */
export type HuffmanTable = {
  /** Index: the next LOOK_BITS bits. Value: length << 8 | symbol; 0 where the code is longer. */
  look: Uint16Array;
  /** Index: code length. Largest code of that length, -1 for none. */
  maxCode: Int32Array;
  /** Index: code length. What to add to a code to find its symbol. */
  offset: Int32Array;
  symbols: Uint8Array;
};

/**
 * @param counts codes of each length from 1 to 16
 * @throws {Failure} pixel/malformed for more codes than the lengths have room for
 */
export function huffmanTable(counts: Uint8Array, symbols: Uint8Array): HuffmanTable {
  const look = new Uint16Array(1 << LOOK_BITS);
  const maxCode = new Int32Array(CODE_BITS_MAX + 2).fill(-1);
  const offset = new Int32Array(CODE_BITS_MAX + 2);
  let code = 0;
  let at = 0;
  for (let length = 1; length <= CODE_BITS_MAX; length++) {
    const count = counts[length - 1] ?? 0;
    offset[length] = at - code;
    for (let index = 0; index < count; index++, code++, at++) {
      if (code >= 1 << length) throw new Failure('pixel/malformed', 'Huffman table with too many codes');
      if (length > LOOK_BITS) continue;
      const first = code << (LOOK_BITS - length);
      look.fill((length << 8) | (symbols[at] ?? 0), first, first + (1 << (LOOK_BITS - length)));
    }
    if (count > 0) maxCode[length] = code - 1;
    code <<= 1;
  }
  return { look, maxCode, offset, symbols };
}

/** The bits of entropy-coded segments (T.81 F.2.2.5): stuffed zeros left out, never beyond a marker. */
export class EntropyBits {
  readonly #bytes: Uint8Array;
  #at: number;
  #held = 0;
  #count = 0;
  /** Bits that were made up behind the end: a decoder looks ahead, but must not consume them. */
  #invented = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Where the marker is that ended the bits, or where one is to be looked for. */
  get position(): number {
    return this.#at;
  }

  #fill(): void {
    while (this.#count <= 16) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || (byte === 0xff && this.#bytes[this.#at + 1] !== 0)) {
        this.#held <<= 8;
        this.#invented += 8;
      } else {
        this.#held = (this.#held << 8) | byte;
        this.#at += byte === 0xff ? 2 : 1;
      }
      this.#count += 8;
    }
  }

  #consume(count: number): void {
    this.#count -= count;
    if (this.#invented > this.#count) throw new Failure('pixel/malformed', 'JPEG stream ends within its image');
  }

  bit(): number {
    return this.bits(1);
  }

  /** The next `count` bits, at most 16, as a number. */
  bits(count: number): number {
    if (count === 0) return 0;
    if (this.#count < count) this.#fill();
    const value = (this.#held >>> (this.#count - count)) & ((1 << count) - 1);
    this.#consume(count);
    return value;
  }

  /** `count` bits as a difference (T.81 F.2.2.1, EXTEND). */
  signed(count: number): number {
    const value = this.bits(count);
    return value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
  }

  symbol(table: HuffmanTable): number {
    if (this.#count < CODE_BITS_MAX) this.#fill();
    const found = table.look[(this.#held >>> (this.#count - LOOK_BITS)) & ((1 << LOOK_BITS) - 1)] as number;
    if (found !== 0) {
      this.#consume(found >> 8);
      return found & 0xff;
    }
    return this.#longSymbol(table);
  }

  #longSymbol(table: HuffmanTable): number {
    for (let length = LOOK_BITS + 1; length <= CODE_BITS_MAX; length++) {
      const code = (this.#held >>> (this.#count - length)) & ((1 << length) - 1);
      if (code > (table.maxCode[length] as number)) continue;
      this.#consume(length);
      return table.symbols[code + (table.offset[length] as number)] ?? 0;
    }
    throw new Failure('pixel/malformed', 'no such Huffman code');
  }

  /** Passes over a restart marker (T.81 F.2.1.3.1), which stands where the bits ended. */
  restart(): void {
    this.#held = 0;
    this.#count = 0;
    this.#invented = 0;
    const bytes = this.#bytes;
    // What was not read before the marker is padding of ones.
    while (this.#at + 1 < bytes.length) {
      const next = bytes[this.#at + 1] as number;
      if (bytes[this.#at] === 0xff && next >= 0xd0 && next <= 0xd7) {
        this.#at += 2;
        return;
      }
      if (bytes[this.#at] === 0xff && next !== 0 && next !== 0xff) break;
      this.#at += 1;
    }
    throw new Failure('pixel/malformed', 'restart marker missing');
  }
}
