import { createHash } from 'node:crypto';
import type { RecordContext, RecordMember } from '@acervo/kernel/pack/record.ts';
import type { NewSha256 } from '@acervo/kernel/pack/walk.ts';
import type { Envelope } from '../../journal/event.ts';

/** What identifies an instance and its content, before it has a place in a pack. */
export type MemberFacts = Pick<
  RecordMember,
  | 'length'
  | 'head'
  | 'sha256'
  | 'headSha256'
  | 'transferSyntax'
  | 'sopClass'
  | 'study'
  | 'series'
  | 'sop'
  | 'received'
  | 'rewritten'
> & { version: number; context: RecordContext };

/** One instance of a group: its facts, and its file's bytes in pieces unless they were streamed already. */
export type GroupMember = { facts: MemberFacts; pieces: readonly Uint8Array[] };

/** An event and the members (indexes into the group) that it announces. */
export type GroupEvent = { envelope: Envelope; members: readonly number[] };

export type Group = { members: readonly GroupMember[]; events: readonly GroupEvent[] };

/** Path of a member (decision record 0004): a further version carries the start of its digest. */
export function memberPath(facts: MemberFacts): string {
  const version = facts.version === 0 ? '' : `~${facts.sha256.slice(0, 8)}`;
  return `${facts.context.institution}/${facts.study}/${facts.series}/${facts.sop}${version}.dcm`;
}

/** Hashing for the kernel, which knows no platform. */
export const newSha256: NewSha256 = () => createHash('sha256');

export const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
