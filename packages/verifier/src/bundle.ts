import { readFileSync } from 'node:fs';
import { type BundleFinding, type BundleTotals, checkBundle } from '@acervo/kernel/journal/bundle.ts';
import { type Known, sha256, sha256Text } from './journal.ts';

/**
 * A bundle against itself: each line with its hash and its place in the tree that the checkpoint signed.
 * @throws {Error} when the file is no bundle
 */
export async function verifyBundle(
  path: string,
  { keys, witnesses }: Known,
  tell: (finding: BundleFinding) => void,
): Promise<BundleTotals> {
  const text = readFileSync(path, 'utf8');
  const totals = await checkBundle(text, { hash: sha256, sha256: sha256Text, keys, witnesses, tell });
  if (totals === undefined) throw new Error(`${path} is no bundle`);
  return totals;
}
