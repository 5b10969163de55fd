import { Failure } from '../failure.ts';
import { announcedDigest, type CommitRecord, decodeRecord, isRecordPath, RECORD_BYTES_MAX } from './record.ts';
import { BLOCK_BYTES, PAX_BYTES, paddingOf, readPaxSize, readTarHeader } from './tar.ts';

/** A segment, or its first bytes: read by offset. */
export type SegmentBytes = {
  size: number;
  /** Up to `length` bytes from `offset`; fewer only at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
};

/** What hashing is done with: the platform's own, since a browser and Node differ. */
export type Sha256 = { update(bytes: Uint8Array): unknown; digest(encoding: 'hex'): string };
export type NewSha256 = () => Sha256;

/** A tar member where it really lies. Offsets and lengths in bytes. */
export type Entry = {
  path: string;
  /** Of its first header block; `head` holds all of them. */
  start: number;
  head: Uint8Array;
  at: number;
  length: number;
  next: number;
};

export type Walked =
  | ({ kind: 'member' } & Entry)
  /** `record` is undefined when the content is not what its path announces, or not understood. */
  | ({ kind: 'record' } & Entry & ReadRecord)
  /** Bytes that are no member: zeros, a damaged header, a member that is cut. */
  | { kind: 'gap'; start: number; next: number; reason: string };

/**
 * Everything that stands in a segment, in order, however damaged: behind what is no member, reading goes on at
 * the next header. Nothing is judged: that a record may be believed is for `checkSegment` to say.
 */
export async function* walkSegment(bytes: SegmentBytes, newSha256: NewSha256): AsyncGenerator<Walked> {
  let at = 0;
  while (at < bytes.size) {
    const found = await entryAt(bytes, at);
    if (typeof found !== 'string') {
      if (!isRecordPath(found.path)) yield { kind: 'member', ...found };
      else yield { kind: 'record', ...found, ...(await readRecordAt(bytes, found, newSha256)) };
      at = found.next;
      continue;
    }
    const next = await nextHeader(bytes, at);
    yield { kind: 'gap', start: at, next, reason: found };
    at = next;
  }
}

/** Why there is no member where nothing was written: the place-holder of an object that was being streamed. */
export const HOLE = 'zeros where a header belongs';

/** The member at a position, a pax size in front of it applied; or why there is none. */
export async function entryAt(bytes: SegmentBytes, at: number): Promise<Entry | string> {
  try {
    const head = await read(bytes, at, BLOCK_BYTES);
    const first = readTarHeader(head);
    if (first === undefined) return HOLE;
    if (first.type === 'file') return entryOf(bytes, { ...first, head, start: at });
    if (first.sizeBytes !== BLOCK_BYTES) return 'a pax header of another length than ours';
    const both = await read(bytes, at, PAX_BYTES + BLOCK_BYTES);
    const file = readTarHeader(both.subarray(PAX_BYTES));
    const sizeBytes = readPaxSize(both.subarray(BLOCK_BYTES, PAX_BYTES));
    if (file?.type !== 'file' || sizeBytes === undefined) return 'a pax header without its file';
    return entryOf(bytes, { path: file.path, sizeBytes, head: both, start: at });
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === 'retrieve/damaged') return thrown.detail;
    throw thrown;
  }
}

type Header = { path: string; sizeBytes: number; head: Uint8Array; start: number };

function entryOf(bytes: SegmentBytes, { path, sizeBytes, head, start }: Header): Entry | string {
  const at = start + head.length;
  const next = at + sizeBytes + paddingOf(sizeBytes);
  return next > bytes.size ? 'a member is cut' : { path, start, head, at, length: sizeBytes, next };
}

/** A record's content; `record` is undefined, with a reason, when it is not what its path announces. */
export type ReadRecord = { digest: string; record: CommitRecord | undefined; reason: string };

export async function readRecordAt(bytes: SegmentBytes, entry: Entry, newSha256: NewSha256): Promise<ReadRecord> {
  const digest = announcedDigest(entry.path) ?? '';
  const unread = (reason: string): ReadRecord => ({ digest, record: undefined, reason });
  if (entry.length > RECORD_BYTES_MAX) return unread('is too long');
  const content = await read(bytes, entry.at, entry.length);
  const sha256 = newSha256();
  sha256.update(content);
  if (sha256.digest('hex') !== digest) return unread('differs from its digest');
  try {
    return { digest, record: decodeRecord(content), reason: '' };
  } catch (thrown) {
    if (thrown instanceof Failure) return unread(thrown.detail);
    throw thrown;
  }
}

const SEARCH_BYTES = 1 << 20;

/** The next block behind `from` that is a header; the end of the bytes where there is none. */
async function nextHeader(bytes: SegmentBytes, from: number): Promise<number> {
  for (let at = from; at < bytes.size; at += SEARCH_BYTES) {
    const chunk = await read(bytes, at, Math.min(SEARCH_BYTES, bytes.size - at));
    for (let offset = 0; offset < chunk.length; offset += BLOCK_BYTES) {
      const block = chunk.subarray(offset, offset + BLOCK_BYTES);
      if (at + offset > from && isHeader(block)) return at + offset;
    }
  }
  return bytes.size;
}

/** 'ustar' at 257 is looked at first: most blocks are pixels. */
function isHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK_BYTES || block[257] !== 0x75 || block[258] !== 0x73) return false;
  try {
    return readTarHeader(block) !== undefined;
  } catch (thrown) {
    if (thrown instanceof Failure) return false;
    throw thrown;
  }
}

async function read(bytes: SegmentBytes, at: number, length: number): Promise<Uint8Array> {
  const got = await bytes.read(at, Math.min(length, bytes.size - at));
  if (got.length < length) throw new Failure('retrieve/damaged', `cut at ${at + got.length}`);
  return got;
}
