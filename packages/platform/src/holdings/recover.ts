import { toFailure } from '@acervo/kernel/failure.ts';
import { segmentPath } from '@acervo/kernel/pack/record.ts';
import { BLOCK_BYTES } from '@acervo/kernel/pack/tar.ts';
import type { BlobReader, BlobStore } from '../ports/blob-store.ts';
import type { Log } from '../ports/log.ts';
import { factsOfMembers } from './member-facts.ts';
import { monotonicTime } from './pack/pack-set.ts';
import { damageOf, type ScanEnd, type ScannedGroup, scanSegment } from './pack/scan.ts';
import { Segment } from './pack/segment.ts';
import type { Projector } from './projector.ts';
import { abandonSegment, highestSegment, insertSegment, type SegmentRow, unfinishedSegments } from './segment.repo.ts';

export type RecoverPorts = {
  blobs: BlobStore;
  projector: Projector;
  /** This data directory: only its own segments are repaired. */
  node: string;
  /** This process, which writes the sealing records. */
  writer: string;
  isAlive(writer: string): Promise<boolean>;
  log: Log;
};

export type Recovered = { segments: number; groups: number; instances: number };

/** A tar archive ends with two blocks of zeros. */
const ARCHIVE_END = new Uint8Array(2 * BLOCK_BYTES);
const NO_WRITER = '00000000-0000-0000-0000-000000000000';

/**
 * Before a process writes: bring back what an earlier one made durable and the index lost, cut what it left
 * half written, seal its segments. Only open segments are looked at, so it takes the same time at any size.
 */
export async function recover(ports: RecoverPorts): Promise<Recovered> {
  await adoptUnknownFiles(ports);
  const total = { segments: 0, groups: 0, instances: 0 };
  for (const row of await unfinishedSegments(ports.projector.db, ports.node)) {
    if (row.writer !== NO_WRITER && (await ports.isAlive(row.writer))) continue;
    const { groups, instances } = await recoverSegment(ports, row);
    total.segments += 1;
    total.groups += groups;
    total.instances += instances;
  }
  return total;
}

/** Files beyond the highest number known: a crash before their first row, or a database restored from earlier. */
async function adoptUnknownFiles({ blobs, projector, node }: RecoverPorts): Promise<void> {
  let number = (await highestSegment(projector.db)) + 1;
  for (; (await blobs.sizeOf(segmentPath(number))) !== undefined; number++) {
    await insertSegment(projector.db, number, NO_WRITER, node);
  }
}

async function recoverSegment(ports: RecoverPorts, row: SegmentRow): Promise<{ groups: number; instances: number }> {
  const { blobs, projector, log } = ports;
  const name = segmentPath(row.segment);
  if ((await blobs.sizeOf(name)) === undefined) {
    // Without a group it never had a file: the process ended between its row and its file.
    const isLost = row.committed > 0;
    log[isLost ? 'error' : 'info']('segment.missing', { segment: row.segment, committed: row.committed });
    await abandonSegment(projector.db, row.segment, row.committed);
    return { groups: 0, instances: 0 };
  }
  const reader = await blobs.open(name);
  try {
    const { groups, instances, end } = await replay(ports, reader, row);
    log.info('segment.recovered', { segment: row.segment, groups, instances, reason: end.reason });
    if (end.reason === 'sealed') await endArchive(ports, row.segment, end);
    else await (row.void_from === null ? sealTail : cutTail)(ports, row.segment, end);
    return { groups, instances };
  } finally {
    await reader.close();
  }
}

async function replay(ports: RecoverPorts, reader: BlobReader, row: SegmentRow) {
  const from = { segment: row.segment, at: row.committed, records: row.records, chain: row.chain };
  let groups = 0;
  let instances = 0;
  let end: ScanEnd = { kind: 'end', ...from, clean: true, reason: 'nothing read' };
  for await (const found of scanSegment(reader, from)) {
    if (found.kind === 'end') return { groups, instances, end: found };
    const damage = isVoid(row, found) ? 'void' : await firstDamage(reader, found);
    if (damage !== undefined) return { groups, instances, end: { ...end, clean: false, reason: damage } };
    await ports.projector.project(found, await factsOfMembers(reader, found.record));
    groups += 1;
    instances += found.record.members.length;
    end = { kind: 'end', at: found.end, records: found.record.record + 1, chain: found.chain, clean: true, reason: '' };
  }
  return { groups, instances, end };
}

const isVoid = (row: SegmentRow, group: ScannedGroup): boolean =>
  row.void_from !== null && group.start >= row.void_from;

/** Beyond the watermark a record can be on the disk before its members: then its fdatasync never returned. */
async function firstDamage(reader: BlobReader, group: ScannedGroup): Promise<string | undefined> {
  for (const [index, member] of group.record.members.entries()) {
    const damage = await damageOf(reader, member, group.placed[index]);
    if (damage !== '') return `member ${index} of record ${group.record.record} ${damage}`;
  }
  return undefined;
}

/** A crash may have kept a sealing record and lost the end of the archive behind it. */
async function endArchive({ blobs, log }: RecoverPorts, segment: number, end: ScanEnd): Promise<void> {
  const name = segmentPath(segment);
  if ((await blobs.sizeOf(name)) === end.at + ARCHIVE_END.length) return;
  try {
    const blob = await blobs.append(name);
    await blob.truncate(end.at);
    await blob.write([ARCHIVE_END], end.at);
    await blob.datasync();
    await blob.close();
  } catch (thrown) {
    log.warn('segment.unended', { segment, code: toFailure(thrown).code });
  }
}

/** What a failed fdatasync left in an abandoned segment must not come back with `tar xf` either. */
async function cutTail({ blobs, log }: RecoverPorts, segment: number, end: ScanEnd): Promise<void> {
  try {
    const blob = await blobs.append(segmentPath(segment));
    await blob.truncate(end.at);
    await blob.close();
  } catch (thrown) {
    log.warn('segment.uncut', { segment, code: toFailure(thrown).code });
  }
}

async function sealTail({ blobs, projector, writer, log }: RecoverPorts, segment: number, end: ScanEnd): Promise<void> {
  try {
    const blob = await blobs.append(segmentPath(segment));
    await blob.truncate(end.at);
    const state = { segment, end: end.at, records: end.records, chain: end.chain };
    await projector.project(await new Segment(state, blob, writer, monotonicTime()).seal(), []);
  } catch (thrown) {
    // A full disk must not keep reads from starting; the next start tries again.
    log.warn('segment.unsealed', { segment, code: toFailure(thrown).code });
  }
}
