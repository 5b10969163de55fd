import { toFailure } from '@acervo/kernel/failure.ts';
import { Collector, limitsOf, type ReadOptions } from './collect.ts';
import type { ParseMark } from './limits.ts';
import type { DataSet } from './model.ts';
import { Puller, type RandomAccess } from './source.ts';
import { type Demand, type WalkEnd, walkDataSet } from './walk.ts';
import { ByteWindow } from './window.ts';

export type { ReadOptions } from './collect.ts';
export type { RandomAccess } from './source.ts';

/** A data set and what was wrong with it. */
export type Read = {
  dataSet: DataSet;
  marks: ReadonlySet<ParseMark>;
  /** Elements that `keep` did not want. */
  passedOver: number;
};

/**
 * Reads a data set as its bytes arrive. It copies what it keeps, so chunks may be recycled, and never
 * holds pixel data or a value above `valueBytesMax`: memory is bounded by `headerBytesMax`, whatever comes.
 * The result does not depend on how the bytes are cut into chunks.
 *
 * @example
 * const reader = new DataSetReader({ syntax, stopAtPixelData: true });
 * for await (const chunk of chunks) reader.push(chunk);
 * reader.end();
 * uidOf(reader.dataSet, T.SOPInstanceUID);
 */
export class DataSetReader {
  readonly dataSet: DataSet;
  readonly marks: ReadonlySet<ParseMark>;
  readonly #collector: Collector;
  readonly #window = new ByteWindow();
  readonly #walk: Generator<Demand, WalkEnd>;
  /** Bytes at the cursor without which the walk cannot go on; and bytes to come that nobody wants. */
  #need = 0;
  #skip = 0;
  #end: WalkEnd | undefined;
  #failure: Error | undefined;

  constructor(options: ReadOptions) {
    const marks = new Set<ParseMark>();
    this.marks = marks;
    this.#collector = new Collector(options, marks, false);
    this.dataSet = this.#collector.dataSet;
    this.#walk = walkDataSet(this.#window, options.syntax, this.#collector, marks, limitsOf(options));
  }

  /** Everything before the pixel data has been read: at a tag of group 7FE0 or beyond, or at the end. */
  get headerDone(): boolean {
    return this.#end !== undefined || this.#collector.isHeaderDone;
  }

  /** How and where reading ended; undefined while it goes on. */
  get walkEnd(): WalkEnd | undefined {
    return this.#end;
  }

  /** Elements that `keep` did not want. */
  get passedOver(): number {
    return this.#collector.passedOver;
  }

  /**
   * Take the next bytes. Once reading has ended, further bytes are ignored at no cost.
   * @throws {Failure} parse/limit, parse/malformed; again at each further call.
   */
  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#end !== undefined || chunk.length === 0) return;
    const skipped = Math.min(this.#skip, chunk.length);
    if (skipped > 0) this.#window.moveTo(this.#window.offset + skipped);
    this.#skip -= skipped;
    if (skipped === chunk.length) return;
    this.#window.append(chunk.subarray(skipped));
    if (this.#window.available >= this.#need) this.#run();
    this.#window.settle();
  }

  /** No more bytes. @throws {Failure} as push; never for a data set that ends too early: see `marks`. */
  end(): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#window.isEnded = true;
    if (this.#end === undefined) this.#run();
  }

  #run(): void {
    try {
      const step = this.#walk.next();
      if (step.done === true) this.#stop(step.value);
      else this.#await(step.value);
    } catch (thrown) {
      this.#failure = toFailure(thrown);
      throw this.#failure;
    }
  }

  #stop(end: WalkEnd): void {
    this.#end = end;
    this.#window.moveTo(end.offset);
  }

  #await(demand: Demand): void {
    this.#need = 'need' in demand ? demand.need : 0;
    this.#skip = 'skip' in demand ? demand.skip - this.#window.available : 0;
    if ('skip' in demand) this.#window.moveTo(this.#window.base + this.#window.end);
  }
}

/** Read a data set that is in memory. Values, pixel data and fragments included, are views of `bytes`. */
export function readDataSet(bytes: Uint8Array, options: ReadOptions): Read {
  const marks = new Set<ParseMark>();
  const window = new ByteWindow();
  window.append(bytes);
  window.isEnded = true;
  const collector = new Collector(options, marks, true);
  walkDataSet(window, options.syntax, collector, marks, limitsOf(options)).next();
  return { dataSet: collector.dataSet, marks, passedOver: collector.passedOver };
}

/**
 * Read a data set from a source, block by block, seeking over what is not kept. Pixel data at depth 0 is
 * never read: its element has `offset` and `length`, or `fragments`.
 */
export async function readDataSetFrom(source: RandomAccess, options: ReadOptions): Promise<Read> {
  const marks = new Set<ParseMark>();
  const window = new ByteWindow();
  const collector = new Collector(options, marks, false);
  const walk = walkDataSet(window, options.syntax, collector, marks, limitsOf(options));
  const puller = new Puller(source, window);
  window.isEnded = source.length === 0;
  for (let step = walk.next(); step.done !== true; step = walk.next()) await puller.fulfil(step.value);
  return { dataSet: collector.dataSet, marks, passedOver: collector.passedOver };
}
