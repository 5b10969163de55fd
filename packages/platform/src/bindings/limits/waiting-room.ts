export type WaitingLimits<T> = {
  /** Items that wait at a time; one more, and the oldest of all has to go. */
  max: number;
  /** Items of one key; one more, and the oldest of that key has to go. */
  perKeyMax: number;
  /** Called with each item that has to go, which has left by then. */
  evict(item: T): void;
};

/**
 * What has come and has not yet said what it wants, such as a connection. Nobody is turned away at the door: who has
 * waited longest makes room. So whoever says at once what it wants gets through, however many others come and are
 * silent.
 */
export class WaitingRoom<T> {
  readonly #limits: WaitingLimits<T>;
  /** In the order of coming. */
  readonly #keys = new Map<T, string>();
  readonly #byKey = new Map<string, Set<T>>();

  constructor(limits: WaitingLimits<T>) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** How many of a key wait. */
  sizeOf(key: string): number {
    return this.#byKey.get(key)?.size ?? 0;
  }

  /** An item that is here already becomes the youngest. */
  enter(key: string, item: T): void {
    this.leave(item);
    const alike = this.#byKey.get(key) ?? new Set<T>();
    this.#byKey.set(key, alike.add(item));
    this.#keys.set(item, key);
    const { max, perKeyMax } = this.#limits;
    if (alike.size > perKeyMax) this.#evictFirst(alike);
    else if (this.#keys.size > max) this.#evictFirst(this.#keys.keys());
  }

  /** @returns false where it was not here: it never came, left before, or had to go */
  leave(item: T): boolean {
    const key = this.#keys.get(item);
    if (key === undefined) return false;
    this.#keys.delete(item);
    const alike = this.#byKey.get(key);
    alike?.delete(item);
    if (alike?.size === 0) this.#byKey.delete(key);
    return true;
  }

  #evictFirst(items: Iterable<T>): void {
    for (const oldest of items) {
      this.leave(oldest);
      this.#limits.evict(oldest);
      return;
    }
  }
}
