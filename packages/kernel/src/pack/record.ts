import { canonicalJson, type Json } from '../canonical-json.ts';
import { Failure } from '../failure.ts';

/**
 * The commit record that ends each group of a segment (decision record 0004). What no commit record names
 * was never stored. Everything that the index cannot read again from the member itself stands here.
 */
export type CommitRecord = {
  v: 2;
  segment: number;
  /** Counted from 0 within the segment. */
  record: number;
  /** SHA-256 (hex) of the previous record's content in this segment; '' for the first. */
  previous: string;
  /** When the group was committed, RFC 3339 UTC; never earlier than the record before. */
  at: string;
  /** UUID of the process that wrote it. */
  writer: string;
  members: RecordMember[];
  contexts: RecordContext[];
  /** Journal envelopes that became facts with this group, less what `members` already says. */
  events: Json[];
  /** Byte ranges elsewhere that must be taken as never written (a failed fdatasync). */
  voids: RecordVoid[];
  /** True in the last record of a sealed segment. */
  sealed: boolean;
};

export type RecordMember = {
  path: string;
  /** Offset of the file's first byte in the segment, in bytes. */
  at: number;
  /** Length of the file (head and data set), in bytes. */
  length: number;
  /** Length of preamble and File Meta Information: the data set begins at `at + head`. */
  head: number;
  /** SHA-256 (hex) of the data set bytes, as received. */
  sha256: string;
  /** SHA-256 (hex) of preamble and File Meta Information: with `sha256`, of every byte of the file. */
  headSha256: string;
  transferSyntax: string;
  sopClass: string;
  study: string;
  series: string;
  sop: string;
  version: number;
  /** Index into `contexts`. */
  context: number;
  /** Index into `events` of the event that announces it. */
  event: number;
  received: string;
  /** The file head is the archive's own, in place of an unsound one that was received. */
  rewritten: boolean;
};

export type RecordContext = {
  institution: string;
  system: string;
  door: string;
  issuer: string;
  /** Character set default of the sending device, '' for none. */
  charset: string;
  actor: { kind: string; id: string };
  op: string;
};

export type RecordVoid = { segment: number; from: number };

/** A commit record may not be larger than this: a group of 10,000 members stays far below. */
export const RECORD_BYTES_MAX = 64 * 2 ** 20;

const RECORD_FOLDER = '.acervo/';

/** Content of the record's member: canonical JSON, so that its hash is defined by its meaning. */
export function encodeRecord(record: CommitRecord): Uint8Array {
  return new TextEncoder().encode(canonicalJson(record));
}

/** The member's path says its content's hash: a flipped bit in a record is seen without any other source. */
export function recordPath(segment: number, record: number, sha256: string): string {
  return `${RECORD_FOLDER}${segmentName(segment)}/${String(record).padStart(6, '0')}-${sha256}.json`;
}

export const isRecordPath = (path: string): boolean => path.startsWith(RECORD_FOLDER);

/** The SHA-256 (hex) that a record's path announces, or undefined when the path is not of that form. */
export function announcedDigest(path: string): string | undefined {
  return /-([0-9a-f]{64})\.json$/.exec(path)?.[1];
}

/** File name of a segment without its ending: eight digits. */
export const segmentName = (segment: number): string => String(segment).padStart(8, '0');

/** Path of a segment below the packs folder: ten thousand segments a folder. */
export function segmentPath(segment: number): string {
  return `${String(Math.floor(segment / 10_000)).padStart(4, '0')}/${segmentName(segment)}.tar`;
}

/**
 * Read a record's content. The caller has compared its hash with the path's, so a wrong shape means a
 * record of another version rather than damage.
 * @throws {Failure} retrieve/damaged
 */
export function decodeRecord(content: Uint8Array): CommitRecord {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch (cause) {
    throw new Failure('retrieve/damaged', 'commit record is not JSON', { cause });
  }
  if (!isCommitRecord(parsed)) throw new Failure('retrieve/damaged', 'commit record of an unknown shape');
  return parsed;
}

function isCommitRecord(value: unknown): value is CommitRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Partial<CommitRecord>;
  return (
    record.v === 2 &&
    Number.isSafeInteger(record.segment) &&
    Number.isSafeInteger(record.record) &&
    typeof record.previous === 'string' &&
    typeof record.at === 'string' &&
    typeof record.writer === 'string' &&
    typeof record.sealed === 'boolean' &&
    Array.isArray(record.members) &&
    Array.isArray(record.contexts) &&
    Array.isArray(record.events) &&
    Array.isArray(record.voids) &&
    record.members.every((member) => isMember(member, record.contexts?.length ?? 0, record.events?.length ?? 0))
  );
}

function isMember(value: unknown, contexts: number, events: number): value is RecordMember {
  if (typeof value !== 'object' || value === null) return false;
  const member = value as Partial<RecordMember>;
  const texts = [
    member.path,
    member.sha256,
    member.headSha256,
    member.transferSyntax,
    member.sopClass,
    member.study,
    member.series,
    member.sop,
    member.received,
  ];
  const counts = [member.at, member.length, member.head, member.version, member.context, member.event];
  return (
    typeof member.rewritten === 'boolean' &&
    texts.every((text) => typeof text === 'string') &&
    counts.every((count) => Number.isSafeInteger(count) && (count as number) >= 0) &&
    (member.context as number) < contexts &&
    (member.event as number) < events
  );
}
