import { checkSegment } from '@acervo/kernel/pack/check.ts';
import type { Finding } from '@acervo/kernel/pack/finding.ts';
import { type CommitRecord, segmentName, segmentPath } from '@acervo/kernel/pack/record.ts';
import { newSha256 } from '../../holdings/pack/member.ts';
import { monotonicTime } from '../../holdings/pack/pack-set.ts';
import { damageOf } from '../../holdings/pack/scan.ts';
import { Segment } from '../../holdings/pack/segment.ts';
import type { BlobReader, BlobStore } from '../../ports/blob-store.ts';

/** What a first reading of a segment's records tells. */
export type Surveyed = {
  segment: number;
  /** Commit time of its first record; '' when it has none. */
  firstAt: string;
  writer: string;
  sealed: boolean;
  /** End of its last record, bytes; records so far; digest of the last one. */
  end: number;
  records: number;
  chain: string;
  /** Nothing in it is other than it should be. */
  isSound: boolean;
  /** Everything from here on is taken as never written. */
  voidFrom: number | undefined;
};

export type ReindexFinding = Finding<string>;
type Say = (finding: ReindexFinding) => void;

type Last = { record: CommitRecord; start: number };

const SEGMENT = /^\d{4}\/(\d{8})\.tar$/;
const NO_WRITER = '00000000-0000-0000-0000-000000000000';

/**
 * Read every segment's headers and records, apply the voids that they tell, and end what nobody ended: an unsealed
 * segment's writer is dead, because nobody else has the archive open.
 */
export async function surveySegments(
  blobs: BlobStore,
  writer: string,
  say: Say,
  signal: AbortSignal,
): Promise<Surveyed[]> {
  const found: Surveyed[] = [];
  const lasts = new Map<number, Last>();
  const voids = new Map<number, number>();
  for await (const name of blobs.list()) {
    signal.throwIfAborted();
    const segment = Number(SEGMENT.exec(name)?.[1] ?? Number.NaN);
    if (segmentPath(segment) !== name) {
      say({ code: 'segment.unknown', what: name, detail: 'no segment has this name' });
      continue;
    }
    const { surveyed, last } = await survey(blobs, segment, voids, say);
    found.push(surveyed);
    if (last !== undefined && !surveyed.sealed) lasts.set(segment, last);
  }
  for (const each of found) {
    each.voidFrom = voids.get(each.segment);
    if (!each.sealed && each.voidFrom === undefined)
      await endSegment(blobs, each, lasts.get(each.segment), writer, say);
  }
  return found;
}

async function survey(
  blobs: BlobStore,
  segment: number,
  voids: Map<number, number>,
  say: Say,
): Promise<{ surveyed: Surveyed; last: Last | undefined }> {
  const surveyed: Surveyed = {
    segment,
    firstAt: '',
    writer: NO_WRITER,
    sealed: false,
    end: 0,
    records: 0,
    chain: '',
    isSound: true,
    voidFrom: undefined,
  };
  let last: Last | undefined;
  for await (const checked of readSegment(blobs, segment)) {
    if (checked.kind === 'finding') {
      surveyed.isSound = false;
      say({ code: checked.code, what: checked.what, detail: checked.detail });
    } else if (checked.kind === 'group') {
      const { record, end } = checked;
      if (surveyed.firstAt === '') Object.assign(surveyed, { firstAt: record.at, writer: record.writer });
      for (const each of record.voids)
        voids.set(each.segment, Math.min(each.from, voids.get(each.segment) ?? each.from));
      last = { record, start: last === undefined ? 0 : surveyed.end };
      surveyed.end = end;
    } else {
      Object.assign(surveyed, {
        end: checked.end,
        records: checked.records,
        chain: checked.chain,
        sealed: checked.sealed,
      });
    }
  }
  return { surveyed, last };
}

/** Everything that stands in a segment up to its end as a file. */
export async function* readSegment(blobs: BlobStore, segment: number): ReturnType<typeof checkSegment> {
  const name = segmentPath(segment);
  const size = (await blobs.sizeOf(name)) ?? 0;
  const reader = await blobs.open(name);
  try {
    const bytes = { size, read: (offset: number, length: number) => reader.read(offset, length) };
    yield* checkSegment(bytes, { segment, newSha256, deep: false });
  } finally {
    await reader.close();
  }
}

/**
 * As start-up does (holdings/recover.ts), but without the index's watermark: a last group whose bytes are wrong was
 * either never durable or is damaged. Nobody can tell, so nothing is cut; the group stays out of the index, and is
 * named.
 */
async function endSegment(
  blobs: BlobStore,
  surveyed: Surveyed,
  last: Last | undefined,
  writer: string,
  say: Say,
): Promise<void> {
  const { segment, end, records, chain } = surveyed;
  const name = segmentPath(segment);
  // What cannot be told from damage is left for people to look at.
  if (!surveyed.isSound) {
    surveyed.voidFrom = end;
    return;
  }
  const torn = last === undefined ? undefined : await tornMember(blobs, name, last.record);
  if (torn !== undefined && last !== undefined) {
    const what = `${segmentName(segment)}/${last.record.record}`;
    say({ code: 'group.torn', what, detail: `${torn}; the group is left where it is, and out of the index` });
    surveyed.voidFrom = last.start;
    return;
  }
  const blob = await blobs.append(name);
  await blob.truncate(end);
  const sealed = await new Segment({ segment, end, records, chain }, blob, writer, monotonicTime()).seal();
  Object.assign(surveyed, {
    sealed: true,
    end: sealed.end,
    records: records + 1,
    chain: sealed.chain,
    ...(surveyed.firstAt === '' && { firstAt: sealed.record.at, writer }),
  });
}

async function tornMember(blobs: BlobStore, name: string, record: CommitRecord): Promise<string | undefined> {
  const reader: BlobReader = await blobs.open(name);
  try {
    for (const member of record.members) {
      const damage = await damageOf(reader, member, { path: member.path, at: member.at, length: member.length });
      if (damage !== '') return `${member.path} ${damage}`;
    }
    return undefined;
  } finally {
    await reader.close();
  }
}
