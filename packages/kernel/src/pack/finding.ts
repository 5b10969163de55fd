import type { CommitRecord } from './record.ts';
import type { NewSha256 } from './walk.ts';

/**
 * What can be wrong with a segment. Codes are stable: programs read them.
 * - `record.altered`: a commit record is not the one that its neighbours know.
 * - `record.missing`: a number of the chain is not there.
 * - `record.foreign`: a record that does not belong where it stands.
 * - `member.flipped`: the bytes differ from the record's digests.
 * - `member.header`: the bytes are right, their tar header (or padding) is not.
 * - `member.missing`: named by a record, but not there.
 * - `member.swapped`: another member of the same group stands in its place.
 * - `member.foreign`: there, but named by no record.
 * - `segment.shifted`: from here on everything lies at other offsets than the records say.
 * - `segment.garbage`: bytes between members that are none.
 * - `segment.cut`: ends before its end. `segment.trailing`: goes on behind it.
 */
export type FindingCode =
  | 'record.altered'
  | 'record.missing'
  | 'record.foreign'
  | 'member.flipped'
  | 'member.header'
  | 'member.missing'
  | 'member.swapped'
  | 'member.foreign'
  | 'segment.shifted'
  | 'segment.garbage'
  | 'segment.cut'
  | 'segment.trailing';

export type Finding<Code extends string = FindingCode> = {
  code: Code;
  /** Which thing: a member's path, a record as `segment/number`, a segment. */
  what: string;
  detail: string;
};

export type Checked =
  | ({ kind: 'finding' } & Finding)
  /** A record that may be believed. `end`: behind it, bytes; `chain`: its digest. */
  | { kind: 'group'; record: CommitRecord; end: number; chain: string }
  | { kind: 'end'; end: number; records: number; chain: string; sealed: boolean; tailBytes: number };

export type CheckOptions = {
  segment: number;
  newSha256: NewSha256;
  /** Compare every byte with its digest; else only headers and records are read. */
  deep: boolean;
};

export const finding = (code: FindingCode, what: string, detail: string): { kind: 'finding' } & Finding => ({
  kind: 'finding',
  code,
  what,
  detail,
});
