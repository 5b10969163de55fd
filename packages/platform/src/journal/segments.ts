import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '@acervo/kernel/canonical-json.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { BlobReader, BlobStore, BlobWriter } from '../ports/blob-store.ts';

/** One line of a journal segment: an event with its number and its place in the hash chain. */
export type SealedLine = { seq: number; prev: string; hash: string; event: Json };

/** A line and where it ends in its file, bytes. */
type PlacedLine = SealedLine & { file: string; end: number };

const SEGMENT_BYTES_MAX = 64 * 2 ** 20;
const READ_BYTES = 1 << 20;
/** An event names at most the members of one group; no line comes near this. */
const LINE_BYTES_MAX = 16 * 2 ** 20;

/** Hash of a numbered event (decision record 0013). */
export function sealHash(seq: number, prev: string, event: Json): string {
  return createHash('sha256').update(canonicalJson({ event, prev, seq })).digest('hex');
}

export const lineText = (line: SealedLine): string => `${canonicalJson({ ...line })}\n`;

/** The file that begins with this number: names sort by it. */
const fileOf = (seq: number): string => `${String(seq).padStart(12, '0')}.jsonl`;

/**
 * Every whole line of the journal segments from a number on, in order. A torn last line ends the reading; a
 * line that breaks the chain is a Failure retrieve/damaged that names it.
 */
export async function* readLines(blobs: BlobStore, fromSeq: number): AsyncGenerator<PlacedLine> {
  const files: string[] = [];
  for await (const file of blobs.list()) if (file.endsWith('.jsonl')) files.push(file);
  const first = Math.max(
    0,
    files.findLastIndex((file) => Number.parseInt(file, 10) <= fromSeq),
  );
  let before: SealedLine | undefined;
  for (const file of files.slice(first)) {
    for await (const line of linesOfFile(blobs, file)) {
      if (before !== undefined && (line.seq !== before.seq + 1 || line.prev !== before.hash)) {
        throw new Failure('retrieve/damaged', `journal line ${line.seq} does not follow ${before.seq}`);
      }
      before = line;
      if (line.seq >= fromSeq) yield line;
    }
  }
}

async function* linesOfFile(blobs: BlobStore, file: string): AsyncGenerator<PlacedLine> {
  const reader = await blobs.open(file);
  try {
    yield* linesOf(reader, file);
  } finally {
    await reader.close();
  }
}

async function* linesOf(reader: BlobReader, file: string): AsyncGenerator<PlacedLine> {
  for await (const { bytes, end } of rawLines(reader, file)) yield { ...parseLine(bytes, file), file, end };
}

/** A line of a journal segment as it lies there: `line` is undefined when it is none, whatever its hash says. */
export type JournalLine = { file: string; number: number; line: SealedLine | undefined };

/** Every whole line of all journal segments, unjudged: for verifying them. */
export async function* journalLines(blobs: BlobStore): AsyncGenerator<JournalLine> {
  for await (const file of blobs.list()) {
    const reader = await blobs.open(file);
    try {
      let number = 0;
      for await (const { bytes } of rawLines(reader, file)) {
        number += 1;
        yield { file, number, line: shapedLine(bytes) };
      }
    } finally {
      await reader.close();
    }
  }
}

async function* rawLines(reader: BlobReader, file: string): AsyncGenerator<{ bytes: Buffer; end: number }> {
  let held = Buffer.alloc(0);
  let at = 0;
  let end = 0;
  for (;;) {
    const chunk = await reader.read(at, READ_BYTES);
    if (chunk.length === 0) return;
    at += chunk.length;
    held = Buffer.concat([held, chunk]);
    let from = 0;
    for (let to = held.indexOf(0x0a); to >= 0; to = held.indexOf(0x0a, from)) {
      end += to + 1 - from;
      yield { bytes: held.subarray(from, to), end };
      from = to + 1;
    }
    held = held.subarray(from);
    if (held.length > LINE_BYTES_MAX) throw new Failure('retrieve/damaged', `journal segment ${file}: endless line`);
  }
}

/** A line's members, if it has them all. */
function shapedLine(bytes: Buffer): SealedLine | undefined {
  let line: Partial<SealedLine> | null;
  try {
    line = JSON.parse(bytes.toString('utf8')) as Partial<SealedLine> | null;
  } catch {
    return undefined; // The caller names the line.
  }
  const { seq, prev, hash, event } = line ?? {};
  const isEvent = typeof event === 'object' && event !== null && 'id' in event;
  if (typeof seq !== 'number' || typeof prev !== 'string' || typeof hash !== 'string' || !isEvent) return undefined;
  return { seq, prev, hash, event };
}

function parseLine(bytes: Buffer, file: string): SealedLine {
  const line = shapedLine(bytes);
  if (line === undefined) throw new Failure('retrieve/damaged', `journal segment ${file}: a line is none`);
  if (line.hash !== sealHash(line.seq, line.prev, line.event)) {
    throw new Failure('retrieve/damaged', `journal segment ${file}: line ${line.seq} differs from its hash`);
  }
  return line;
}

/** Appends lines behind what the segments hold; one process at a time, as the sealer's lock ensures. */
export class JournalWriter {
  readonly #blobs: BlobStore;
  #open: { writer: BlobWriter; size: number } | undefined;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** Go on behind the last whole line. A torn line after it was never numbered: it is overwritten. */
  async continueAfter(last: { file: string; end: number } | undefined): Promise<void> {
    await this.close();
    if (last === undefined) return;
    const writer = await this.#blobs.append(last.file);
    await writer.truncate(last.end);
    this.#open = { writer, size: last.end };
  }

  /** Durable when it resolves. After a failure the writer must be continued anew. */
  async append(lines: readonly SealedLine[]): Promise<void> {
    const first = lines[0];
    if (first === undefined) return;
    if (this.#open !== undefined && this.#open.size >= SEGMENT_BYTES_MAX) await this.close();
    const target = this.#open ?? (await this.#create(first.seq));
    this.#open = target;
    const bytes = new TextEncoder().encode(lines.map(lineText).join(''));
    // Another process may have died between its lines and their numbers: they go, their events are numbered anew.
    await target.writer.truncate(target.size);
    try {
      await target.writer.write([bytes], target.size);
      await target.writer.datasync();
    } catch (thrown) {
      // Whole lines of a torn batch look as if they counted, and take the last space of a full disk.
      await target.writer.truncate(target.size);
      throw thrown;
    }
    target.size += bytes.length;
  }

  /** Make durable what `continueAfter` found: another process may have died before its datasync. */
  async datasync(): Promise<void> {
    await this.#open?.writer.datasync();
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.writer.close();
  }

  async #create(seq: number): Promise<{ writer: BlobWriter; size: number }> {
    const file = fileOf(seq);
    const created = await this.#blobs.create(file);
    if (created !== undefined) return { writer: created, size: 0 };
    // A crash left it before its first whole line: nothing in it was numbered.
    const writer = await this.#blobs.append(file);
    await writer.truncate(0);
    return { writer, size: 0 };
  }
}
