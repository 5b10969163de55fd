import type { Sql } from '../ports/sql.ts';
import { findInstances, type Held, type HeldInstance, type InstanceUids, type Institutions } from './find.repo.ts';

/** Instances that are looked for by one question. */
const BATCH_MAX = 64;

type Asked = {
  of: InstanceUids;
  resolve(found: Held<HeldInstance>[]): void;
  reject(reason: unknown): void;
};

/**
 * Finds instances for requests that come side by side: what is asked while the database answers becomes the next
 * question, all of it together. Nothing is remembered, so another process may have written a moment ago, and a
 * question is never older than who asks it.
 */
export class InstanceFinder {
  readonly #sql: Sql;
  #waiting: Asked[] = [];
  #isAsking = false;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** What each institution of these has that holds the study, in the order of their codes. */
  async find(of: InstanceUids, institutions: Institutions): Promise<Held<HeldInstance>[]> {
    const { promise, resolve, reject } = Promise.withResolvers<Held<HeldInstance>[]>();
    this.#waiting.push({ of, resolve, reject });
    if (!this.#isAsking) void this.#ask();
    const found = await promise;
    return institutions === undefined ? found : found.filter(({ institution }) => institutions.includes(institution));
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_MAX);
      try {
        const found = await findInstances(
          this.#sql,
          batch.map(({ of }) => of),
        );
        for (const [index, { resolve }] of batch.entries()) resolve(found[index] ?? []);
      } catch (thrown) {
        for (const { reject } of batch) reject(thrown);
      }
    }
    this.#isAsking = false;
  }
}
