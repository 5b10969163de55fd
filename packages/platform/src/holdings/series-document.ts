import type { Log } from '../ports/log.ts';
import type { Sql } from '../ports/sql.ts';
import { type HeldInstance, type HeldSeries, listInstances } from './find.repo.ts';
import type { JsonPorts } from './instance-json.ts';
import { type JsonPiece, jsonPiece } from './json-piece.ts';
import { Kept } from './kept.ts';
import type { SegmentFiles } from './segment-files.ts';
import { readSliceJson } from './slice-json.ts';

/** Memory of all kept documents, in bytes, both forms counted. */
export const SERIES_DOCUMENTS_BYTES_MAX = 64 * 2 ** 20;

/** A document is made and kept in slices, so that a series of any size takes bounded memory. */
const SLICE_INSTANCES_MAX = 128;
/** Of an object at most this much can be header (PARSE_LIMITS.headerBytesMax); a slice has no more in all. */
const SLICE_FILE_BYTES_MAX = 64 * 2 ** 20;

/** Of a text, what its deflated form takes at most, roughly: headers of a series are much alike. */
const DEFLATED_SHARE = 1 / 8;
/** Rough memory of an instance's row, in bytes. */
const ROW_BYTES = 512;

type Slice = HeldInstance[];
type Made = JsonPiece & { isWhole: boolean };

export type DocumentPorts = { db: Sql; files: SegmentFiles; log: Log };

/**
 * DICOM JSON of whole series (architecture decision 6): built once from the headers in the packs, kept plain
 * and deflated, and put together with others without being parsed again.
 */
export class SeriesDocuments {
  readonly #ports: DocumentPorts;
  readonly #plans: Kept<Slice[]>;
  readonly #slices: Kept<Made>;

  constructor(ports: DocumentPorts, bytesMax = SERIES_DOCUMENTS_BYTES_MAX) {
    this.#ports = ports;
    this.#plans = new Kept(
      bytesMax / 8,
      (slices) => ROW_BYTES * (1 + slices.reduce((sum, { length }) => sum + length, 0)),
    );
    // A header that could not be read may be readable again when its segment is repaired: it is not kept.
    this.#slices = new Kept(bytesMax - bytesMax / 8, ({ isWhole, text }) =>
      isWhole ? ROW_BYTES + text.length * (1 + DEFLATED_SHARE) : undefined,
    );
  }

  /** What a document depends on: stored bytes never change, so a series has the same one until it grows. */
  static keyOf(series: HeldSeries, base: string): string {
    const { studyKey, seriesKey, instanceCount, lastStored, charsetDefault } = series;
    return [base, studyKey, seriesKey, instanceCount, lastStored, charsetDefault].join('|');
  }

  /**
   * The instances of a series, ordered by number, then UID: JSON objects with commas between them.
   * @param base  scheme and authority: what BulkDataURIs begin with
   */
  async *pieces(series: HeldSeries, base: string): AsyncGenerator<JsonPiece> {
    const key = SeriesDocuments.keyOf(series, base);
    const plan = await this.#plans.get(key, async () => slicesOf(await listInstances(this.#ports.db, series)));
    let next = this.#slice(key, plan, 0, series.institution, base);
    for (let index = 0; index < plan.length; index++) {
      const piece = await next;
      if (index + 1 < plan.length) next = this.#slice(key, plan, index + 1, series.institution, base);
      yield piece;
    }
  }

  /** A slice that nobody waits for any more may fail unseen: who asks for it next meets the same failure. */
  #slice(key: string, plan: readonly Slice[], index: number, institution: string, base: string): Promise<Made> {
    const slice = plan[index] ?? [];
    const made = this.#slices.get(`${key}|${index}`, () => makeSlice(this.#ports, slice, institution, base));
    made.catch(() => undefined);
    return made;
  }
}

async function makeSlice(ports: JsonPorts, slice: Slice, institution: string, base: string): Promise<Made> {
  const { text, isWhole } = await readSliceJson(ports, slice, institution, base);
  return { ...jsonPiece(text), isWhole };
}

function slicesOf(instances: readonly HeldInstance[]): Slice[] {
  const slices: Slice[] = [];
  let slice: Slice = [];
  let bytes = 0;
  for (const instance of instances) {
    const isFull = slice.length === SLICE_INSTANCES_MAX || bytes + instance.fileBytes > SLICE_FILE_BYTES_MAX;
    if (slice.length === 0 || isFull) {
      slice = [];
      bytes = 0;
      slices.push(slice);
    }
    slice.push(instance);
    bytes += instance.fileBytes;
  }
  return slices;
}
