import type { Json } from '@acervo/kernel/canonical-json.ts';
import { viewOf } from '../../holdings/scope.ts';
import type { Envelope, EventKind } from '../../journal/event.ts';
import { lastSeal } from '../../journal/journal.repo.ts';
import { Retired } from '../../journal/retired.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { eventsBetween } from './changes.repo.ts';

/** Facts that change what the archive holds. A further kind is a further line. */
export const CHANGE_KINDS = ['instance.stored', 'instance.conflicted'] as const satisfies readonly EventKind[];
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** Changes in one answer. */
export const LIMIT_DEFAULT = 100;
export const LIMIT_MAX = 1_000;
/** Numbers that are looked through by one question to the database, and questions in one answer. */
const STRETCH = 10_000;
const STRETCHES_MAX = 20;

export type Change = {
  seq: number;
  at: string;
  kind: ChangeKind;
  institution: string;
  study: string;
  facts: Readonly<Record<string, Json>>;
};

export type ChangesAsked = { since: number; limit: number; kinds: readonly ChangeKind[] };

export type Changes = {
  changes: readonly Change[];
  /** Everything up to this number has been told: where to go on. */
  next: number;
  /** There are further numbers already, with changes or without. */
  more: boolean;
  /**
   * Changes up to this number may be of retired months, and are not told any more: what is held is found by a search.
   * Absent where the question began behind it.
   */
  retiredTo?: number;
};

/**
 * What changed behind a number, in the order of the sealed journal (decision record 0013), of the studies that the
 * caller sees. A number is given only when no earlier one can come any more, so whoever goes on from
 * `next` misses nothing, however slow a transaction was.
 * @throws {Failure} access/denied
 */
export async function readChanges(db: Db, op: Op, { since, limit, kinds }: ChangesAsked): Promise<Changes> {
  const view = viewOf(op, 'query');
  // Read first: every number up to this one is visible to the questions that follow.
  const { seq: last } = await lastSeal(db);
  const changes: Change[] = [];
  let next = since;
  for (let stretch = 0; stretch < STRETCHES_MAX && next < last; stretch++) {
    const through = Math.min(next + STRETCH, last);
    const wanted = limit - changes.length;
    const events = await eventsBetween(db, next, through, kinds, view, wanted);
    changes.push(...events.map(({ seq, event }) => changeOf(seq, JSON.parse(event) as Envelope)));
    next = events.length < wanted ? through : (events.at(-1)?.seq ?? through);
    if (changes.length === limit) break;
  }
  const { lastSeq: retiredTo } = await Retired.of(db);
  return { changes, next, more: next < last, ...(since < retiredTo && { retiredTo }) };
}

const changeOf = (seq: number, { at, kind, institution, study, facts }: Envelope): Change => ({
  seq,
  at,
  kind: kind as ChangeKind,
  institution,
  study,
  facts,
});
