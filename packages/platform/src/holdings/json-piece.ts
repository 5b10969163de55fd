import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';

/** A stretch of a JSON text. */
export type JsonPiece = {
  text: Uint8Array;
  /** For gzip. Made when somebody first asks, and kept. */
  packed(): Promise<PackedPiece>;
};

/**
 * A piece deflated so that it can stand anywhere in a gzip stream: no reference goes back before it, it ends at a
 * byte, and it is not the last block (RFC 1951 3.2.3); and the CRC-32 of its text.
 */
type PackedPiece = { deflated: Uint8Array; crc: number };

const deflate = promisify(deflateRaw);

/** DICOM JSON repeats its tags: level 2 takes a third of the time of 6 for a tenth more bytes. */
const DEFLATE = { level: 2, finishFlush: constants.Z_FULL_FLUSH };

/** Deflated off the main thread. */
export function jsonPiece(text: Uint8Array): JsonPiece {
  let packed: Promise<PackedPiece> | undefined;
  const pack = async (): Promise<PackedPiece> => ({ deflated: await deflate(text, DEFLATE), crc: crc32(text) });
  return { text, packed: () => (packed ??= pack()) };
}

/** A few characters as a piece: a stored block, which is not compressed (RFC 1951 3.2.4). */
function literal(text: string): JsonPiece {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(5);
  header.writeUInt16LE(bytes.length, 1);
  header.writeUInt16LE(bytes.length ^ 0xffff, 3);
  const packed = Promise.resolve({ deflated: Buffer.concat([header, bytes]), crc: crc32(bytes) });
  return { text: bytes, packed: () => packed };
}

const OPEN = literal('[');
const COMMA = literal(',');
const CLOSE = literal(']');

/** A JSON array of the pieces' elements. Pieces without a text are left out. */
export async function* jsonArray(pieces: AsyncIterable<JsonPiece>): AsyncGenerator<JsonPiece> {
  yield OPEN;
  let isFirst = true;
  for await (const piece of pieces) {
    if (piece.text.length === 0) continue;
    if (!isFirst) yield COMMA;
    isFirst = false;
    yield piece;
  }
  yield CLOSE;
}

export async function* plainText(pieces: AsyncIterable<JsonPiece>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield piece.text;
}

/** Deflate, no flags, no time, unknown system (RFC 1952 2.3). */
const GZIP_HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
/** A last block without content in fixed codes (RFC 1951 3.2.6). */
const LAST_BLOCK = Uint8Array.of(0x03, 0x00);

/** One gzip member (RFC 1952) of all pieces: browsers ignore what follows the first member. */
export async function* gzipText(pieces: AsyncIterable<JsonPiece>): AsyncGenerator<Uint8Array> {
  let sum = 0;
  let length = 0;
  yield GZIP_HEADER;
  for await (const { text, packed } of pieces) {
    const { deflated, crc } = await packed();
    sum = joinedCrc(sum, crc, text.length);
    length += text.length;
    yield deflated;
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(sum, 0);
  trailer.writeUInt32LE(length % 2 ** 32, 4);
  yield Buffer.concat([LAST_BLOCK, trailer]);
}

/** The polynomial of CRC-32 and the number 1, bits in reverse order (RFC 1952 8). */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;

/** CRC-32 of two texts, one after the other, from theirs: the first one's times x to the power of the second's bits. */
function joinedCrc(first: number, second: number, secondBytes: number): number {
  let power = ONE >>> 8;
  let shift = ONE;
  for (let rest = secondBytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) shift = product(power, shift);
    power = product(power, power);
  }
  return (product(shift, first) ^ second) >>> 0;
}

/** Of two polynomials over GF(2), modulo that of CRC-32. */
function product(a: number, b: number): number {
  let sum = 0;
  let shifted = b;
  for (let bit = ONE; bit > 0; bit >>>= 1) {
    if ((a & bit) !== 0) sum ^= shifted;
    shifted = (shifted & 1) === 1 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
  }
  return sum >>> 0;
}
