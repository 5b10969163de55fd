import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { PARSE_LIMITS } from './data-set/limits.ts';
import { Inflater } from './inflate.ts';

export type InflateLimits = { deflateRatioMax: number; inflatedBytesFree: number };

/** What tells a zlib stream (RFC 1950) from a raw one (RFC 1951): its header and, of the latter, LEN and NLEN. */
const SNIFF_BYTES = 5;
const ZLIB_HEADER_BYTES = 2;

/**
 * Inflate a deflated data set (PS3.5 A.5), or another raw deflate stream. Pulled: holds one chunk of input
 * and 64 KiB of output. Whatever follows the end of the stream is ignored: the padding byte, and garbage.
 *
 * DEVIATION: a zlib header in front, which some toolkits write, is passed over.
 *
 * @throws {Failure} parse/limit when the output is out of proportion to the input; parse/truncated when the
 *   stream is cut, after all that could be inflated; parse/malformed.
 */
export async function* inflate(
  chunks: AsyncIterable<Uint8Array>,
  limits: InflateLimits = PARSE_LIMITS,
): AsyncGenerator<Uint8Array> {
  const inflater = new Inflater();
  const guard = new RatioGuard(limits);
  for await (const chunk of afterZlibHeader(chunks)) {
    guard.input(chunk.length);
    inflater.push(chunk);
    if (yield* drain(inflater, guard)) return;
  }
  inflater.end();
  yield* drain(inflater, guard);
}

/** @returns true at the end of the stream. A cut stream gives all its output before it throws. */
function* drain(inflater: Inflater, guard: RatioGuard): Generator<Uint8Array, boolean> {
  for (;;) {
    let state: 'output' | 'input' | 'end';
    try {
      state = inflater.run();
    } catch (thrown) {
      yield* output(inflater, guard);
      throw thrown;
    }
    yield* output(inflater, guard);
    if (state !== 'output') return state === 'end';
  }
}

function* output(inflater: Inflater, guard: RatioGuard): Generator<Uint8Array> {
  const bytes = inflater.take();
  if (bytes.length === 0) return;
  guard.output(bytes.length);
  yield bytes;
}

class RatioGuard {
  readonly #limits: InflateLimits;
  #input = 0;
  #output = 0;

  constructor(limits: InflateLimits) {
    this.#limits = limits;
  }

  input(bytes: number): void {
    this.#input += bytes;
  }

  output(bytes: number): void {
    this.#output += bytes;
    const { inflatedBytesFree, deflateRatioMax } = this.#limits;
    if (this.#output <= Math.max(inflatedBytesFree, deflateRatioMax * this.#input)) return;
    throw new Failure('parse/limit', `inflates beyond deflateRatioMax ${deflateRatioMax}`);
  }
}

async function* afterZlibHeader(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  let isBehindHead = false;
  for await (const chunk of chunks) {
    if (isBehindHead) {
      yield chunk;
      continue;
    }
    head = concat([head, chunk]);
    isBehindHead = head.length >= SNIFF_BYTES;
    if (isBehindHead) yield withoutZlibHeader(head);
  }
  if (!isBehindHead) yield withoutZlibHeader(head);
}

/**
 * A zlib header is a raw stream's stored block to the first three bits. It is one if the check bits agree
 * (RFC 1950 2.2), no dictionary is asked for, and a stored block's LEN and NLEN do not.
 */
function withoutZlibHeader(head: Uint8Array): Uint8Array {
  const [method = 0, flags = 0, ...after] = head.subarray(0, SNIFF_BYTES);
  const isZlib = (method & 15) === 8 && method >>> 4 <= 7 && ((method << 8) | flags) % 31 === 0 && (flags & 32) === 0;
  const [high = 0, lowInverse = 0, highInverse = 0] = after;
  const isStored = (flags ^ lowInverse) === 0xff && (high ^ highInverse) === 0xff;
  return isZlib && !isStored ? head.subarray(ZLIB_HEADER_BYTES) : head;
}

/**
 * Deflate a data set, padded to even length with a zero byte (PS3.5 A.5). Streams with back-pressure; a
 * reader that leaves early, or a failing source, ends both sides.
 */
export async function* deflate(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { readable, writable } = new CompressionStream('deflate-raw');
  const writing = writeAll(chunks, writable);
  // Its failure also fails the readable side, where it is thrown.
  const settled = writing.catch(() => undefined);
  let length = 0;
  try {
    for await (const bytes of readable) {
      length += bytes.length;
      yield bytes;
    }
  } finally {
    await settled;
  }
  if (length % 2 === 1) yield new Uint8Array(1);
}

async function writeAll(chunks: AsyncIterable<Uint8Array>, writable: WritableStream<BufferSource>): Promise<void> {
  const writer = writable.getWriter();
  try {
    for await (const chunk of chunks) await writer.write(Uint8Array.from(chunk));
    await writer.close();
  } catch (thrown) {
    await writer.abort(thrown);
    throw thrown;
  }
}
