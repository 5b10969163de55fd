import type { Device } from '@acervo/interop/console/answers.ts';
import { Bound } from '../../holdings/bound.ts';
import type { Institutions } from '../../holdings/find.repo.ts';
import { MARKS } from '../../holdings/marks.ts';
import { viewCondition } from '../../holdings/view.repo.ts';
import type { EventKind } from '../../journal/event.ts';
import type { Sql } from '../../ports/sql.ts';
import type { View } from '../../ports/view.ts';

/** The newest rows of the journal that one question looks at, whatever their kind: a bound, not a number of answers. */
export const JOURNAL_ROWS_MAX = 20_000;

const RECENT = `select id, at, kind, institution, actor, study, event from journal order by id desc limit $1`;

export type RecentEvent = { event: string };

/**
 * The newest events of some kinds among the newest rows of the journal. Ids begin with the time they were made at.
 * Index: primary key of journal.
 */
export async function recentEvents(
  sql: Sql,
  kinds: readonly EventKind[],
  institutions: Institutions,
  limit: number,
): Promise<RecentEvent[]> {
  return sql.query<RecentEvent>(
    `select event from (${RECENT}) as recent
     where kind = any($2::text[]) and ($3::text[] is null or institution = any($3::text[]))
     order by id desc limit $4`,
    [JOURNAL_ROWS_MAX, kinds, institutions ?? null, limit],
  );
}

export type DeviceRow = Omit<Device, 'marks'> & Device['marks'];

const WRONG = MARKS.charsetWrong | MARKS.charsetUnknownTerm;
const DAMAGED = MARKS.truncated | MARKS.malformed;

/**
 * Who stored what, as the newest rows of the journal tell, with what the index knows of those studies. Only the
 * beginning of an event is read, where its count stands: a group's list of instances can be long.
 * Indexes: primary key of journal, study_uid.
 */
export async function recentDevices(sql: Sql, institutions: Institutions, limit: number): Promise<DeviceRow[]> {
  return sql.query<DeviceRow>(
    `with deposit as (
       select actor, institution, study, max(at) as last_seen, bool_or(kind = 'instance.conflicted') as is_reused,
         sum(coalesce(substring(left(event, 1000) from '"count":([0-9]+)')::bigint, 0)) as instances
       from (${RECENT}) as recent
       where kind in ('instance.stored', 'instance.conflicted') and study <> ''
         and ($2::text[] is null or institution = any($2::text[]))
       group by actor, institution, study)
     select d.actor as system, d.institution,
       to_char(max(d.last_seen) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "lastSeen",
       count(*)::integer as studies, sum(d.instances)::bigint as instances,
       count(*) filter (where coalesce(s.accession, '') = '')::integer as "accessionMissing",
       count(*) filter (where s.marks & ${MARKS.charsetMissing} <> 0)::integer as "charsetMissing",
       count(*) filter (where s.marks & ${WRONG} <> 0)::integer as "charsetWrong",
       count(*) filter (where s.marks & ${DAMAGED} <> 0)::integer as damaged,
       count(*) filter (where d.is_reused)::integer as "uidReused"
     from deposit d join study s on s.study_uid = d.study and s.institution = d.institution
     group by d.actor, d.institution order by max(d.last_seen) desc limit $3`,
    [JOURNAL_ROWS_MAX, institutions ?? null, limit],
  );
}

/** How far back the newest rows of the journal reach, and whether there are older ones. Index: primary key. */
export async function recentSince(sql: Sql): Promise<{ from: string | null; isCut: boolean }> {
  const [row] = await sql.query<{ from: string | null; isCut: boolean }>(
    `select to_char(min(at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "from", count(*) >= $1 as "isCut"
     from (${RECENT}) as recent`,
    [JOURNAL_ROWS_MAX],
  );
  return row ?? { from: null, isCut: false };
}

export type SegmentCount = { state: 'open' | 'sealed' | 'abandoned'; count: number; bytes: number };

/** Every row of segment is read: four million of them are a petabyte. */
export async function countSegments(sql: Sql): Promise<SegmentCount[]> {
  return sql.query<SegmentCount>(
    `select state, count(*)::integer as count, sum(committed)::bigint as bytes
     from segment group by state order by state`,
  );
}

/**
 * The institutions that hold a study, each found from the one before: as many steps as there are institutions.
 * Index: study_newest_here.
 */
export async function listInstitutions(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql.query<{ institution: string }>(
    `with recursive each as (
       (select institution from study order by institution limit 1)
       union all
       select (select s.institution from study s where s.institution > e.institution order by s.institution limit 1)
       from each e where e.institution is not null)
     select institution from each where institution is not null limit $1`,
    [limit],
  );
  return rows.map(({ institution }) => institution);
}

/** Who holds each of some studies. Index: study_uid. */
export async function findHolders(
  sql: Sql,
  studies: readonly string[],
  view: View,
): Promise<{ study: string; institution: string }[]> {
  const bound = new Bound([studies]);
  const seen = viewCondition(bound, view) ?? 'true';
  return sql.query<{ study: string; institution: string }>(
    `select s.study_uid as study, s.institution from study s
     where s.study_uid = any($1::text[]) and s.instance_count > 0 and ${seen}
     order by s.study_uid, s.institution`,
    bound.values,
  );
}
