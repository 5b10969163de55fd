import { studyKeyOf } from '../../holdings/keys.ts';
import { type Db, rfc3339, type Sql } from '../../ports/sql.ts';

/** Numbers of the journal that are read at a time. */
const STRETCH = 2_000;

/** What every institution's rules follow: since when the oldest one in force is. */
export type Following = { institution: string; since: string };

/** Index: ai_rule_in_force. */
export async function followings(sql: Sql): Promise<Following[]> {
  return sql.query<Following>(
    `select institution, min(added_at)::text as since from ai_rule where removed_at is null group by institution`,
  );
}

/**
 * Read on in the sealed journal: studies that got something wait until they got nothing for the quiet period. One
 * process at a time; nothing is read twice. Indexes: primary keys of journal_seal, journal and ai_route.
 * @returns how many numbers were read; 0: at the end, or another process is at it
 */
export async function followJournal(db: Db, of: readonly Following[], quietMs: number): Promise<number> {
  return db.transaction(async (sql) => {
    const [cursor] = await sql.query<{ seq: number; last: number }>(
      `select seq, (select coalesce(max(seq), 0) from journal_seal) as last from ai_cursor for update skip locked`,
    );
    if (cursor === undefined || cursor.last <= cursor.seq) return 0;
    const through = Math.min(cursor.last, cursor.seq + STRETCH);
    if (of.length > 0) await see(sql, await changedStudies(sql, cursor.seq, through, of), quietMs);
    await sql.query('update ai_cursor set seq = $1', [through]);
    return through - cursor.seq;
  });
}

type Changed = { institution: string; studyUid: string; seq: number; at: string };

/** Text of the question alone, so that a test can see how it is answered. */
export const CHANGED_STUDIES = `with stretch as materialized
    (select seq, id from journal_seal where seq > $1 and seq <= $2)
  select j.institution, j.study as "studyUid", max(e.seq) as seq, max(j.at)::text as at
  from stretch e join journal j on j.id = e.id
  where j.kind = 'instance.stored' and j.study <> '' and j.institution = any($3::text[])
    and j.at >= ($4::timestamptz[])[array_position($3::text[], j.institution::text)]
  group by j.institution, j.study`;

function changedStudies(sql: Sql, after: number, through: number, of: readonly Following[]): Promise<Changed[]> {
  const columns = [of.map(({ institution }) => institution), of.map(({ since }) => since)];
  return sql.query<Changed>(CHANGED_STUDIES, [after, through, ...columns]);
}

async function see(sql: Sql, changed: readonly Changed[], quietMs: number): Promise<void> {
  if (changed.length === 0) return;
  const rows = changed
    .map((each) => ({ ...each, studyKey: studyKeyOf(each.institution, each.studyUid) }))
    .sort((a, b) => (a.studyKey < b.studyKey ? -1 : 1));
  await sql.query(
    `insert into ai_route as held (study_key, institution, study_uid, seen_seq, seen_at, due_at)
     select "studyKey", institution, "studyUid", seq, at, at + $2 * interval '1 ms'
     from jsonb_to_recordset($1::jsonb) as given
       ("studyKey" uuid, institution text, "studyUid" text, seq bigint, at timestamptz)
     on conflict (study_key) do update set seen_seq = excluded.seen_seq, seen_at = excluded.seen_at,
       due_at = excluded.due_at, leased_until = null where held.seen_seq < excluded.seen_seq`,
    [JSON.stringify(rows), quietMs],
  );
}

/** A study that is taken to be complete, at the revision that is routed. */
export type DueStudy = {
  studyKey: string;
  institution: string;
  studyUid: string;
  seenSeq: number;
  seenAt: string;
  /** When it was complete. */
  dueAt: string;
};

/** Text of the question alone, as above. */
export const DUE_STUDIES = `select study_key from ai_route
  where routed_seq < seen_seq and due_at <= now() and (leased_until is null or leased_until < now())
  order by due_at limit $2 for update skip locked`;

/** Studies that became quiet, leased to this process. Index: ai_route_due. */
export async function claimDue(sql: Sql, leaseMs: number, limit: number): Promise<DueStudy[]> {
  return sql.query<DueStudy>(
    `update ai_route set leased_until = now() + $1 * interval '1 ms' where study_key in (${DUE_STUDIES})
     returning study_key::text as "studyKey", institution, study_uid as "studyUid", seen_seq as "seenSeq",
       ${rfc3339('seen_at')} as "seenAt",
       ${rfc3339('due_at')} as "dueAt"`,
    [leaseMs, limit],
  );
}

/** Until the next of the studies that wait has been quiet long enough. Index: ai_route_due. */
export async function nextDueMs(sql: Sql): Promise<number | undefined> {
  const [row] = await sql.query<{ ms: number }>(
    `select ceil(extract(epoch from due_at - now()) * 1000)::float8 as ms from ai_route
     where routed_seq < seen_seq and due_at > now() order by due_at limit 1`,
  );
  return row?.ms;
}

/** Routed at this revision: one that got more meanwhile waits again. Index: primary key. */
export async function endRoutes(
  sql: Sql,
  routes: readonly { studyKey: string; seenSeq: number; considered: unknown }[],
): Promise<void> {
  await sql.query(
    `update ai_route r set routed_seq = given."seenSeq", routed_at = now(), considered = given.considered,
       leased_until = null
     from jsonb_to_recordset($1::jsonb) as given ("studyKey" uuid, "seenSeq" bigint, considered jsonb)
     where r.study_key = given."studyKey" and r.routed_seq < given."seenSeq"`,
    [JSON.stringify(routes)],
  );
}

/** What rules said of a study when it was routed last. Index: primary key. */
export async function consideredOf(sql: Sql, studyKey: string): Promise<unknown> {
  const [row] = await sql.query<{ considered: unknown }>('select considered from ai_route where study_key = $1', [
    studyKey,
  ]);
  return row?.considered ?? null;
}
