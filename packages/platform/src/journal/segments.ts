import { hash as digest } from 'node:crypto';
import { latin1Bytes } from '@acervo/kernel/bytes.ts';
import { canonicalJson, type Json } from '@acervo/kernel/canonical-json.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { CheckpointLine } from '@acervo/kernel/journal/check-checkpoints.ts';
import {
  CHECKPOINTS_FOLDER,
  isCheckpointFile,
  isJournalFile,
  type SealedLine,
  sealedText,
  shapedLine,
  type TextHash,
} from '@acervo/kernel/journal/line.ts';
import type { Hash } from '@acervo/kernel/journal/merkle.ts';
import type { BlobReader, BlobStore } from '../ports/blob-store.ts';

export type { SealedLine } from '@acervo/kernel/journal/line.ts';

/** SHA-256 by Node, for the kernel; as text, since a Buffer for each costs twice as much as the hash. */
export const sha256: Hash = (bytes) => latin1Bytes(digest('sha256', bytes, 'binary'));
export const sha256Text: TextHash = (text) => digest('sha256', text, 'hex');

/** A line and where it ends in its file, bytes. */
type PlacedLine = SealedLine & { file: string; end: number };

const READ_BYTES = 1 << 20;
/** An event names at most the members of one group; no line comes near this. */
const LINE_BYTES_MAX = 16 * 2 ** 20;

/** Hash of a numbered event (decision record 0013). */
export const sealHash = (seq: number, prev: string, event: Json): string => sha256Text(sealedText(seq, prev, event));

export const lineText = (line: SealedLine): string => canonicalJson({ ...line });

/** Names of a kind of file, in the order of their numbers. */
async function filesOf(blobs: BlobStore, isMine: (name: string) => boolean): Promise<string[]> {
  const files: string[] = [];
  for await (const file of blobs.list()) if (isMine(file)) files.push(file);
  return files;
}

/**
 * Every whole line of the journal segments from a number on, in order. A torn last line ends the reading; a
 * line that breaks the chain is a Failure retrieve/damaged that names it.
 */
export async function* readLines(blobs: BlobStore, fromSeq: number): AsyncGenerator<PlacedLine> {
  const files = await filesOf(blobs, isJournalFile);
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
export type JournalLine = { file: string; number: number; text: string; line: SealedLine | undefined };

/** Every whole line of all journal segments, unjudged: for verifying them. */
export async function* journalLines(blobs: BlobStore): AsyncGenerator<JournalLine> {
  for await (const each of textsOf(blobs, await filesOf(blobs, isJournalFile))) {
    yield { ...each, line: shapedLine(each.text) };
  }
}

/** A line of a file of checkpoints, and where it ends in it, bytes. */
export type PlacedText = CheckpointLine & { file: string; end: number };

/** Every whole line of the files of checkpoints, unjudged, from the file on in which a checkpoint stands. */
export async function* checkpointLines(blobs: BlobStore, fromNumber = 1): AsyncGenerator<PlacedText> {
  const files = await filesOf(blobs, isCheckpointFile);
  const numberOf = (file: string): number => Number.parseInt(file.slice(CHECKPOINTS_FOLDER.length), 10);
  const first = files.findLastIndex((file) => numberOf(file) <= fromNumber);
  yield* textsOf(blobs, files.slice(Math.max(0, first)));
}

/** The lines of checkpoints up to the last one known: what is signed meanwhile may cover lines that were passed. */
export async function* checkpointLinesTo(blobs: BlobStore, last: string | undefined): AsyncGenerator<PlacedText> {
  if (last === undefined) return;
  for await (const line of checkpointLines(blobs)) {
    yield line;
    if (line.text === last) return;
  }
}

async function* textsOf(blobs: BlobStore, files: readonly string[]): AsyncGenerator<PlacedText & { number: number }> {
  for (const file of files) {
    const reader = await blobs.open(file);
    try {
      let number = 0;
      for await (const { bytes, end } of rawLines(reader, file)) {
        number += 1;
        yield { file, number, end, text: bytes.toString('utf8'), where: `${file}:${number}` };
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

function parseLine(bytes: Buffer, file: string): SealedLine {
  const line = shapedLine(bytes.toString('utf8'));
  if (line === undefined) throw new Failure('retrieve/damaged', `journal segment ${file}: a line is none`);
  if (line.hash !== sealHash(line.seq, line.prev, line.event)) {
    throw new Failure('retrieve/damaged', `journal segment ${file}: line ${line.seq} differs from its hash`);
  }
  return line;
}
