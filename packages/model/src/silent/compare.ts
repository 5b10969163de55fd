import type { Said } from './said.ts';

/** Fewer studies than this are not told: a small number next to what else is known names somebody. */
export const CELL_MIN = 5;
/**
 * Studies are counted in whole blocks, in the order in which they came. So two looks, one before and one after a study
 * that somebody watched, are alike or differ by a block, and their difference says nothing of that study.
 */
export const BLOCK = 20;
const BINS = 10;
/** The last one only where a manifest abstains: a zero that must be is no count. */
const CLASSES = ['present', 'absent', 'indeterminate'] as const;

/** `count` null: not told. */
export type Cell = { name: string; count: number | null };

/** What one output says over many studies. Scores are in tenths, `0.3` below 0.4; beyond 0 and 1 at the ends. */
export type Compared = { of: string; says: Cell[]; scores: Cell[] };

type Counted = { says: number[]; scores: number[] };
export type Counts = Map<string, Counted>;

/** Adds what one study's run says. */
export function countSaid(counts: Counts, said: readonly Said[]): void {
  for (const { of, says, mayAbstain, score } of said) {
    const classes = mayAbstain ? CLASSES : CLASSES.slice(0, 2);
    const counted = counts.get(of) ?? { says: classes.map(() => 0), scores: Array.from({ length: BINS }, () => 0) };
    counts.set(of, counted);
    if (says !== null) add(counted.says, CLASSES.indexOf(says));
    if (score !== null) add(counted.scores, Math.min(BINS - 1, Math.max(0, Math.floor(score * BINS))));
  }
}

function add(counts: number[], at: number): void {
  counts[at] = (counts[at] ?? 0) + 1;
}

/** What may be told of counts, in the order in which their names came. */
export function disclosed(counts: Counts): Compared[] {
  return [...counts].map(([of, { says, scores }]) => ({
    of,
    says: cellsOf(says, (at) => CLASSES[at] ?? ''),
    scores: cellsOf(scores, (at) => (at / BINS).toFixed(1)),
  }));
}

/** Nothing was counted: there is no such table, as of the scores of a mask. */
function cellsOf(counts: readonly number[], nameOf: (at: number) => string): Cell[] {
  if (counts.every((count) => count === 0)) return [];
  return suppressed(counts).map((count, at) => ({ name: nameOf(at), count }));
}

/**
 * Small counts become null, zero among them: that nobody has it is told of everybody. The total is known from
 * elsewhere, so the smallest of what is left goes with them until what is hidden is two cells or more, and
 * `CELL_MIN` studies or more: no subtraction gives a small number back.
 */
export function suppressed(counts: readonly number[]): (number | null)[] {
  const hidden = new Set(counts.flatMap((count, at) => (count < CELL_MIN ? [at] : [])));
  const shown = counts
    .map((count, at) => ({ count, at }))
    .filter(({ at }) => !hidden.has(at))
    .sort((a, b) => a.count - b.count);
  const inHidden = (): number => [...hidden].reduce((sum, at) => sum + (counts[at] ?? 0), 0);
  for (const { at } of shown) {
    if (hidden.size === 0 || (hidden.size > 1 && inHidden() >= CELL_MIN)) break;
    hidden.add(at);
  }
  return counts.map((count, at) => (hidden.has(at) ? null : count));
}
