import { Failure } from '@acervo/kernel/failure.ts';

/** Submissions that may be on their way at once: each may fill a folder. */
const UNDER_WAY_MAX = 4;

/** Packages are judged one after the other, so that the archive serves on; few may wait. */
export class IntakePlaces {
  #underWay = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @throws {Failure} model/busy before anything of the submission is read */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#underWay >= UNDER_WAY_MAX) throw new Failure('model/busy', `${this.#underWay} packages are on their way`);
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
    }
  }

  /** After all that came before. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await before;
      return await work();
    } finally {
      resolve();
    }
  }
}
