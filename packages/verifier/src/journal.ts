import { hash as digest } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { latin1Bytes } from '@acervo/kernel/bytes.ts';
import { type HeldCheckpoint, JournalCheck, type JournalTotals } from '@acervo/kernel/journal/check.ts';
import type { CheckpointLine } from '@acervo/kernel/journal/check-checkpoints.ts';
import { type KnownWitness, readCheckpointFile, witnessesOf } from '@acervo/kernel/journal/checkpoint-file.ts';
import type { JournalFinding } from '@acervo/kernel/journal/finding.ts';
import { CHECKPOINTS_FOLDER, isJournalFile, type SealedLine, type TextHash } from '@acervo/kernel/journal/line.ts';
import type { Hash } from '@acervo/kernel/journal/merkle.ts';
import type { Finding } from '@acervo/kernel/pack/finding.ts';

/** SHA-256 by Node; as text, since a Buffer for each costs twice as much as the hash. */
export const sha256: Hash = (bytes) => latin1Bytes(digest('sha256', bytes, 'binary'));
export const sha256Text: TextHash = (text) => digest('sha256', text, 'hex');

/** `witness.unknown`: nobody whom the checker knows signed a checkpoint that was given. */
export type JournalFolderFinding = JournalFinding | Finding<'witness.unknown'>;

/** What the checker knows from elsewhere than the folder. */
export type Known = {
  /** Files of checkpoints that were kept elsewhere. */
  checkpoints: readonly string[];
  keys: readonly string[];
  witnesses: readonly KnownWitness[];
};

export type JournalFolderTotals = JournalTotals & { verdict: string };

/**
 * A journal folder against itself, its checkpoints, and what was kept elsewhere. Without a witnessed checkpoint nobody
 * can tell that it was not cut off or rolled back, with its checkpoints, to an earlier day: the verdict says so.
 * @param line  hears of every line that agrees with its hash
 */
export async function verifyJournal(
  folder: string,
  known: Known,
  tell: (finding: JournalFolderFinding) => void,
  line?: (line: SealedLine) => void,
): Promise<JournalFolderTotals> {
  let unknown = 0;
  const held: HeldCheckpoint[] = [];
  for (const file of known.checkpoints) {
    const { names, held: _, ...each } = await heldIn(file, known.witnesses);
    held.push({ ...each, isWitnessed: names.length > 0 });
    if (known.witnesses.length === 0 || names.length > 0) continue;
    unknown += 1;
    tell({ code: 'witness.unknown', what: file, detail: 'none of the given witnesses signed it' });
  }
  const check = await JournalCheck.begin({
    hash: sha256,
    sha256: sha256Text,
    checkpoints: checkpointLines(folder),
    held,
    keys: known.keys,
    tell,
    ...(line !== undefined && { line }),
  });
  for (const { text, where } of linesOfFiles(filesIn(folder))) {
    const due = check.take(text, where);
    if (due !== undefined) await due;
  }
  const totals = await check.finish();
  return { ...totals, findings: totals.findings + unknown, verdict: verdictOf(totals) };
}

/** How far something is consistent and witnessed, in the same words for a journal, a bundle and a case file. */
export function verdictOf({ consistentTo, witnessedTo }: Pick<JournalTotals, 'consistentTo' | 'witnessedTo'>): string {
  const witnessed = witnessedTo > 0 ? `, witnessed up to ${witnessedTo}` : '';
  return `consistent up to ${consistentTo}${witnessed}, nothing later witnessed`;
}

/** @throws {Error} when the file is none, or its checkpoint is not signed by its own key */
export async function heldIn(path: string, witnesses: readonly KnownWitness[]) {
  const file = await readCheckpointFile(readFileSync(path, 'utf8'));
  if (file === undefined) throw new Error(`${path} is no file of a checkpoint, or was altered`);
  const { checkpoint } = file;
  const names = await witnessesOf(checkpoint, file.witnesses, witnesses);
  const by = names.length > 0 ? `, witnessed by ${names.join(', ')}` : '';
  return { checkpoint, held: file, names, name: `checkpoint ${checkpoint.number} of ${path}${by}` };
}

/** Those that are there now: what an archive at work signs while we read covers lines that we have passed already. */
function checkpointLines(folder: string): AsyncIterable<CheckpointLine> {
  const files = filesIn(folder, CHECKPOINTS_FOLDER);
  return (async function* () {
    yield* linesOfFiles(files);
  })();
}

type LineFile = { path: string; name: string; bytes: number; isLast: boolean };

/** Files of numbered lines, as long as they are now. */
function filesIn(folder: string, below = ''): LineFile[] {
  const names = namesIn(join(folder, below), below !== '')
    .filter(isJournalFile)
    .sort();
  return names.map((name, index) => {
    const path = join(folder, below, name);
    return { path, name: `${below}${name}`, bytes: statSync(path).size, isLast: index === names.length - 1 };
  });
}

/** Every line, in the order of the files; what is torn at the very end is left out. */
function* linesOfFiles(files: readonly LineFile[]): Generator<CheckpointLine> {
  for (const file of files) {
    let number = 0;
    for (const text of linesOf(file)) {
      number += 1;
      yield { text, where: `${file.name}:${number}` };
    }
  }
}

function namesIn(folder: string, mayBeAbsent: boolean): string[] {
  try {
    return readdirSync(folder);
  } catch (thrown) {
    // A journal of before there were checkpoints has no folder of them.
    if (mayBeAbsent && thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
    throw thrown;
  }
}

const READ_BYTES = 1 << 20;
/** No line comes near this; what is longer is no line. */
const LINE_BYTES_MAX = 16 << 20;

/** Read in place: a thread for each chunk would take longer than the check. */
function* linesOf({ path, bytes: size, isLast }: LineFile): Generator<string> {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(READ_BYTES);
    let held = Buffer.alloc(0);
    for (let at = 0; at < size; ) {
      const read = readSync(file, chunk, 0, Math.min(READ_BYTES, size - at), at);
      if (read === 0) break;
      at += read;
      const bytes = Buffer.concat([held, chunk.subarray(0, read)]);
      let from = 0;
      for (let to = bytes.indexOf(0x0a); to >= 0; to = bytes.indexOf(0x0a, from)) {
        yield bytes.toString('utf8', from, to);
        from = to + 1;
      }
      held = bytes.subarray(from);
      if (held.length <= LINE_BYTES_MAX) continue;
      yield held.toString('latin1', 0, 100);
      held = Buffer.alloc(0);
    }
    if (held.length > 0 && !isLast) yield held.toString('utf8');
  } finally {
    closeSync(file);
  }
}
