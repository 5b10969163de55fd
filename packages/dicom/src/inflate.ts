import { Failure } from '@acervo/kernel/failure.ts';

/** How far back a copy may reach (RFC 1951 2). */
const WINDOW_BYTES = 32 << 10;
const OUTPUT_BYTES = 64 << 10;
/** The longest copy: no symbol makes more output than this. */
const COPY_BYTES_MAX = 258;
/** The most input one symbol with its distance takes: 15 + 5 + 15 + 13 bits, and what the bit buffer holds. */
const SYMBOL_BYTES_MAX = 12;
/** The most input the code lengths of a block take: 17 + 19 * 3 + 320 * (7 + 7) bits, likewise. */
const TABLES_BYTES_MAX = 600;

const FAST_BITS = 9;
const CODE_BITS_MAX = 15;
const END_OF_BLOCK = 256;

// RFC 1951 3.2.5
const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
];
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
// RFC 1951 3.2.7
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A canonical Huffman code (RFC 1951 3.2.2). */
type Code = {
  /** By the next FAST_BITS bits: symbol << 4 | length; 0 where the code is longer. */
  fast: Uint16Array;
  /** Number of codes of each length, and the symbols in the order of their codes. */
  counts: Uint16Array;
  symbols: Uint16Array;
};

function codeOf(lengths: Uint8Array): Code {
  const counts = new Uint16Array(CODE_BITS_MAX + 1);
  for (const length of lengths) counts[length] = (counts[length] as number) + 1;
  counts[0] = 0;
  const firsts = new Uint16Array(CODE_BITS_MAX + 2);
  const places = new Uint16Array(CODE_BITS_MAX + 2);
  for (let length = 1; length <= CODE_BITS_MAX; length++) {
    const count = counts[length] as number;
    const end = (firsts[length] as number) + count;
    if (end > 1 << length) throw new Failure('parse/malformed', 'deflate: more codes than their lengths allow');
    firsts[length + 1] = end << 1;
    places[length + 1] = (places[length] as number) + count;
  }
  const symbols = new Uint16Array(places[CODE_BITS_MAX + 1] as number);
  const fast = new Uint16Array(1 << FAST_BITS);
  for (const [symbol, length] of lengths.entries()) {
    if (length === 0) continue;
    const code = firsts[length] as number;
    firsts[length] = code + 1;
    const place = places[length] as number;
    places[length] = place + 1;
    symbols[place] = symbol;
    if (length > FAST_BITS) continue;
    const entry = (symbol << 4) | length;
    for (let bits = reversed(code, length); bits < fast.length; bits += 1 << length) fast[bits] = entry;
  }
  return { fast, counts, symbols };
}

function reversed(code: number, length: number): number {
  let out = 0;
  for (let bit = 0; bit < length; bit++) out |= ((code >>> bit) & 1) << (length - 1 - bit);
  return out;
}

/** The fixed codes of RFC 1951 3.2.6. */
const FIXED_LITERALS = codeOf(
  Uint8Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
);
const FIXED_DISTANCES = codeOf(new Uint8Array(30).fill(5));

/**
 * An inflater (RFC 1951) without I/O: `push` bytes, then `run` and `take` until `run` says `input` or `end`.
 * It exists beside the platform's DecompressionStream because that one discards finished output when
 * bytes follow the end of the stream, and the padding byte of a deflated data set (PS3.5 A.5) is one, or
 * when the stream is cut.
 */
export class Inflater {
  #state: 'block' | 'stored' | 'codes' | 'end' = 'block';
  #isLastBlock = false;
  #isEnded = false;
  #input = new Uint8Array(0);
  #at = 0;
  /** Bits taken from the input and not used yet, least significant first. */
  #bits = 0;
  #bitCount = 0;
  #storedLeft = 0;
  #literals: Code = FIXED_LITERALS;
  #distances: Code = FIXED_DISTANCES;
  readonly #out = new Uint8Array(WINDOW_BYTES + OUTPUT_BYTES + COPY_BYTES_MAX);
  /** Output from `#taken` to `#made` waits to be taken; before it lies the window. */
  #made = 0;
  #taken = 0;

  push(bytes: Uint8Array): void {
    const left = this.#input.subarray(this.#at);
    const joined = new Uint8Array(left.length + bytes.length);
    joined.set(left);
    joined.set(bytes, left.length);
    this.#input = joined;
    this.#at = 0;
  }

  /** No more input: what is there is inflated to the last whole symbol. */
  end(): void {
    this.#isEnded = true;
  }

  /** The output made by the last `run`; a copy. */
  take(): Uint8Array {
    const bytes = this.#out.slice(this.#taken, this.#made);
    const keep = Math.min(this.#made, WINDOW_BYTES);
    this.#out.copyWithin(0, this.#made - keep, this.#made);
    this.#made = keep;
    this.#taken = keep;
    return bytes;
  }

  /**
   * Inflate until the output buffer is full (`output`), the input used up (`input`) or the stream over
   * (`end`; bytes behind it are ignored).
   * @throws {Failure} parse/malformed; parse/truncated, after `end()`, when the stream goes on.
   */
  run(): 'output' | 'input' | 'end' {
    for (;;) {
      switch (this.#state) {
        case 'end':
          return 'end';
        case 'block':
          if (this.#lacks(TABLES_BYTES_MAX)) return 'input';
          this.#beginBlock();
          break;
        case 'stored':
          if (this.#made >= WINDOW_BYTES + OUTPUT_BYTES) return 'output';
          if (this.#copyStored()) return 'input';
          break;
        case 'codes':
          if (this.#made >= WINDOW_BYTES + OUTPUT_BYTES) return 'output';
          if (this.#lacks(SYMBOL_BYTES_MAX)) return 'input';
          this.#decode();
          break;
      }
    }
  }

  #lacks(bytes: number): boolean {
    return this.#input.length - this.#at < bytes && !this.#isEnded;
  }

  /** At most 16 bits. */
  #read(count: number): number {
    while (this.#bitCount < count) this.#fill();
    const value = this.#bits & ((1 << count) - 1);
    this.#bits >>>= count;
    this.#bitCount -= count;
    return value;
  }

  #fill(): void {
    const byte = this.#input[this.#at];
    if (byte === undefined) throw new Failure('parse/truncated', 'deflate: the stream has no end');
    this.#at += 1;
    this.#bits |= byte << this.#bitCount;
    this.#bitCount += 8;
  }

  #beginBlock(): void {
    this.#isLastBlock = this.#read(1) === 1;
    switch (this.#read(2)) {
      case 0:
        return this.#beginStored();
      case 1:
        this.#literals = FIXED_LITERALS;
        this.#distances = FIXED_DISTANCES;
        break;
      case 2:
        this.#readCodes();
        break;
      default:
        throw new Failure('parse/malformed', 'deflate: reserved block type');
    }
    this.#state = 'codes';
  }

  #endBlock(): void {
    this.#state = this.#isLastBlock ? 'end' : 'block';
  }

  #beginStored(): void {
    this.#read(this.#bitCount & 7);
    const length = this.#read(16);
    if (length !== (this.#read(16) ^ 0xffff)) throw new Failure('parse/malformed', 'deflate: stored length');
    this.#storedLeft = length;
    this.#state = 'stored';
  }

  /** @returns true when there is no more input. */
  #copyStored(): boolean {
    // Whole bytes may wait in the bit buffer.
    while (this.#bitCount > 0 && this.#storedLeft > 0) {
      this.#out[this.#made++] = this.#read(8);
      this.#storedLeft -= 1;
    }
    const room = WINDOW_BYTES + OUTPUT_BYTES - this.#made;
    const length = Math.max(0, Math.min(this.#storedLeft, room, this.#input.length - this.#at));
    this.#out.set(this.#input.subarray(this.#at, this.#at + length), this.#made);
    this.#made += length;
    this.#at += length;
    this.#storedLeft -= length;
    if (this.#storedLeft === 0) this.#endBlock();
    if (this.#storedLeft === 0 || this.#at < this.#input.length) return false;
    if (this.#isEnded) throw new Failure('parse/truncated', 'deflate: the stream has no end');
    return true;
  }

  /** RFC 1951 3.2.7. */
  #readCodes(): void {
    const literalCount = this.#read(5) + 257;
    const distanceCount = this.#read(5) + 1;
    const lengthCount = this.#read(4) + 4;
    const codeLengths = new Uint8Array(19);
    for (const symbol of CODE_LENGTH_ORDER.slice(0, lengthCount)) codeLengths[symbol] = this.#read(3);
    const code = codeOf(codeLengths);
    const lengths = new Uint8Array(literalCount + distanceCount);
    for (let at = 0; at < lengths.length; ) {
      const symbol = this.#symbol(code);
      const [times, value] = this.#repeat(symbol, at === 0 ? undefined : lengths[at - 1]);
      if (at + times > lengths.length) throw new Failure('parse/malformed', 'deflate: too many code lengths');
      lengths.fill(value, at, at + times);
      at += times;
    }
    this.#literals = codeOf(lengths.subarray(0, literalCount));
    this.#distances = codeOf(lengths.subarray(literalCount));
  }

  #repeat(symbol: number, last: number | undefined): [number, number] {
    if (symbol < 16) return [1, symbol];
    if (symbol === 17) return [3 + this.#read(3), 0];
    if (symbol === 18) return [11 + this.#read(7), 0];
    if (last === undefined) throw new Failure('parse/malformed', 'deflate: repeats nothing');
    return [3 + this.#read(2), last];
  }

  #symbol(code: Code): number {
    // Near the end of the stream fewer bits than FAST_BITS may be left, and enough for a short code.
    while (this.#bitCount < FAST_BITS && this.#at < this.#input.length) this.#fill();
    const entry = code.fast[this.#bits & ((1 << FAST_BITS) - 1)] as number;
    const length = entry & 15;
    if (length === 0 || length > this.#bitCount) return this.#longSymbol(code);
    this.#bits >>>= length;
    this.#bitCount -= length;
    return entry >>> 4;
  }

  #longSymbol(code: Code): number {
    let value = 0;
    let first = 0;
    let place = 0;
    for (let length = 1; length <= CODE_BITS_MAX; length++) {
      value |= this.#read(1);
      const count = code.counts[length] as number;
      if (value - first < count) return code.symbols[place + value - first] as number;
      place += count;
      first = (first + count) << 1;
      value <<= 1;
    }
    throw new Failure('parse/malformed', 'deflate: code not assigned');
  }

  /** Decode symbols while there is room for the longest copy and input for the longest symbol. */
  #decode(): void {
    const outEnd = WINDOW_BYTES + OUTPUT_BYTES;
    while (this.#made < outEnd && !this.#lacks(SYMBOL_BYTES_MAX)) {
      const symbol = this.#symbol(this.#literals);
      if (symbol < END_OF_BLOCK) {
        this.#out[this.#made++] = symbol;
      } else if (symbol === END_OF_BLOCK) {
        this.#endBlock();
        return;
      } else {
        this.#copy(symbol - END_OF_BLOCK - 1);
      }
    }
  }

  #copy(lengthCode: number): void {
    const length = (LENGTH_BASE[lengthCode] ?? Number.NaN) + this.#read(LENGTH_EXTRA[lengthCode] ?? 0);
    const distanceCode = this.#symbol(this.#distances);
    const distance = (DISTANCE_BASE[distanceCode] ?? Number.NaN) + this.#read(DISTANCE_EXTRA[distanceCode] ?? 0);
    if (!(length > 0 && distance <= this.#made)) throw new Failure('parse/malformed', 'deflate: copy out of range');
    const out = this.#out;
    let to = this.#made;
    for (const end = to + length; to < end; to++) out[to] = out[to - distance] as number;
    this.#made = to;
  }
}
