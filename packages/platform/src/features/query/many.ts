import { createHash } from 'node:crypto';
import type { Search } from './search.repo.ts';

/** How long it is remembered that there are many. */
const REMEMBER_MS = 60_000;
const REMEMBERED_MAX = 1_000;

/**
 * Searches that match more than is counted. To see that takes a while and is asked again with every page, and it
 * stays true while objects come in: so that, and never a number, is remembered for a minute.
 */
export class Many {
  readonly #nowMs: () => number;
  /** Until when, by a digest of the search: values of keys are not kept. The oldest first. */
  readonly #until = new Map<string, number>();

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  has(search: Search): boolean {
    return (this.#until.get(digestOf(search)) ?? 0) > this.#nowMs();
  }

  note(search: Search): void {
    const digest = digestOf(search);
    this.#until.delete(digest);
    this.#until.set(digest, this.#nowMs() + REMEMBER_MS);
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= REMEMBERED_MAX) return;
      this.#until.delete(oldest);
    }
  }
}

const digestOf = (search: Search): string =>
  createHash('sha256').update(JSON.stringify(search, withMaps)).digest('base64');

const withMaps = (_: string, value: unknown): unknown => (value instanceof Map ? [...value] : value);
