/**
 * What is costly to make and asked for again: kept while there is room, the least recently used dropped
 * first. Who asks for what is being made waits for it, so nothing is made twice at once.
 */
export class Kept<T> {
  readonly #bytesMax: number;
  readonly #bytesOf: (value: T) => number | undefined;
  /** In the order of use; `bytes` is 0 while the value is being made. */
  readonly #entries = new Map<string, { value: Promise<T>; bytes: number }>();
  #bytes = 0;

  /** @param bytesOf memory that a value takes, roughly; undefined for one that must not be kept. */
  constructor(bytesMax: number, bytesOf: (value: T) => number | undefined) {
    this.#bytesMax = bytesMax;
    this.#bytesOf = bytesOf;
  }

  get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.value;
    }
    const entry = { value: make(), bytes: 0 };
    this.#entries.set(key, entry);
    entry.value.then(
      (value) => this.#keep(key, entry, this.#bytesOf(value)),
      () => this.#drop(key),
    );
    return entry.value;
  }

  /** Bytes that are kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  #keep(key: string, entry: { bytes: number }, bytes: number | undefined): void {
    if (bytes === undefined || bytes > this.#bytesMax) return this.#drop(key);
    entry.bytes = bytes;
    this.#bytes += bytes;
    for (const [oldest, { bytes: held }] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) return;
      if (held > 0) this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}
