const EMPTY = new Uint8Array(0);

/**
 * The stretch of a data set that a walker sees: contiguous bytes, with a cursor. A driver appends to it
 * or moves it; the walker only reads and advances `at`.
 */
export class ByteWindow {
  bytes: Uint8Array = EMPTY;
  /** Cursor into `bytes`. */
  at = 0;
  /** End of the valid part of `bytes`. */
  end = 0;
  /** Offset in the data set of `bytes[0]`. */
  base = 0;
  /** No byte will follow. */
  isEnded = false;
  /** True while `bytes` is memory of this window, false while it is a caller's. */
  #owned = false;

  /** Offset of the cursor in the data set. */
  get offset(): number {
    return this.base + this.at;
  }

  get available(): number {
    return this.end - this.at;
  }

  /** Show `chunk` after what is left. It is referred to, not copied, until `settle`, if nothing is left. */
  append(chunk: Uint8Array): void {
    if (this.at === this.end) {
      this.base += this.end;
      this.#show(chunk, chunk.length, false);
      return;
    }
    this.#reserve(this.available + chunk.length);
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** Copy what is left of a caller's chunk, so that the caller may recycle it. */
  settle(): void {
    if (!this.#owned) this.#reserve(this.available);
  }

  /** Drop what is shown and stand at `offset`. */
  moveTo(offset: number): void {
    this.#show(EMPTY, 0, false);
    this.base = offset;
  }

  #show(bytes: Uint8Array, length: number, owned: boolean): void {
    this.bytes = bytes;
    this.at = 0;
    this.end = length;
    this.#owned = owned;
  }

  /** Own memory for `length` bytes from the cursor on; doubling keeps many small chunks linear. */
  #reserve(length: number): void {
    const left = this.bytes.subarray(this.at, this.end);
    this.base += this.at;
    if (this.#owned && length <= this.bytes.length) {
      this.bytes.copyWithin(0, this.at, this.end);
      this.#show(this.bytes, left.length, true);
      return;
    }
    const grown = new Uint8Array(this.#owned ? Math.max(length, 2 * this.bytes.length) : length);
    grown.set(left);
    this.#show(grown, left.length, true);
  }
}
