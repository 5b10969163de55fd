import { Failure } from '@acervo/kernel/failure.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Sql } from '../ports/sql.ts';
import { type Envelope, eventText } from './event.ts';
import { monthAfter, monthOf } from './month.ts';
import { KEPT_KINDS, retiredMonths } from './months.repo.ts';
import type { NumberedRow } from './proven.repo.ts';
import { readLines, type SealedLine } from './segments.ts';

/** More are never shown in one file. */
const ROWS_MAX = 100_000;

/** Whose events the database does not have any more; their numbers and hashes it has. */
export class Retired {
  readonly #months: ReadonlySet<string>;
  /** Least and greatest number among them; 0 where nothing was retired. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Events of this month and later ones are in the database, RFC 3339; undefined where nothing was retired. */
  readonly before: string | undefined;

  constructor(months: Awaited<ReturnType<typeof retiredMonths>>) {
    this.#months = new Set(months.map(({ month }) => month));
    const full = months.filter(({ events }) => events > 0);
    this.firstSeq = full.length === 0 ? 0 : Math.min(...full.map(({ firstSeq }) => firstSeq));
    this.lastSeq = Math.max(0, ...months.map(({ lastSeq }) => lastSeq));
    const last = months.at(-1)?.month;
    this.before = last && `${monthAfter(last, 1)}-01T00:00:00.000Z`;
  }

  static async of(sql: Sql): Promise<Retired> {
    return new Retired(await retiredMonths(sql));
  }

  has({ id, kind }: Pick<Envelope, 'id' | 'kind'>): boolean {
    return this.#months.has(monthOf(id)) && !KEPT_KINDS.has(kind);
  }

  /**
   * The lines of what was retired, in the order of their numbers: some seconds for a million.
   * @throws {Failure} retrieve/damaged for a line that is not what it was
   */
  async *lines(blobs: BlobStore, from = this.firstSeq, through = this.lastSeq): AsyncGenerator<SealedLine> {
    if (through < 1) return;
    for await (const line of readLines(blobs, Math.max(1, from))) {
      if (line.seq > through) return;
      if (this.has(line.event as Envelope)) yield line;
    }
  }
}

/**
 * Rows whose events were retired, with what the segments tell in their place. Rows are in the order of numbers.
 * @throws {Failure} retrieve/damaged for a number of which there is neither
 */
export async function withRetired<Row extends { seq: number; event: string | null }>(
  blobs: BlobStore,
  rows: readonly Row[],
): Promise<(Row & { event: string })[]> {
  const missing = rows.filter(({ event }) => event === null).map(({ seq }) => seq);
  const found = new Map<number, string>();
  const last = missing.at(-1) ?? 0;
  if (last > 0) {
    const wanted = new Set(missing);
    for await (const { seq, event } of readLines(blobs, Math.min(...missing))) {
      if (wanted.has(seq)) found.set(seq, eventText(event as Envelope));
      if (seq >= last) break;
    }
  }
  return rows.map((row) => {
    const event = row.event ?? found.get(row.seq);
    if (event === undefined) throw new Failure('retrieve/damaged', `number ${row.seq} has neither row nor line`);
    return { ...row, event };
  });
}

/** Those of retired lines that each question asks for, as the database would tell them, in one reading. */
export async function retiredRows(
  lines: AsyncIterable<SealedLine>,
  ...questions: readonly ((event: Envelope) => boolean)[]
): Promise<NumberedRow[][]> {
  const found = questions.map((isAsked) => ({ isAsked, rows: [] as NumberedRow[] }));
  for await (const { seq, prev, hash, event } of lines) {
    const envelope = event as Envelope;
    for (const { rows } of found.filter(({ isAsked }) => isAsked(envelope))) {
      rows.push({ seq, prev, hash, event: eventText(envelope) });
    }
    if (found.some(({ rows }) => rows.length > ROWS_MAX)) break;
  }
  return found.map(({ rows }) => rows);
}
