import type { Readable } from 'node:stream';
import { Failure } from '@acervo/kernel/failure.ts';
import { Dicer } from '@fastify/busboy';
import type { HttpPart } from '../../bindings/http.ts';

export type MultipartLimits = {
  /** Bytes of the headers of one part. */
  headerBytesMax: number;
  /** Headers of one part. */
  headersMax: number;
  partsMax: number;
};

export const MULTIPART_LIMITS: Readonly<MultipartLimits> = {
  headerBytesMax: 16_384,
  headersMax: 64,
  partsMax: 100_000,
};

/** A part inside of Dicer: what it told so far. `header` is absent until the empty line has come. */
type Arriving = { stream: Readable; header?: Readonly<Record<string, readonly string[]>>; hasEnded: boolean };

/**
 * The parts of a multipart/related body (RFC 2046 5.1.1, PS3.18 8.6.1.2) while they arrive. Pulled: a chunk
 * of `source` is taken only when the reader wants more, so at most one chunk lies here and a slow reader slows
 * the sender through TCP. Chunks of a part are views of those of `source`. What a reader leaves of a body is
 * skipped when it asks for the next part; repeated headers are joined by ', '.
 * @throws {Failure} request/invalid when the boundary never comes, the body ends before its closing boundary,
 * a part has no header block, or a limit is exceeded. What `source` throws passes through.
 */
export async function* readMultipart(
  source: AsyncIterable<Uint8Array>,
  boundary: string,
  limits: Readonly<MultipartLimits> = MULTIPART_LIMITS,
): AsyncGenerator<HttpPart> {
  const chunks = source[Symbol.asyncIterator]();
  const parser = new Parser(chunks, boundary, limits);
  let count = 0;
  try {
    for (let part = await parser.nextPart(); part !== undefined; part = await parser.nextPart()) {
      if (++count > limits.partsMax) throw invalid(`more than ${limits.partsMax} parts`);
      yield { headers: headersOf(part, limits), body: bodyOf(parser, part) };
      await parser.skip(part);
    }
    if (count === 0) throw invalid('multipart without a part');
  } finally {
    await chunks.return?.();
  }
}

async function* bodyOf(parser: Parser, part: Arriving): AsyncGenerator<Uint8Array> {
  for (let chunk = await parser.read(part); chunk !== undefined; chunk = await parser.read(part)) yield chunk;
}

/**
 * Dicer, fed by hand. Its parts are told to buffer without bound, so that Dicer never holds a write back:
 * the bound is here, where a further chunk is fed only when the part being read has run dry. (Left to pause by
 * itself it can wait for ever, when a part fills its buffer and ends with no byte between.)
 */
class Parser {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #limits: Readonly<MultipartLimits>;
  readonly #dicer: Dicer;
  /** Parts that have begun and were not yet given out. */
  readonly #begun: Arriving[] = [];
  #partsBegun = 0;
  /** The closing boundary was met, and every part is read. */
  #isClosed = false;

  constructor(chunks: AsyncIterator<Uint8Array>, boundary: string, limits: Readonly<MultipartLimits>) {
    this.#chunks = chunks;
    this.#limits = limits;
    const settings = {
      boundary,
      partHwm: Number.MAX_SAFE_INTEGER,
      // Dicer silently cuts what is over; so it gets more than is allowed, line ends and spaces included.
      maxHeaderPairs: limits.headersMax + 1,
      maxHeaderSize: 2 * limits.headerBytesMax,
    };
    this.#dicer = new Dicer(settings);
    this.#dicer.on('part', (stream) => this.#begin(stream));
    this.#dicer.on('finish', () => {
      this.#isClosed = true;
    });
  }

  /** The next part, its headers complete; undefined after the closing boundary. */
  async nextPart(): Promise<Arriving | undefined> {
    while (this.#begun.length === 0) {
      if (this.#isClosed) return undefined;
      if ((await this.#feed()) === 0) throw invalid(this.#partsBegun === 0 ? 'boundary not found' : CUT);
    }
    const part = this.#begun.shift() as Arriving;
    let waitedBytes = 0;
    while (part.header === undefined) {
      if (await this.#hasEnded(part)) throw invalid('part without a header block');
      if (waitedBytes > this.#limits.headerBytesMax) throw headersTooLarge(this.#limits);
      const fedBytes = await this.#feed();
      if (fedBytes === 0) throw invalid(CUT);
      waitedBytes += fedBytes;
    }
    return part;
  }

  /** More of a part's body; undefined at its end. */
  async read(part: Arriving): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk: Uint8Array | null = part.stream.read();
      if (chunk !== null) return chunk;
      if (await this.#hasEnded(part)) return undefined;
      if ((await this.#feed()) === 0) throw invalid(CUT);
    }
  }

  async skip(part: Arriving): Promise<void> {
    while ((await this.read(part)) !== undefined);
  }

  /** Give Dicer one chunk, which it takes apart before this returns. @returns its bytes; 0: the source has ended. */
  async #feed(): Promise<number> {
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true) return 0;
      if (next.value.length === 0) continue;
      this.#dicer.write(next.value);
      return next.value.length;
    }
  }

  #begin(stream: Readable): void {
    const part: Arriving = { stream, hasEnded: false };
    stream.once('end', () => {
      part.hasEnded = true;
    });
    stream.once('header', (header: Readonly<Record<string, readonly string[]>>) => {
      part.header = header;
    });
    this.#partsBegun++;
    this.#begun.push(part);
  }

  /** A stream says that it has ended one turn after its last byte was read. */
  async #hasEnded(part: Arriving): Promise<boolean> {
    part.stream.read(0);
    if (!part.hasEnded) await new Promise<void>((resolve) => process.nextTick(resolve));
    return part.hasEnded;
  }
}

function headersOf({ header = {} }: Arriving, limits: Readonly<MultipartLimits>): Record<string, string> {
  const entries = Object.entries(header);
  const lines = entries.flatMap(([name, values]) => values.map((value) => name.length + 2 + value.length));
  const bytes = lines.reduce((sum, length) => sum + length, 0);
  if (bytes > limits.headerBytesMax || lines.length > limits.headersMax) throw headersTooLarge(limits);
  return Object.fromEntries(entries.map(([name, values]) => [name, values.map((value) => value.trim()).join(', ')]));
}

function headersTooLarge({ headerBytesMax, headersMax }: Readonly<MultipartLimits>): Failure {
  return invalid(`part with more than ${headerBytesMax} bytes or ${headersMax} lines of headers`);
}

const CUT = 'multipart ends before its closing boundary';

function invalid(detail: string): Failure {
  return new Failure('request/invalid', detail);
}
