import { canonicalJson, isCanonical, type Json } from '../canonical-json.ts';
import type { TextHash } from './line.ts';
import { isKey, isSignature, isSigned } from './signature.ts';

/** What the archive says of its journal at one moment: these lines, in this order, and none before or between. */
export type Checkpoint = {
  v: 1;
  /** Whose journal: a UUID that stays when the journal moves to another data directory. */
  archive: string;
  /** The public key that signs. */
  key: string;
  /** Of checkpoints, gapless from 1. */
  number: number;
  /** Numbers of the lines that came since the checkpoint before: from `first` to `size`. */
  first: number;
  /** Lines in all; the last one's number. */
  size: number;
  /** Hash of line `size`, and so of the whole chain. */
  head: string;
  /** Merkle root (RFC 6962) over the hashes of lines 1 to `size`, hexadecimal. */
  root: string;
  at: string;
  /** Hash of the checkpoint before; '' for the first. */
  previous: string;
};

export type SignedCheckpoint = { checkpoint: Checkpoint; signature: string };

/** Whom another institution's key names, and what it signed: that it saw this checkpoint, and an earlier part of it. */
export type Cosignature = { name: string; key: string; at: string; signature: string };

const HASH = /^[0-9a-f]{64}$/;
const isCount = (value: unknown, min: number): boolean => Number.isSafeInteger(value) && (value as number) >= min;
const isHash = (value: unknown): boolean => typeof value === 'string' && HASH.test(value);

export function isCheckpoint(value: unknown): value is Checkpoint {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 10) return false;
  const { v, archive, key, number, first, size, head, root, at, previous } = value as Partial<Checkpoint>;
  return (
    v === 1 &&
    typeof archive === 'string' &&
    isKey(key) &&
    isCount(number, 1) &&
    isCount(first, 1) &&
    isCount(size, first as number) &&
    isHash(head) &&
    isHash(root) &&
    typeof at === 'string' &&
    (number === 1 ? previous === '' && first === 1 : isHash(previous))
  );
}

export function isSignedCheckpoint(value: unknown): value is SignedCheckpoint {
  if (typeof value !== 'object' || value === null) return false;
  const { checkpoint, signature } = value as Partial<SignedCheckpoint>;
  return isCheckpoint(checkpoint) && isSignature(signature);
}

/** A line of a file of checkpoints, without its end. */
export const checkpointText = ({ checkpoint, signature }: SignedCheckpoint): string =>
  canonicalJson({ checkpoint, signature });

/** @returns undefined for what is no line of checkpoints, or not written as we do */
export function readCheckpoint(text: string): SignedCheckpoint | undefined {
  try {
    const parsed = JSON.parse(text) as Json;
    return isCanonical(text, parsed) && isSignedCheckpoint(parsed) ? parsed : undefined;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined; // The caller names it.
    throw thrown;
  }
}

export const checkpointHash = (checkpoint: Checkpoint, sha256: TextHash): string => sha256(canonicalJson(checkpoint));

export const isSignedByItsKey = ({ checkpoint, signature }: SignedCheckpoint): Promise<boolean> =>
  isSigned('checkpoint', checkpoint, checkpoint.key, signature);

/** What a witness signs. */
export const witnessed = (checkpoint: Checkpoint, { name, at }: Pick<Cosignature, 'name' | 'at'>): Json => ({
  at,
  checkpoint,
  name,
});

export const isWitnessed = (checkpoint: Checkpoint, by: Cosignature): Promise<boolean> =>
  isSigned('witness', witnessed(checkpoint, by), by.key, by.signature);

export function isCosignature(value: unknown): value is Cosignature {
  if (typeof value !== 'object' || value === null) return false;
  const { name, key, at, signature } = value as Partial<Cosignature>;
  return typeof name === 'string' && isKey(key) && typeof at === 'string' && isSignature(signature);
}
