import { createHash } from 'node:crypto';
import type { Sql } from '../../ports/sql.ts';
import { countUpTo, type Search } from './search.repo.ts';

/** Matches are counted so far. */
export const COUNT_MAX = 10_000;
/** How long it is remembered that there are more. */
const REMEMBER_MS = 60_000;
const REMEMBERED_MAX = 1_000;

/**
 * How many match, exactly up to COUNT_MAX. That there are more is costly to see and asked again with every page,
 * and it stays true while objects come in: so that, and only that, is remembered for a while.
 */
export class Counter {
  readonly #sql: Sql;
  readonly #nowMs: () => number;
  /** Until when, by a digest of the search: values of keys are not kept. The oldest first. */
  readonly #many = new Map<string, number>();

  constructor(sql: Sql, nowMs: () => number = Date.now) {
    this.#sql = sql;
    this.#nowMs = nowMs;
  }

  /** @returns the number, or COUNT_MAX + 1 for any greater one */
  async count(search: Search): Promise<number> {
    const digest = createHash('sha256').update(JSON.stringify(search)).digest('base64');
    if ((this.#many.get(digest) ?? 0) > this.#nowMs()) return COUNT_MAX + 1;
    const count = await this.#countNow(search);
    if (count > COUNT_MAX) this.#remember(digest);
    return count;
  }

  async #countNow(search: Search): Promise<number> {
    if (isBeginningOfName(search)) {
      const some = await countUpTo(this.#sql, { ...search, firstGroupOnly: true }, COUNT_MAX + 1);
      if (some > COUNT_MAX) return some;
    }
    return countUpTo(this.#sql, search, COUNT_MAX + 1);
  }

  #remember(digest: string): void {
    this.#many.delete(digest);
    this.#many.set(digest, this.#nowMs() + REMEMBER_MS);
    for (const oldest of this.#many.keys()) {
      if (this.#many.size <= REMEMBERED_MAX) return;
      this.#many.delete(oldest);
    }
  }
}

/**
 * A name's beginning as the only key. Those who have it in the first group are usually all; where they are too
 * many, that is seen in a fifth of the time, since they stand together in the index of names.
 */
function isBeginningOfName({ level, institutions, fuzzyMatching, keys }: Search): boolean {
  const [name, ...others] = keys.columns;
  const { study, series } = keys.attributes;
  const isOnly = name?.column.name === 's.patient_name' && others.length + study.length + series.length === 0;
  const condition = name?.match.condition;
  return (
    isOnly &&
    level === 'study' &&
    institutions === undefined &&
    !fuzzyMatching &&
    condition?.kind === 'wildcard' &&
    /^[^*?]/.test(condition.pattern)
  );
}
