import { readFileSync } from 'node:fs';
import { type BundleFinding, type BundleTotals, checkBundle } from '@acervo/kernel/journal/bundle.ts';
import { type Known, sha256, sha256Text, verdictOf } from './journal.ts';

/**
 * A bundle against itself: each line with its hash and its place in the tree that the checkpoint signed. The verdict is
 * of what it can prove: that nothing is wrong before the first number that is named.
 * @throws {Error} when the file is no bundle
 */
export async function verifyBundle(
  path: string,
  { keys, witnesses }: Known,
  tell: (finding: BundleFinding) => void,
): Promise<BundleTotals & { verdict: string }> {
  const text = readFileSync(path, 'utf8');
  let wrong = Number.POSITIVE_INFINITY;
  const heard = (finding: BundleFinding): void => {
    // What is not about a line is about all of them.
    wrong = Math.min(wrong, finding.code.startsWith('line.') ? Number(finding.what) : 1);
    tell(finding);
  };
  const totals = await checkBundle(text, { hash: sha256, sha256: sha256Text, keys, witnesses, tell: heard });
  if (totals === undefined) throw new Error(`${path} is no bundle`);
  const consistentTo = Math.min(wrong - 1, totals.size);
  const witnessedTo = totals.witnessedBy.length > 0 ? consistentTo : 0;
  return { ...totals, verdict: verdictOf({ consistentTo, witnessedTo }) };
}
