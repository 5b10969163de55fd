import { checkSegment } from '@acervo/kernel/pack/check.ts';
import type { Finding, FindingCode } from '@acervo/kernel/pack/finding.ts';
import { segmentName, segmentPath } from '@acervo/kernel/pack/record.ts';
import { newSha256 } from '../../holdings/pack/member.ts';
import { findSegment, type SegmentRow } from '../../holdings/segment.repo.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Db } from '../../ports/sql.ts';
import { rowsOfSegment, type Snapshot, takeSnapshot } from './verify.repo.ts';
import { GroupCheck } from './verify-group.ts';
import { type ArchiveJournalFinding, verifyJournal } from './verify-journal.ts';

/**
 * What the index and the packs can disagree about, beside what a segment tells of itself (kernel/pack/finding.ts):
 * - `segment.missing`: the index knows it, the file is not there. `segment.unknown`: the other way round.
 * - `segment.watermark`: the index knows another last record.
 * - `row.missing`, `row.foreign`, `row.altered`: an instance's row against its member.
 * - `event.missing`, `event.altered`: a journal row against the record or line that tells it.
 * - `count.wrong`: a series or study counts other instances than it has.
 * - `segment.rolled-back`: the journal knows other records of a sealed segment.
 * - `journal...`, `checkpoint...`, `key.replaced`: the sealed journal, see kernel/journal/finding.ts.
 */
export type ArchiveFinding =
  | Finding<
      | FindingCode
      | 'segment.missing'
      | 'segment.unknown'
      | 'segment.watermark'
      | 'row.missing'
      | 'row.foreign'
      | 'row.altered'
      | 'event.missing'
      | 'event.altered'
      | 'count.wrong'
    >
  | ArchiveJournalFinding;

export type VerifyTotals = {
  segments: number;
  open: number;
  records: number;
  members: number;
  bytes: number;
  journalLines: number;
  checkpoints: number;
  /** The last number that a checkpoint covers. */
  signedTo: number;
  findings: number;
};

export type VerifyPorts = { db: Db; blobs: BlobStore; journalBlobs: BlobStore; signal: AbortSignal };
export type VerifyWanted = {
  /** Read every byte of every member; else headers, records and rows only. */
  deep: boolean;
  /** One segment only, and no journal. */
  segment: number | undefined;
};

/**
 * Compare packs, index and journal. Nothing is changed, and a running server may go on storing: open segments are
 * read up to what the index knew when it began.
 */
export async function verifyArchive(
  ports: VerifyPorts,
  wanted: VerifyWanted,
  tell: (finding: ArchiveFinding) => void,
): Promise<VerifyTotals> {
  const totals: VerifyTotals = {
    segments: 0,
    open: 0,
    records: 0,
    members: 0,
    bytes: 0,
    journalLines: 0,
    checkpoints: 0,
    signedTo: 0,
    findings: 0,
  };
  const say = (finding: ArchiveFinding): void => {
    totals.findings += 1;
    tell(finding);
  };
  const snapshot = await takeSnapshot(ports.db, wanted.segment);
  for (const { what, told, found } of snapshot.miscounted) {
    say({ code: 'count.wrong', what, detail: `counts ${told} instances, has ${found}` });
  }
  for (const row of snapshot.segments) {
    ports.signal.throwIfAborted();
    await new SegmentVerify(ports, row, wanted.deep, totals, say).run(snapshot);
  }
  if (wanted.segment !== undefined) return totals;
  await findUnknown(ports, new Set(snapshot.segments.map(({ segment }) => segment)), say);
  const journal = await verifyJournal(ports, snapshot, say);
  totals.journalLines = journal.lines;
  totals.checkpoints = journal.checkpoints;
  totals.signedTo = journal.signedTo;
  return totals;
}

class SegmentVerify {
  readonly #ports: VerifyPorts;
  readonly #row: SegmentRow;
  readonly #deep: boolean;
  readonly #totals: VerifyTotals;
  readonly #say: (finding: ArchiveFinding) => void;

  constructor(
    ports: VerifyPorts,
    row: SegmentRow,
    deep: boolean,
    totals: VerifyTotals,
    say: (finding: ArchiveFinding) => void,
  ) {
    this.#ports = ports;
    this.#row = row;
    this.#deep = deep;
    this.#totals = totals;
    this.#say = say;
  }

  async run({ rows }: Snapshot): Promise<void> {
    const { segment, committed, state } = this.#row;
    const name = segmentName(segment);
    const counted = rows.get(segment) ?? 0;
    const size = await this.#ports.blobs.sizeOf(segmentPath(segment));
    // A row without a group is of a process that ended before its file was made.
    if (size === undefined && committed === 0 && counted === 0) return;
    if (size === undefined)
      return this.#say({ code: 'segment.missing', what: name, detail: `${counted} instances lay in it` });
    this.#totals.segments += 1;
    if (state === 'open') this.#totals.open += 1;
    if (size < committed)
      this.#say({ code: 'segment.cut', what: name, detail: `${size} bytes, the index knows ${committed}` });
    // Behind the watermark of an open segment its writer is at work; behind that of an abandoned one nothing counts.
    const known = await this.#read(state === 'sealed' ? size : Math.min(size, committed));
    await this.#compareRows(counted, known);
  }

  /** @returns offsets of the members that have their row */
  async #read(size: number): Promise<Set<number>> {
    const { blobs, db } = this.#ports;
    const { segment } = this.#row;
    const reader = await blobs.open(segmentPath(segment));
    const group = new GroupCheck(db, this.#say);
    try {
      const bytes = { size, read: (offset: number, length: number) => reader.read(offset, length) };
      for await (const checked of checkSegment(bytes, { segment, newSha256, deep: this.#deep })) {
        if (checked.kind === 'finding') {
          this.#say({ code: checked.code, what: checked.what, detail: checked.detail });
        } else if (checked.kind === 'group') {
          this.#totals.records += 1;
          this.#totals.members += checked.record.members.length;
          this.#totals.bytes += checked.record.members.reduce((sum, { length }) => sum + length, 0);
          await group.take(checked.record);
        } else this.#compareEnd(checked);
      }
      await group.flush();
      return group.known;
    } finally {
      await reader.close();
    }
  }

  #compareEnd(end: { end: number; records: number; chain: string; sealed: boolean }): void {
    const { segment, state, committed, records, chain } = this.#row;
    const name = segmentName(segment);
    if (state === 'sealed' && !end.sealed) {
      this.#say({ code: 'segment.cut', what: name, detail: `ends after ${end.records} records, without its seal` });
    } else if (end.records !== records || end.chain !== chain || end.end !== committed) {
      const told = `the index knows ${records} records to ${committed}`;
      this.#say({ code: 'segment.watermark', what: name, detail: `${told}, there are ${end.records} to ${end.end}` });
    }
  }

  async #compareRows(counted: number, known: ReadonlySet<number>): Promise<void> {
    if (counted === known.size) return;
    const { segment, committed } = this.#row;
    for (const { sop, version, at } of await rowsOfSegment(this.#ports.db, segment)) {
      // What came since the snapshot lies behind the watermark of then.
      if (known.has(at) || at >= committed) continue;
      this.#say({
        code: 'row.foreign',
        what: `${sop}~${version}`,
        detail: `says ${segmentName(segment)} at ${at}: no member`,
      });
    }
  }
}

const SEGMENT = /^\d{4}\/(\d{8})\.tar$/;

/** Files of the packs folder that the index does not know. One that was made since is known by now. */
async function findUnknown(
  { blobs, db }: VerifyPorts,
  known: ReadonlySet<number>,
  say: (finding: ArchiveFinding) => void,
): Promise<void> {
  for await (const name of blobs.list()) {
    const segment = Number(SEGMENT.exec(name)?.[1] ?? Number.NaN);
    if (known.has(segment)) continue;
    const isNew = segmentPath(segment) === name && (await findSegment(db, segment)) !== undefined;
    if (!isNew) say({ code: 'segment.unknown', what: name, detail: 'not in the index' });
  }
}
