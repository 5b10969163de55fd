import type { Json } from '../canonical-json.ts';
import {
  type Checkpoint,
  type Cosignature,
  isCosignature,
  isSignedByItsKey,
  isSignedCheckpoint,
  isWitnessed,
  type SignedCheckpoint,
} from './checkpoint.ts';
import { isKeyChange, type KeyChange } from './key-change.ts';

const FORMAT = 'acervo-checkpoint';

/** A checkpoint as it leaves the archive: to be witnessed, and to be kept where nobody of the archive can reach it. */
export type CheckpointFile = SignedCheckpoint & {
  format: typeof FORMAT;
  v: 1;
  witnesses: readonly Cosignature[];
  /** Every change of the archive's key up to now. */
  keys: readonly KeyChange[];
  /** For each of some earlier sizes of the journal: what proves that this one begins with it (RFC 6962 2.1.2). */
  proofs: readonly ConsistencyProof[];
};

export type ConsistencyProof = { size: number; path: readonly string[] };

export const checkpointFile = (given: Omit<CheckpointFile, 'format' | 'v'>): CheckpointFile => ({
  format: FORMAT,
  v: 1,
  ...given,
});

/** For people: indented. What is signed has its canonical text, whatever the file looks like. */
export const checkpointFileText = (file: CheckpointFile): string => `${JSON.stringify(file, undefined, 1)}\n`;

/** @returns undefined for what is no such file, or says what its checkpoint's own key did not sign */
export async function readCheckpointFile(text: string): Promise<CheckpointFile | undefined> {
  let parsed: Json;
  try {
    parsed = JSON.parse(text) as Json;
  } catch {
    return undefined; // The caller names the file.
  }
  return isCheckpointFile(parsed) && (await isSignedByItsKey(parsed)) ? parsed : undefined;
}

function isCheckpointFile(value: unknown): value is CheckpointFile {
  if (!isSignedCheckpoint(value)) return false;
  const { format, v, witnesses, keys, proofs } = value as Partial<CheckpointFile>;
  return (
    format === FORMAT &&
    v === 1 &&
    Array.isArray(witnesses) &&
    witnesses.every(isCosignature) &&
    Array.isArray(keys) &&
    keys.every(isKeyChange) &&
    Array.isArray(proofs) &&
    proofs.every(isProof)
  );
}

export const isPath = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((node) => typeof node === 'string' && /^[0-9a-f]{64}$/.test(node));

function isProof(value: unknown): value is ConsistencyProof {
  const { size, path } = (value ?? {}) as Partial<ConsistencyProof>;
  return Number.isSafeInteger(size) && isPath(path);
}

/** A key that the checker knows to be a witness's, and what the checker calls it. */
export type KnownWitness = { name: string; key: string };

/** Those of the known witnesses who signed the checkpoint. */
export async function witnessesOf(
  checkpoint: Checkpoint,
  cosignatures: readonly Cosignature[],
  known: readonly KnownWitness[],
): Promise<string[]> {
  const names: string[] = [];
  for (const { name, key } of known) {
    const mine = cosignatures.filter((each) => each.key === key);
    const signed = await Promise.all(mine.map((each) => isWitnessed(checkpoint, each)));
    if (signed.includes(true)) names.push(name);
  }
  return names;
}
