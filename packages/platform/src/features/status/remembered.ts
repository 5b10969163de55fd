/** Answers that are remembered for different callers. */
const KEYS_MAX = 64;

/**
 * An answer that is asked for by every open page, and may be as old as `ageMs`: one question at a time for each key,
 * whoever comes meanwhile gets the same answer. A failure is not remembered.
 */
export class Remembered<T> {
  readonly #ask: (key: string) => Promise<T>;
  readonly #ageMs: number;
  readonly #now: () => number;
  readonly #known = new Map<string, { atMs: number; answer: Promise<T> }>();

  constructor(ageMs: number, ask: (key: string) => Promise<T>, now: () => number = Date.now) {
    this.#ageMs = ageMs;
    this.#ask = ask;
    this.#now = now;
  }

  of(key: string): Promise<T> {
    const known = this.#known.get(key);
    if (known !== undefined && this.#now() - known.atMs < this.#ageMs) return known.answer;
    const fresh = { atMs: this.#now(), answer: this.#ask(key) };
    this.#known.delete(key);
    this.#known.set(key, fresh);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEYS_MAX && oldest !== undefined) this.#known.delete(oldest);
    fresh.answer.catch(() => {
      if (this.#known.get(key) === fresh) this.#known.delete(key);
    });
    return fresh.answer;
  }
}
