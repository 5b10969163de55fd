/** How fast one key may ask. */
export type Rate = {
  /** Tokens that come back each second; 0: no limit. */
  perSecond: number;
  /** Tokens of a key that has asked for nothing for a while. */
  burst: number;
};

type Bucket = { tokens: number; atMs: number };

/** Keys that are remembered; the one that asked longest ago is forgotten, which gives it a full bucket. */
const KEYS_MAX = 10_000;

/** One token bucket for each key. What it costs in memory is bounded, whoever asks under however many names. */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #keysMax: number;
  /** In the order of their last question. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate, keysMax = KEYS_MAX) {
    this.#rate = rate;
    this.#keysMax = keysMax;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Take one token.
   * @param nowMs  a clock that does not go back
   * @returns false where there is none: nothing is taken then
   */
  take(key: string, nowMs: number): boolean {
    const { perSecond, burst } = this.#rate;
    if (perSecond === 0) return true;
    const { tokens, atMs } = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    const now = Math.min(burst, tokens + ((nowMs - atMs) / 1000) * perSecond);
    const isTaken = now >= 1;
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: isTaken ? now - 1 : now, atMs: nowMs });
    if (this.#buckets.size > this.#keysMax) this.#forgetOldest();
    return isTaken;
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
