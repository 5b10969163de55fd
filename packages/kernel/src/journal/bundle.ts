import { bytesOfHex, hexOf } from '../bytes.ts';
import type { Json } from '../canonical-json.ts';
import type { Finding } from '../pack/finding.ts';
import type { Checkpoint } from './checkpoint.ts';
import { type Cosignature, isCosignature, isSignedByItsKey, isSignedCheckpoint } from './checkpoint.ts';
import { isPath, type KnownWitness, witnessesOf } from './checkpoint-file.ts';
import { isKeyChange, type KeyChange, leadsTo } from './key-change.ts';
import { type SealedLine, sealedText, shapedLine, type TextHash } from './line.ts';
import { type Hash, leafOf, rootByInclusion } from './merkle.ts';
import { isSigned } from './signature.ts';

const FORMAT = 'acervo-bundle';

/** What the lines of a bundle were chosen by: numbers, which leave none out, or the study that they are about. */
export type BundleSubject = { from: number; to: number } | { study: string };

/** Lines of a journal with what proves each of them, in one file. Who holds it needs neither archive nor journal. */
export type Bundle = {
  format: typeof FORMAT;
  v: 1;
  at: string;
  subject: BundleSubject;
  checkpoint: Checkpoint;
  /** Of the checkpoint. */
  checkpointSignature: string;
  witnesses: readonly Cosignature[];
  keys: readonly KeyChange[];
  lines: readonly BundleLine[];
  /** Of everything else, by the checkpoint's key. */
  signature: string;
};

/** `path` proves that the line stands at its number in the checkpoint's tree (RFC 6962 2.1.1). */
export type BundleLine = { line: SealedLine; path: readonly string[] };

export type UnsignedBundle = Omit<Bundle, 'signature'>;

export const bundleOf = (given: Omit<UnsignedBundle, 'format' | 'v'>): UnsignedBundle => ({
  format: FORMAT,
  v: 1,
  ...given,
});

export const bundleValue = (bundle: UnsignedBundle): Json => {
  const { signature: _, ...rest } = bundle as Bundle;
  return rest;
};

/**
 * - `bundle.altered`: not what the archive signed. `bundle.key`: signed by a key that is not known to be the archive's.
 * - `line.altered`: a line differs from its hash. `line.foreign`: it is not in the journal that the checkpoint signed,
 *   or not about the subject. `line.missing`: a number of the stretch is not there.
 */
export type BundleFinding = Finding<'bundle.altered' | 'bundle.key' | 'line.altered' | 'line.foreign' | 'line.missing'>;

export type BundleTotals = {
  lines: number;
  /** Lines of the journal at the time of the bundle. */
  size: number;
  witnessedBy: readonly string[];
  findings: number;
};

export type BundleCheckOptions = {
  hash: Hash;
  sha256: TextHash;
  keys: readonly string[];
  witnesses: readonly KnownWitness[];
  tell(finding: BundleFinding): void;
};

/** @returns undefined when the text is no bundle */
export async function checkBundle(text: string, options: BundleCheckOptions): Promise<BundleTotals | undefined> {
  const bundle = readBundle(text);
  if (bundle === undefined) return undefined;
  const { checkpoint, checkpointSignature, keys, lines, subject, signature } = bundle;
  let findings = 0;
  const say = (code: BundleFinding['code'], what: string | number, detail: string): void => {
    findings += 1;
    options.tell({ code, what: `${what}`, detail });
  };
  if (!(await isSignedByItsKey({ checkpoint, signature: checkpointSignature }))) {
    say('bundle.altered', 'checkpoint', 'differs from its signature');
  }
  if (!(await isSigned('bundle', bundleValue(bundle), checkpoint.key, signature))) {
    say('bundle.altered', 'bundle', 'differs from its signature');
  }
  const led = await Promise.all(options.keys.map((key) => leadsTo(key, checkpoint.key, keys)));
  if (options.keys.length > 0 && !led.includes(true)) say('bundle.key', checkpoint.key, 'is not known');
  for (const each of lines) checkLine(each, bundle, options, say);
  if ('from' in subject) checkStretch(subject, lines, say);
  const witnessedBy = await witnessesOf(checkpoint, bundle.witnesses, options.witnesses);
  return { lines: lines.length, size: checkpoint.size, witnessedBy, findings };
}

type Say = (code: BundleFinding['code'], what: string | number, detail: string) => void;

function checkLine(each: BundleLine, { checkpoint, subject }: Bundle, options: BundleCheckOptions, say: Say): void {
  checkProof(each, checkpoint, options, say);
  const { seq, event } = each.line;
  if ('study' in subject && (event as { study?: unknown }).study !== subject.study) {
    say('line.foreign', seq, 'is about another study');
  }
}

/** A line against its own hash, and against the tree of which a checkpoint has the root. */
export function checkProof(
  { line, path }: BundleLine,
  tree: Pick<Checkpoint, 'number' | 'size' | 'root'>,
  { hash, sha256 }: Pick<BundleCheckOptions, 'hash' | 'sha256'>,
  say: (code: 'line.altered' | 'line.foreign', what: number, detail: string) => void,
): void {
  const { seq, prev, event } = line;
  if (sha256(sealedText(seq, prev, event)) !== line.hash) say('line.altered', seq, 'differs from its hash');
  const proof = { index: seq - 1, size: tree.size, leaf: leafOf(hash, line.hash), path: path.map(bytesOfHex) };
  const root = rootByInclusion(hash, proof);
  if (root === undefined || hexOf(root) !== tree.root) {
    say('line.foreign', seq, `is not in the journal that checkpoint ${tree.number} signed`);
  }
}

function checkStretch({ from, to }: { from: number; to: number }, lines: readonly BundleLine[], say: Say): void {
  const there = new Set(lines.map(({ line }) => line.seq));
  for (const seq of there) if (seq < from || seq > to) say('line.foreign', seq, 'is outside of the stretch');
  let missing: number | undefined;
  for (let seq = from; seq <= to && missing === undefined; seq++) if (!there.has(seq)) missing = seq;
  if (missing !== undefined) say('line.missing', missing, 'and perhaps others of the stretch');
}

function readBundle(text: string): Bundle | undefined {
  try {
    const parsed = JSON.parse(text) as unknown;
    return isBundle(parsed) ? parsed : undefined;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined; // The caller names the file.
    throw thrown;
  }
}

function isBundle(value: unknown): value is Bundle {
  if (typeof value !== 'object' || value === null) return false;
  const bundle = value as Partial<Bundle>;
  const signed = { checkpoint: bundle.checkpoint, signature: bundle.checkpointSignature };
  return (
    bundle.format === FORMAT &&
    bundle.v === 1 &&
    typeof bundle.signature === 'string' &&
    isSubject(bundle.subject) &&
    isSignedCheckpoint(signed) &&
    Array.isArray(bundle.witnesses) &&
    bundle.witnesses.every(isCosignature) &&
    Array.isArray(bundle.keys) &&
    bundle.keys.every(isKeyChange) &&
    Array.isArray(bundle.lines) &&
    bundle.lines.every(isBundleLine)
  );
}

function isSubject(value: unknown): value is BundleSubject {
  if (typeof value !== 'object' || value === null) return false;
  const { from, to, study } = value as { from?: unknown; to?: unknown; study?: unknown };
  return typeof study === 'string' || (Number.isSafeInteger(from) && Number.isSafeInteger(to));
}

export function isBundleLine(value: unknown): value is BundleLine {
  if (typeof value !== 'object' || value === null) return false;
  const { line, path } = value as Partial<BundleLine>;
  return shapedLine(JSON.stringify(line ?? null)) !== undefined && isPath(path);
}
