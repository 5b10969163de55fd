import type { Json } from '../canonical-json.ts';
import { isKey, isSigned } from './signature.ts';

/** Kinds of the events that change the key of checkpoints. */
export const KEY_ROTATED = 'key.rotated';
export const KEY_REPLACED = 'key.replaced';

/**
 * From the line of its event on, checkpoints are signed by another key. A rotation is signed by the key before it. A
 * replacement is not, since that key is lost: who verifies believes it only when told the new key by another way.
 */
export type KeyChange = { archive: string; previous: string; key: string; signature: string };

export const keyStatement = ({ archive, previous, key }: Omit<KeyChange, 'signature'>): Json => ({
  archive,
  key,
  previous,
});

/** The change that an event tells; undefined for an event of another kind or form. */
export function keyChangeOf(event: Json): KeyChange | undefined {
  const { kind, facts } = event as { kind?: unknown; facts?: unknown };
  if (kind !== KEY_ROTATED && kind !== KEY_REPLACED) return undefined;
  return isKeyChange(facts) ? facts : undefined;
}

export function isKeyChange(value: unknown): value is KeyChange {
  if (typeof value !== 'object' || value === null) return false;
  const { archive, previous, key, signature } = value as Partial<KeyChange>;
  return typeof archive === 'string' && isKey(previous) && isKey(key) && typeof signature === 'string';
}

export const isSignedByPrevious = (change: KeyChange): Promise<boolean> =>
  isSigned('key', keyStatement(change), change.previous, change.signature);

/** Whether signed rotations lead from a key to another one, in their order. */
export async function leadsTo(from: string, to: string, changes: readonly KeyChange[]): Promise<boolean> {
  let key = from;
  for (const change of changes) {
    if (key === to) return true;
    if (change.previous === key && (await isSignedByPrevious(change))) key = change.key;
  }
  return key === to;
}
