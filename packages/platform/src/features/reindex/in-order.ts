import { segmentPath } from '@acervo/kernel/pack/record.ts';
import type { CommittedGroup } from '../../holdings/pack/segment.ts';
import type { BlobReader, BlobStore } from '../../ports/blob-store.ts';
import { readSegment, type Surveyed } from './survey.ts';

export type OrderedGroup = { group: CommittedGroup; reader: BlobReader };

/** A segment whose next group waits to be the earliest. */
type Cursor = {
  segment: number;
  groups: AsyncGenerator<CommittedGroup>;
  next: CommittedGroup;
  reader: BlobReader;
};

/**
 * The groups of all segments in the order in which they were committed: by time, segment and record. Only segments
 * that overlap in time are open at once, as many as there were writers.
 * A group's reader is closed when the last group of its segment has been taken and the next is asked for.
 */
export async function* groupsInOrder(blobs: BlobStore, surveyed: readonly Surveyed[]): AsyncGenerator<OrderedGroup> {
  const waiting = surveyed.filter(({ firstAt }) => firstAt !== '').sort(latestFirst);
  const open: Cursor[] = [];
  try {
    for (;;) {
      await openDue(blobs, waiting, open);
      if (open.length === 0) return;
      const first = open.reduce((a, b) => (isBefore(b, a) ? b : a));
      yield { group: first.next, reader: first.reader };
      const { value, done } = await first.groups.next();
      if (done !== true) {
        first.next = value;
        continue;
      }
      open.splice(open.indexOf(first), 1);
      await first.reader.close();
    }
  } finally {
    for (const cursor of open) {
      await cursor.groups.return(undefined);
      await cursor.reader.close();
    }
  }
}

/** Open every segment that began before what is open goes on; with nothing open, the next one. */
async function openDue(blobs: BlobStore, waiting: Surveyed[], open: Cursor[]): Promise<void> {
  for (let next = waiting.at(-1); next !== undefined && isDue(next, open); next = waiting.at(-1)) {
    waiting.pop();
    const cursor = await openCursor(blobs, next);
    if (cursor !== undefined) open.push(cursor);
  }
}

/** The earliest is taken from the end. */
const latestFirst = (a: Surveyed, b: Surveyed): number =>
  a.firstAt < b.firstAt ? 1 : a.firstAt > b.firstAt ? -1 : b.segment - a.segment;

const isDue = ({ firstAt }: Surveyed, open: readonly Cursor[]): boolean =>
  open.every((cursor) => firstAt <= cursor.next.record.at);

function isBefore(a: Cursor, b: Cursor): boolean {
  const [at, other] = [a.next.record.at, b.next.record.at];
  return at < other || (at === other && a.segment < b.segment);
}

async function openCursor(blobs: BlobStore, surveyed: Surveyed): Promise<Cursor | undefined> {
  const groups = groupsOf(blobs, surveyed);
  const { value: next, done } = await groups.next();
  if (done === true) return undefined;
  return { segment: surveyed.segment, groups, next, reader: await blobs.open(segmentPath(surveyed.segment)) };
}

/** What the voids leave of a segment. A group begins where the last one that counts ended: the index knows no gaps. */
async function* groupsOf(blobs: BlobStore, { segment, voidFrom }: Surveyed): AsyncGenerator<CommittedGroup> {
  let start = 0;
  for await (const checked of readSegment(blobs, segment)) {
    if (checked.kind !== 'group') continue;
    const { record, end, chain } = checked;
    if (voidFrom !== undefined && end > voidFrom) return;
    yield { record, start, end, chain };
    start = end;
  }
}
