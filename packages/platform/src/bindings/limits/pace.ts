/** A peer that sends fewer bytes than this within its patience, while somebody waits for them, is as good as silent. */
export const PACE_BYTES_MIN = 16 * 1024;

/**
 * How long a sender may still be waited for. Silence alone does not tell: one byte a minute is no silence, and holds a
 * connection for ever. Only the time in which somebody waited counts, since a slow reader is not the sender's fault.
 */
export class Pace {
  readonly #patienceMs: number;
  readonly #bytesMin: number;
  #waitedMs = 0;
  #bytes = 0;

  constructor(patienceMs: number, bytesMin = PACE_BYTES_MIN) {
    this.#patienceMs = patienceMs;
    this.#bytesMin = bytesMin;
  }

  /** Patience that is left for the next wait, in milliseconds. */
  get leftMs(): number {
    return Math.max(0, this.#patienceMs - this.#waitedMs);
  }

  /** So many bytes came, after a wait of so long. */
  came(bytes: number, waitedMs: number): void {
    this.#bytes += bytes;
    this.#waitedMs += waitedMs;
    if (this.#bytes < this.#bytesMin) return;
    this.#bytes = 0;
    this.#waitedMs = 0;
  }
}
