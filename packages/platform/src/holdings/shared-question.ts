type Asking<Key, Answer> = { key: Key; resolve(answer: Answer): void; reject(thrown: unknown): void };

/**
 * Puts questions of one kind together: what comes while the database answers becomes the next question, all of it at
 * once. Nothing is remembered, so another process may have written a moment ago, and an answer is never older than
 * who asks. With many who ask there is one question for many of them, with one nobody waits.
 */
export class SharedQuestion<Key, Answer> {
  readonly #ask: (keys: readonly Key[]) => Promise<readonly Answer[]>;
  readonly #keysMax: number;
  #waiting: Asking<Key, Answer>[] = [];
  #isAsking = false;

  /** @param ask answers in the order of the keys; `keysMax` of them at most */
  constructor(ask: (keys: readonly Key[]) => Promise<readonly Answer[]>, keysMax: number) {
    this.#ask = ask;
    this.#keysMax = keysMax;
  }

  of(key: Key): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject });
      if (!this.#isAsking) void this.#askAll();
    });
  }

  /** Never rejects: who asked is told. */
  async #askAll(): Promise<void> {
    this.#isAsking = true;
    while (this.#waiting.length > 0) {
      const asking = this.#waiting.splice(0, this.#keysMax);
      try {
        const answers = await this.#ask(asking.map(({ key }) => key));
        for (const [index, { resolve }] of asking.entries()) resolve(answers[index] as Answer);
      } catch (thrown) {
        for (const { reject } of asking) reject(thrown);
      }
    }
    this.#isAsking = false;
  }
}
