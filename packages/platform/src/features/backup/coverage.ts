import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { isJournalFile } from '@acervo/kernel/journal/line.ts';
import { segmentPath } from '@acervo/kernel/pack/record.ts';
import { BLOCK_BYTES } from '@acervo/kernel/pack/tar.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { scanSegment } from '../../holdings/pack/scan.ts';
import { findSegment, type SegmentRow } from '../../holdings/segment.repo.ts';
import { lastCheckpoint } from '../../journal/checkpoint.repo.ts';
import { lastSeal } from '../../journal/journal.repo.ts';
import { waitMs } from '../../journal/sealer.ts';
import { checkpointLines, readLines } from '../../journal/segments.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import { hasUnnumbered, modelFiles, nextTransactionId, segmentsAtOnce, unsealedSegments } from './backup.repo.ts';
import type { Damage } from './manifest.ts';

/** The part of a file that the backup must hold. Those bytes never change any more. */
export type Planned = { path: string; from: BlobStore; name: string; length: number; chain: string };

export type Coverage = {
  at: string;
  journal: { seq: number; hash: string };
  files: Planned[];
  records: number;
  damaged: Damage[];
};

/** What is read. `sealAll` numbers committed events; any process may, and a server does so all the time. */
export type BackupSource = Pick<Holdings, 'db' | 'blobs' | 'journalBlobs'> & {
  modelBlobs: BlobStore;
  sealer: { sealAll(): Promise<unknown> };
};

/** How long the sealer, and the index, may be behind. Usual are one second and some milliseconds. */
const BEHIND_MS_MAX = 30_000;
const ASK_AGAIN_MS = 50;
/** A tar archive ends with two blocks of zeros. */
const ARCHIVE_END_BYTES = 2 * BLOCK_BYTES;

/**
 * What a backup that begins now must hold: everything acknowledged and every fact recorded before. First the
 * journal's position, then the segments': the group of a numbered event is in the index, so no event is there
 * without its objects. What comes later than this moment is left to the next backup.
 * @throws {Failure} database/unavailable when journal or index stay behind
 */
export async function coverageNow(source: BackupSource, signal: AbortSignal): Promise<Coverage> {
  const at = new Date().toISOString();
  await untilNumbered(source, signal);
  const journal = await journalNow(source);
  await untilIndexed(source, signal);
  const rows = await segmentsAtOnce(source.db);
  const coverage: Coverage = { at, ...journal, records: 0 };
  for (const row of rows) await addSegment(coverage, source.blobs, row);
  await addModels(coverage, source);
  return coverage;
}

/** An event is in the journal segments when it has its number: only one process at a time gives them. */
async function untilNumbered({ db, sealer }: BackupSource, signal: AbortSignal): Promise<void> {
  const before = await nextTransactionId(db);
  await until(
    signal,
    async () => {
      await sealer.sealAll();
      return !(await hasUnnumbered(db, before));
    },
    'a transaction keeps the journal from being numbered',
  );
}

async function journalNow({
  db,
  journalBlobs,
}: BackupSource): Promise<Pick<Coverage, 'journal' | 'files' | 'damaged'>> {
  const { seq, hash } = await lastSeal(db);
  const names: string[] = [];
  for await (const name of journalBlobs.list()) {
    if (isJournalFile(name) && Number.parseInt(name, 10) <= seq) names.push(name);
  }
  const files: Planned[] = [];
  const damaged: Damage[] = [];
  for (const [index, name] of names.entries()) {
    const path = `journal/${name}`;
    // A file that has a successor is finished.
    let length = (await journalBlobs.sizeOf(name)) ?? 0;
    if (index === names.length - 1) {
      const end = await endOfLine(journalBlobs, seq);
      if (typeof end === 'number') length = end;
      else damaged.push({ path, reason: end });
    }
    if (length > 0) files.push({ path, from: journalBlobs, name, length, chain: '' });
  }
  files.push(...(await checkpointsNow({ db, journalBlobs })));
  if (seq > 0 && names.length === 0) damaged.push({ path: 'journal', reason: `holds no line ${seq}` });
  return { journal: { seq, hash }, files, damaged };
}

/** Files of checkpoints to the end of the last one: further ones that come meanwhile are left to the next backup. */
async function checkpointsNow({ db, journalBlobs }: Pick<BackupSource, 'db' | 'journalBlobs'>): Promise<Planned[]> {
  const last = await lastCheckpoint(db);
  const lengths = new Map<string, number>();
  for await (const { file, end, text } of checkpointLines(journalBlobs)) {
    lengths.set(file, end);
    if (text === last?.line) break;
  }
  return [...lengths].map(([name, length]) => ({
    path: `journal/${name}`,
    from: journalBlobs,
    name,
    length,
    chain: '',
  }));
}

/** Where the last numbered line ends: what stands behind it may be written anew. @returns or why it is not found */
async function endOfLine(journalBlobs: BlobStore, seq: number): Promise<number | string> {
  try {
    for await (const line of readLines(journalBlobs, seq)) if (line.seq === seq) return line.end;
    return `line ${seq} is missing`;
  } catch (thrown) {
    const failure = toFailure(thrown);
    if (failure.code !== 'retrieve/damaged') throw failure;
    return failure.detail;
  }
}

/**
 * A database server that crashed a moment ago has forgotten groups that were acknowledged; whoever wrote them is
 * about to project them again. What stands whole in a segment now must be in the index, or void.
 */
async function untilIndexed({ db, blobs }: BackupSource, signal: AbortSignal): Promise<void> {
  for (const row of await unsealedSegments(db)) {
    const target = await wholeEnd(blobs, row);
    if (target <= row.committed) continue;
    await until(
      signal,
      async () => {
        const now = await findSegment(db, row.segment);
        if (now === undefined || now.state === 'sealed') return true;
        // A refused group may have been cut off since.
        return now.committed >= Math.min(target, now.void_from ?? target, await wholeEnd(blobs, now));
      },
      `segment ${row.segment} is ahead of the index`,
    );
  }
}

/** Where the last whole group of a segment ends, read from its watermark on. */
async function wholeEnd(blobs: BlobStore, row: SegmentRow): Promise<number> {
  const name = segmentPath(row.segment);
  if ((await blobs.sizeOf(name)) === undefined) return row.committed;
  const reader = await blobs.open(name);
  try {
    const from = { segment: row.segment, at: row.committed, records: row.records, chain: row.chain };
    for await (const found of scanSegment(reader, from)) if (found.kind === 'end') return found.at;
    return row.committed;
  } finally {
    await reader.close();
  }
}

async function until(signal: AbortSignal, isSo: () => Promise<boolean>, otherwise: string): Promise<void> {
  const deadlineMs = performance.now() + BEHIND_MS_MAX;
  while (!(await isSo())) {
    if (signal.aborted) throw new Failure('request/cancelled', 'ended before anything was copied');
    if (performance.now() > deadlineMs) {
      throw new Failure('database/unavailable', `${otherwise} for ${BEHIND_MS_MAX / 1000} s`);
    }
    await waitMs(ASK_AGAIN_MS, signal);
  }
}

async function addSegment(coverage: Coverage, blobs: BlobStore, row: SegmentRow): Promise<void> {
  const committed = row.state === 'abandoned' ? Math.min(row.committed, row.void_from ?? row.committed) : row.committed;
  if (committed === 0) return;
  const name = segmentPath(row.segment);
  const path = `packs/${name}`;
  const size = await blobs.sizeOf(name);
  if (size === undefined || size < committed) {
    const reason = size === undefined ? 'is missing' : `has ${size} of ${committed} bytes`;
    coverage.damaged.push({ path, reason: `${reason} in the archive` });
    return;
  }
  // A crash may have kept a sealing record and lost the end of the archive behind it: what is there is copied.
  const length = row.state === 'sealed' ? Math.min(size, committed + ARCHIVE_END_BYTES) : committed;
  coverage.files.push({ path, from: blobs, name, length, chain: row.chain });
  coverage.records += row.records;
}

/** Files of model packages never change. One whose package came after the journal's position is no harm. */
async function addModels(coverage: Coverage, { db, modelBlobs: from }: BackupSource): Promise<void> {
  for (const { sha256, sizeBytes: length } of await modelFiles(db)) {
    const name = `${sha256.slice(0, 2)}/${sha256}`;
    const path = `models/${name}`;
    const size = await from.sizeOf(name);
    if (size === length) coverage.files.push({ path, from, name, length, chain: '' });
    else coverage.damaged.push({ path, reason: `has ${size ?? 0} of ${length} bytes in the archive` });
  }
}
