import { Failure } from '@acervo/kernel/failure.ts';
import { segmentPath } from '@acervo/kernel/pack/record.ts';
import type { BlobReader, BlobStore, LentBytes } from '../ports/blob-store.ts';
import { readRange } from './pack/scan.ts';

type Open = { reader: Promise<BlobReader>; uses: number };

/** Longer ranges are streamed. */
export const LENT_BYTES_MAX = 1 << 20;
/** Buffers that wait to be lent again; what more were lent at once goes when it comes back. */
const BUFFERS_KEPT_MAX = 16;

/** Keeps the segments that are being read open, the least recently used ones closed. */
export class SegmentFiles {
  readonly #blobs: BlobStore;
  readonly #openMax: number;
  readonly #open = new Map<number, Open>();
  /** The last one given back is lent first: it is still in the processor's cache. */
  readonly #buffers: Uint8Array[] = [];

  constructor(blobs: BlobStore, openMax: number) {
    this.#blobs = blobs;
    this.#openMax = openMax;
  }

  /** Use a segment; it stays open until `work` is done. */
  async using<T>(segment: number, work: (reader: BlobReader) => Promise<T>): Promise<T> {
    const open = this.#acquire(segment);
    try {
      return await work(await open.reader);
    } finally {
      open.uses -= 1;
      if (this.#open.size > this.#openMax) await this.#trim();
    }
  }

  /** Bytes of a range, in pieces; the segment stays open until the last one is taken. */
  async *stream(segment: number, at: number, length: number): AsyncGenerator<Uint8Array> {
    const open = this.#acquire(segment);
    try {
      yield* readRange(await open.reader, at, length);
    } finally {
      open.uses -= 1;
      await this.#trim();
    }
  }

  /**
   * A range of at most LENT_BYTES_MAX as a whole. New memory for each would cost as much as reading it: the kernel
   * gives it page by page, zeroed.
   * @throws {Failure} retrieve/damaged
   */
  async lend(segment: number, at: number, length: number): Promise<LentBytes> {
    const buffer = this.#buffers.pop() ?? Buffer.allocUnsafeSlow(LENT_BYTES_MAX);
    const giveBack = (): void => {
      if (this.#buffers.length < BUFFERS_KEPT_MAX) this.#buffers.push(buffer);
    };
    try {
      const bytes = buffer.subarray(0, length);
      const filled = await this.using(segment, (reader) => reader.fill(bytes, at));
      if (filled < length) throw new Failure('retrieve/damaged', `segment ends at ${at + filled}`);
      return { bytes, giveBack };
    } catch (thrown) {
      giveBack();
      throw thrown;
    }
  }

  async close(): Promise<void> {
    const readers = [...this.#open.values()].map((open) => open.reader);
    this.#open.clear();
    for (const reader of readers) await (await reader).close();
  }

  #acquire(segment: number): Open {
    const known = this.#open.get(segment);
    const open = known ?? { reader: this.#blobs.open(segmentPath(segment)), uses: 0 };
    // Last used goes last: the map's order is the order of use.
    this.#open.delete(segment);
    this.#open.set(segment, open);
    if (known === undefined) open.reader.catch(() => this.#open.delete(segment));
    open.uses += 1;
    return open;
  }

  async #trim(): Promise<void> {
    for (const [segment, open] of this.#open) {
      if (this.#open.size <= this.#openMax) return;
      if (open.uses > 0) continue;
      this.#open.delete(segment);
      await (await open.reader).close();
    }
  }
}
