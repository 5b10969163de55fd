import type { Sql } from '../ports/sql.ts';
import { findInstances, type Held, type HeldInstance, type InstanceUids } from './find.repo.ts';
import { SharedQuestion } from './shared-question.ts';

/** Instances that are looked for by one question. */
const BATCH_MAX = 64;

/** Finds instances for requests that come side by side. */
export class InstanceFinder {
  readonly #question: SharedQuestion<InstanceUids, Held<HeldInstance>[]>;

  constructor(sql: Sql) {
    this.#question = new SharedQuestion((of) => findInstances(sql, of), BATCH_MAX);
  }

  /** What each institution has that holds the study, in the order of their codes: not yet what may be seen. */
  find(of: InstanceUids): Promise<Held<HeldInstance>[]> {
    return this.#question.of(of);
  }
}
