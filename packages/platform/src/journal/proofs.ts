import { hexOf } from '@acervo/kernel/bytes.ts';
import { leafOf, type Range, rootsOfRanges } from '@acervo/kernel/journal/merkle.ts';
import type { Sql } from '../ports/sql.ts';
import { hashesAfter } from './checkpoint.repo.ts';
import { sha256 } from './segments.ts';

const PAGE = 10_000;

/**
 * Proofs over the numbered events, each a list of ranges whose roots they are, in one reading of the hashes from the
 * first one on: some seconds for ten million.
 */
export async function proofsOf(sql: Sql, size: number, proofs: readonly (readonly Range[])[]): Promise<string[][]> {
  if (proofs.every((ranges) => ranges.length === 0)) return proofs.map(() => []);
  const roots = await rootsOfRanges(sha256, proofs.flat(), leavesTo(sql, size));
  const texts = roots.map(hexOf);
  let at = 0;
  return proofs.map((ranges) => {
    at += ranges.length;
    return texts.slice(at - ranges.length, at);
  });
}

async function* leavesTo(sql: Sql, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; ) {
    const page = await hashesAfter(sql, at, Math.min(PAGE, size - at));
    for (const { hash } of page) yield leafOf(sha256, hash);
    if (page.length === 0) return; // Who reads says how many are missing.
    at = page.at(-1)?.seq ?? size;
  }
}
