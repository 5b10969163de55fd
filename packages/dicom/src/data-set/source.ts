import { Failure } from '@acervo/kernel/failure.ts';
import type { Demand } from './walk.ts';
import type { ByteWindow } from './window.ts';

/** Bytes that can be read anywhere: a file, a member of a pack, an object in a store. */
export type RandomAccess = {
  /** In bytes. */
  readonly length: number;
  /** @returns the bytes from `offset` on, at most `length`; fewer only where the source ends. */
  read(offset: number, length: number): Promise<Uint8Array>;
};

/** Bytes in memory as a source. What it reads are views. */
export const sourceOf = (bytes: Uint8Array): RandomAccess => ({
  length: bytes.length,
  read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
});

/** A stretch of a source as a source, cut where that one ends. */
export function sliceOf(source: RandomAccess, offset: number, length: number): RandomAccess {
  const within = Math.max(0, Math.min(length, source.length - offset));
  return {
    length: within,
    read: (at, wanted) => source.read(offset + at, Math.max(0, Math.min(wanted, within - at))),
  };
}

export const BLOCK_BYTES = 64 << 10;
/** Most headers are shorter, and memory for more would cost as much as reading them. */
const FIRST_BLOCK_BYTES = 8 << 10;

/** Answers the demands of a walker by reading and seeking in a source. */
export class Puller {
  readonly #source: RandomAccess;
  readonly #window: ByteWindow;
  /** After a large skip another is likely (the next fragment): read no more than its header. */
  #isSeeking = false;
  #blockBytes = FIRST_BLOCK_BYTES;

  constructor(source: RandomAccess, window: ByteWindow) {
    this.#source = source;
    this.#window = window;
  }

  /** @throws {Failure} parse/truncated when the source is shorter than it said. */
  async fulfil(demand: Demand): Promise<void> {
    const window = this.#window;
    if ('skip' in demand) {
      const target = Math.min(window.offset + demand.skip, this.#source.length);
      this.#isSeeking = demand.skip >= BLOCK_BYTES;
      window.moveTo(target);
      window.isEnded = target === this.#source.length;
      return;
    }
    const from = window.base + window.end;
    const lacking = demand.need - window.available;
    const length = Math.min(
      this.#isSeeking ? lacking : Math.max(lacking, this.#blockBytes),
      this.#source.length - from,
    );
    this.#isSeeking = false;
    this.#blockBytes = BLOCK_BYTES;
    const bytes = await this.#source.read(from, length);
    if (bytes.length < length) throw new Failure('parse/truncated', `source ended before its length, at ${from}`);
    window.append(bytes);
    window.isEnded = from + bytes.length >= this.#source.length;
  }
}
