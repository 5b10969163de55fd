import type { Sql } from '../ports/sql.ts';
import { findInstances, type Held, type HeldInstance, type InstanceUids, type Institutions } from './find.repo.ts';
import { SharedQuestion } from './shared-question.ts';

/** Instances that are looked for by one question. */
const BATCH_MAX = 64;

/** Finds instances for requests that come side by side. */
export class InstanceFinder {
  readonly #question: SharedQuestion<InstanceUids, Held<HeldInstance>[]>;

  constructor(sql: Sql) {
    this.#question = new SharedQuestion((of) => findInstances(sql, of), BATCH_MAX);
  }

  /** What each institution of these has that holds the study, in the order of their codes. */
  async find(of: InstanceUids, institutions: Institutions): Promise<Held<HeldInstance>[]> {
    const found = await this.#question.of(of);
    return institutions === undefined ? found : found.filter(({ institution }) => institutions.includes(institution));
  }
}
