import { canonicalJson } from '@acervo/kernel/canonical-json.ts';
import { JournalCheck, type JournalTotals } from '@acervo/kernel/journal/check.ts';
import { type JournalFinding, rangeText } from '@acervo/kernel/journal/finding.ts';
import type { Finding } from '@acervo/kernel/pack/finding.ts';
import { segmentName } from '@acervo/kernel/pack/record.ts';
import { sealedSegmentsOf } from '../../holdings/announce-sealed.ts';
import type { SegmentRow } from '../../holdings/segment.repo.ts';
import type { Envelope } from '../../journal/event.ts';
import type { Retired } from '../../journal/retired.ts';
import { checkpointLinesTo, journalLines, type SealedLine, sha256, sha256Text } from '../../journal/segments.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Db } from '../../ports/sql.ts';
import { type SealRow, type Snapshot, sealsAfter } from './verify.repo.ts';

export type ArchiveJournalFinding =
  | JournalFinding
  | Finding<'event.missing' | 'event.altered' | 'segment.missing' | 'segment.rolled-back'>;

const BATCH = 1000;

/**
 * Read the journal segments to their end: each line against its hash and its neighbours, the checkpoints against the
 * lines, and up to where the index was when this began each line against its number and its row.
 */
export async function verifyJournal(
  { db, journalBlobs }: { db: Db; journalBlobs: BlobStore },
  snapshot: Snapshot,
  say: (finding: ArchiveJournalFinding) => void,
): Promise<JournalTotals> {
  const rows = new RowsCheck(db, snapshot, say);
  const check = await JournalCheck.begin({
    hash: sha256,
    sha256: sha256Text,
    checkpoints: checkpointLinesTo(journalBlobs, snapshot.lastCheckpoint),
    held: [],
    keys: [],
    tell: say,
    line: (line) => rows.take(line),
  });
  for await (const { text, file, number } of journalLines(journalBlobs)) {
    await check.take(text, `${file}:${number}`);
    if (rows.isDue) await rows.flush();
  }
  const totals = await check.finish();
  await rows.finish();
  return totals;
}

/** Compares lines with the numbers and rows of the index. */
class RowsCheck {
  readonly #db: Db;
  readonly #lastSeq: number;
  readonly #segments: ReadonlyMap<number, SegmentRow>;
  readonly #retired: Retired;
  readonly #say: (finding: ArchiveJournalFinding) => void;
  #lines: SealedLine[] = [];
  /** Up to here numbers of the index were compared. */
  #at = 0;

  constructor(db: Db, { lastSeq, segments, retired }: Snapshot, say: (finding: ArchiveJournalFinding) => void) {
    this.#db = db;
    this.#lastSeq = lastSeq;
    this.#segments = new Map(segments.map((row) => [row.segment, row]));
    this.#retired = retired;
    this.#say = say;
  }

  get isDue(): boolean {
    return this.#lines.length >= BATCH;
  }

  take(line: SealedLine): void {
    if (line.seq <= this.#lastSeq) this.#lines.push(line);
  }

  async flush(): Promise<void> {
    const lines = this.#lines;
    this.#lines = [];
    const last = lines.at(-1)?.seq ?? this.#at;
    const seals = new Map<number, SealRow>();
    while (this.#at < last) {
      const page = await sealsAfter(this.#db, this.#at, last, BATCH);
      for (const seal of page) seals.set(seal.seq, seal);
      this.#at = page.length < BATCH ? last : (page.at(-1)?.seq ?? last);
    }
    for (const line of lines) this.#compare(line, seals.get(line.seq));
  }

  /** The index knows numbers that the segments do not have any more. */
  async finish(): Promise<void> {
    await this.flush();
    if (this.#at >= this.#lastSeq) return;
    const what = rangeText(this.#at + 1, this.#lastSeq);
    this.#say({ code: 'journal.missing', what, detail: 'the index has numbers behind the last line' });
  }

  #compare({ seq, hash, event }: SealedLine, seal: SealRow | undefined): void {
    if (seal === undefined) {
      return this.#say({ code: 'journal.foreign', what: `${seq}`, detail: 'the index has no such number' });
    }
    if (seal.hash !== hash) {
      this.#say({ code: 'journal.altered', what: `${seq}`, detail: 'the index has another hash' });
    }
    const { id } = seal;
    const isRetired = seal.event === null && this.#retired.has(event as Envelope);
    if (isRetired) return this.#compareSegments(seq, event as Envelope);
    if (seal.event === null) this.#say({ code: 'event.missing', what: id, detail: `number ${seq} has no row` });
    else if (seal.event !== canonicalJson(event)) {
      this.#say({ code: 'event.altered', what: id, detail: `line ${seq} tells another` });
    }
    this.#compareSegments(seq, event as Envelope);
  }

  /** What was told of sealed segments, against what the index has of them now. */
  #compareSegments(seq: number, { kind, facts }: Envelope): void {
    if (kind !== 'segment.sealed') return;
    for (const { segment, records, chain } of sealedSegmentsOf(facts)) {
      const row = this.#segments.get(segment);
      const what = segmentName(segment);
      if (row === undefined)
        this.#say({ code: 'segment.missing', what, detail: `line ${seq} of the journal knows it` });
      else if (row.records !== records || row.chain !== chain) {
        const detail = `line ${seq} of the journal knows ${records} records, the index ${row.records}`;
        this.#say({ code: 'segment.rolled-back', what, detail });
      }
    }
  }
}
