import { createHash } from 'node:crypto';
import { Failure } from '@acervo/kernel/failure.ts';
import {
  announcedDigest,
  type CommitRecord,
  decodeRecord,
  isRecordPath,
  RECORD_BYTES_MAX,
  type RecordMember,
} from '@acervo/kernel/pack/record.ts';
import { BLOCK_BYTES, paddingOf, readPaxSize, readTarHeader } from '@acervo/kernel/pack/tar.ts';
import type { BlobReader } from '../../ports/blob-store.ts';
import { sha256Hex } from './member.ts';

/** A tar member as its header says it: where its content begins and how long it is, bytes. */
export type Placed = { path: string; at: number; length: number };

export type ScannedGroup = {
  kind: 'group';
  record: CommitRecord;
  start: number;
  end: number;
  chain: string;
  /** The members that really stand in the segment before the record. */
  placed: Placed[];
};

/** Where reading ended. `clean`: at the end of the archive or exactly behind a group. */
export type ScanEnd = { kind: 'end'; at: number; records: number; chain: string; clean: boolean; reason: string };

export type ScanFrom = { segment: number; at: number; records: number; chain: string };

/**
 * Read groups from a position on, which must be the end of a record (or 0). Stops at the first thing that
 * is not a whole group of this segment's chain and says why; never throws for what it finds.
 */
export async function* scanSegment(reader: BlobReader, from: ScanFrom): AsyncGenerator<ScannedGroup | ScanEnd> {
  let { at, records, chain } = from;
  for (;;) {
    let found: ScannedGroup | string;
    try {
      found = await readGroup(reader, { segment: from.segment, at, records, chain });
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      found = thrown.detail;
    }
    if (typeof found === 'string') {
      yield { kind: 'end', at, records, chain, clean: found === END, reason: found };
      return;
    }
    yield found;
    ({ end: at, chain } = found);
    records += 1;
    if (found.record.sealed) {
      yield { kind: 'end', at, records, chain, clean: true, reason: 'sealed' };
      return;
    }
  }
}

const END = 'end of the segment';

async function readGroup(reader: BlobReader, from: ScanFrom): Promise<ScannedGroup | string> {
  const placed: Placed[] = [];
  let at = from.at;
  for (;;) {
    const member = await readMember(reader, at);
    if (typeof member === 'string') return placed.length > 0 ? `a group is cut: ${member}` : member;
    at = member.next;
    if (!isRecordPath(member.path)) {
      placed.push({ path: member.path, at: member.at, length: member.length });
      continue;
    }
    const content = await readRecord(reader, member);
    const record = decodeRecord(content);
    const wrong = wrongPlace(record, from);
    if (wrong !== undefined) return wrong;
    return { kind: 'group', record, start: from.at, end: at, chain: sha256Hex(content), placed };
  }
}

function wrongPlace(record: CommitRecord, from: ScanFrom): string | undefined {
  if (record.segment !== from.segment) return `record of segment ${record.segment}`;
  if (record.record !== from.records) return `record ${record.record} where ${from.records} belongs`;
  if (record.previous !== from.chain) return `record ${record.record} does not follow the one before it`;
  return undefined;
}

async function readRecord(reader: BlobReader, member: Placed): Promise<Uint8Array> {
  if (member.length > RECORD_BYTES_MAX) throw new Failure('retrieve/damaged', 'commit record too long');
  const content = await reader.read(member.at, member.length);
  if (content.length < member.length) throw new Failure('retrieve/damaged', 'commit record is cut');
  if (sha256Hex(content) !== announcedDigest(member.path)) {
    throw new Failure('retrieve/damaged', 'commit record differs from its digest');
  }
  return content;
}

/** The member at a position, a pax size in front of it applied. */
async function readMember(reader: BlobReader, at: number): Promise<(Placed & { next: number }) | string> {
  const block = await reader.read(at, BLOCK_BYTES);
  if (block.length === 0) return END;
  if (block.length < BLOCK_BYTES) return 'a header is cut';
  const header = readTarHeader(block);
  if (header === undefined) return 'zeros where a header belongs';
  if (header.type === 'file') return placedAt(header.path, at + BLOCK_BYTES, header.sizeBytes);
  const size = readPaxSize(await reader.read(at + BLOCK_BYTES, Math.min(header.sizeBytes, BLOCK_BYTES)));
  const fileAt = at + BLOCK_BYTES + header.sizeBytes + paddingOf(header.sizeBytes);
  const fileBlock = await reader.read(fileAt, BLOCK_BYTES);
  if (fileBlock.length < BLOCK_BYTES) return 'a header is cut';
  const file = readTarHeader(fileBlock);
  if (file === undefined || file.type !== 'file') return 'a pax header without its file';
  return placedAt(file.path, fileAt + BLOCK_BYTES, size ?? file.sizeBytes);
}

const placedAt = (path: string, at: number, length: number): Placed & { next: number } => ({
  path,
  at,
  length,
  next: at + length + paddingOf(length),
});

const READ_BYTES = 1 << 20;

/** Read a range in pieces; fails when the segment ends too early. */
export async function* readRange(reader: BlobReader, at: number, length: number): AsyncGenerator<Uint8Array> {
  let done = 0;
  while (done < length) {
    const chunk = await reader.read(at + done, Math.min(READ_BYTES, length - done));
    if (chunk.length === 0) throw new Failure('retrieve/damaged', `segment ends at ${at + done}`);
    done += chunk.length;
    yield chunk;
  }
}

/** What a member's bytes on disk are, against what its record says. @returns '' when they agree. */
export async function damageOf(reader: BlobReader, member: RecordMember, placed: Placed | undefined): Promise<string> {
  if (placed === undefined) return 'is not in its place';
  if (placed.path !== member.path) return `has another member in its place: ${placed.path}`;
  if (placed.at !== member.at || placed.length !== member.length) return 'has another offset or length';
  const head = createHash('sha256');
  const dataSet = createHash('sha256');
  let at = 0;
  for await (const chunk of readRange(reader, member.at, member.length)) {
    const headBytes = Math.max(0, member.head - at);
    head.update(chunk.subarray(0, headBytes));
    dataSet.update(chunk.subarray(headBytes));
    at += chunk.length;
  }
  if (dataSet.digest('hex') !== member.sha256) return 'differs in its data set';
  return head.digest('hex') === member.headSha256 ? '' : 'differs in its head';
}
