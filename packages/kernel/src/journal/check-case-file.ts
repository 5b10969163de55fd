import { bytesOfHex } from '../bytes.ts';
import type { Finding } from '../pack/finding.ts';
import { checkProof } from './bundle.ts';
import { type CaseManifest, readCaseLine, readCaseManifest } from './case-file.ts';
import { isSignedByItsKey } from './checkpoint.ts';
import { type CheckpointFile, readCheckpointFile } from './checkpoint-file.ts';
import { leadsTo } from './key-change.ts';
import type { TextHash } from './line.ts';
import { type Hash, isConsistent, type Tree } from './merkle.ts';
import { isSigned } from './signature.ts';

/**
 * What can be wrong with the journal's part of a case file. `what` is the number of a line where it is about one.
 * - `case.altered`: the manifest is not what the archive signed. `case.key`: another key signed it, or an unknown one.
 * - `line.altered`: a line differs from its hash. `line.foreign`: it has no such place in the tree, or the manifest
 *   does not name it. `line.missing`: the manifest names it. `line.moved`: it stands behind a later one, or twice.
 * - `checkpoint.altered`: not what its key signed. `checkpoint.foreign`: not the one that the manifest was made under.
 * - `checkpoint.older`: one that was kept elsewhere covers more, and was there before the case file was made.
 * - `journal.rewritten`: one that was kept elsewhere signed other lines.
 */
export type CaseJournalFinding = Finding<
  | 'case.altered'
  | 'case.key'
  | 'line.altered'
  | 'line.foreign'
  | 'line.missing'
  | 'line.moved'
  | 'checkpoint.altered'
  | 'checkpoint.foreign'
  | 'checkpoint.older'
  | 'journal.rewritten'
>;

type Say = (code: CaseJournalFinding['code'], what: number | string, detail: string) => void;
type Hashes = { hash: Hash; sha256: TextHash };

/**
 * The manifest against its signature, and its key against those that are known.
 * @returns undefined when it is no manifest at all
 */
export async function checkManifest(text: string, say: Say): Promise<CaseManifest | undefined> {
  const read = readCaseManifest(text);
  if (read === undefined) return undefined;
  const { manifest, signature } = read;
  if (!(await isSigned('case-file', manifest, manifest.key, signature))) {
    say('case.altered', 'manifest', 'differs from its signature');
  }
  return manifest;
}

/**
 * The checkpoint of a case file against its own signature and the manifest.
 * @param keys  public keys that the checker knows; none: the checkpoint's own is taken for the archive's
 * @returns undefined when there is none that can be believed
 */
export async function checkCaseCheckpoint(
  text: string,
  manifest: CaseManifest,
  keys: readonly string[],
  say: Say,
): Promise<CheckpointFile | undefined> {
  const file = await readCheckpointFile(text);
  if (file === undefined || !(await isSignedByItsKey(file))) {
    say('checkpoint.altered', 'checkpoint', 'is none, or differs from its signature');
    return undefined;
  }
  const { number, size, root, key, archive } = file.checkpoint;
  const named = manifest.checkpoint;
  const isNamed = number === named.number && size === named.size && root === named.root && archive === manifest.archive;
  if (!isNamed) {
    say('checkpoint.foreign', number, `covers ${size} lines; the manifest names ${named.number} of ${named.size}`);
  }
  if (key !== manifest.key) say('case.key', manifest.key, `signed the case file, ${key} the checkpoint`);
  const led = await Promise.all(keys.map((known) => leadsTo(known, manifest.key, file.keys)));
  if (keys.length > 0 && !led.includes(true)) say('case.key', manifest.key, 'is not known');
  return file;
}

/** Every line: its hash, its place in the tree, and that exactly those are there that the manifest names, in order. */
export function checkCaseLines(text: string, manifest: CaseManifest, hashes: Hashes, say: Say): void {
  const left = new Set(manifest.lines);
  let last = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const read = readCaseLine(line);
    if (read === undefined) {
      const expected = manifest.lines[index];
      say('line.altered', expected ?? `in place ${index + 1}`, 'is no line of a journal');
      if (expected !== undefined) left.delete(expected);
      continue;
    }
    const { seq } = read.line;
    checkProof(read, manifest.checkpoint, hashes, say);
    if (seq <= last) say('line.moved', seq, `stands behind ${last}`);
    else if (!left.has(seq)) say('line.foreign', seq, 'is not named by the manifest');
    left.delete(seq);
    last = Math.max(last, seq);
  }
  for (const seq of left) say('line.missing', seq, 'is named by the manifest');
}

/** How a checkpoint that was kept elsewhere stands to the one of a case file. */
export type Compared = 'same' | 'later' | 'earlier' | 'unknown' | 'contradiction';

/** @param at  when the case file was made */
export function compareCheckpoints(
  own: CheckpointFile,
  held: CheckpointFile,
  { hash, at }: { hash: Hash; at: string },
  say: Say,
): Compared {
  const [mine, other] = [own.checkpoint, held.checkpoint];
  const contradicts = (detail: string): Compared => {
    say('journal.rewritten', Math.min(mine.size, other.size), detail);
    return 'contradiction';
  };
  if (mine.archive !== other.archive) return contradicts(`it is of the journal ${other.archive}`);
  if (other.size > mine.size && other.at < at) {
    say('checkpoint.older', mine.number, `of ${mine.size} lines; there were ${other.size} on ${other.at} already`);
  }
  if (mine.size === other.size) return mine.root === other.root ? 'same' : contradicts('it signed other lines');
  const [earlier, later] = mine.size < other.size ? [own, held] : [held, own];
  const proof = later.proofs.find(({ size }) => size === earlier.checkpoint.size);
  if (proof === undefined) return 'unknown';
  const trees = [treeOf(earlier), treeOf(later)] as const;
  if (!isConsistent(hash, ...trees, proof.path.map(bytesOfHex))) return contradicts('it signed other lines');
  return earlier === own ? 'later' : 'earlier';
}

const treeOf = ({ checkpoint: { size, root } }: CheckpointFile): Tree => ({ size, root: bytesOfHex(root) });
