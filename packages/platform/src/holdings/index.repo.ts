import { Failure } from '@acervo/kernel/failure.ts';
import type { Envelope } from '../journal/event.ts';
import { eventRows, INSERT_EVENTS } from '../journal/journal.repo.ts';
import type { Sql } from '../ports/sql.ts';
import type { IndexFacts } from './index-facts.ts';
import type { InstanceKey } from './keys.ts';
import type { CommittedGroup } from './pack/segment.ts';

/** One instance as the index takes it; codes are resolved, keys computed. */
export type InstanceRow = {
  study_key: string;
  series_key: number;
  sop_uid: string;
  version: number;
  segment: number;
  file_at: number;
  file_bytes: number;
  head_bytes: number;
  digest: string;
  transfer_syntax: number;
  sop_class: number;
  instance_number: number | null;
  marks: number;
};

/** A study or series as one instance tells it; `source` orders tellers, the earliest counts. */
export type StudyRow = IndexFacts['study'] & {
  study_key: string;
  institution: string;
  study_uid: string;
  source: string;
  stored: string;
};
export type SeriesRow = IndexFacts['series'] & {
  study_key: string;
  series_key: number;
  series_uid: string;
  source: string;
  charset_default: string;
  stored: string;
};

export type GroupRows = { instances: InstanceRow[]; series: SeriesRow[]; studies: StudyRow[] };

export type InsertedInstance = InstanceKey & { version: number };

/**
 * Insert instances with their series and studies, counts included. Rows that exist already are left alone, so
 * a replay changes nothing. A series or study keeps the attributes of its earliest instance, in whatever order
 * instances come: a rebuilt index is equal to the lost one.
 * @returns the instances that were new.
 */
export async function insertInstances(
  sql: Sql,
  instances: readonly InstanceRow[],
  series: readonly SeriesRow[],
  studies: readonly StudyRow[],
): Promise<InsertedInstance[]> {
  return sql.query<InsertedInstance>(INSERT_INSTANCES, [
    JSON.stringify(instances),
    JSON.stringify(series),
    JSON.stringify(studies),
  ]);
}

const SERIES_FACTS = 'series_uid, source, modality, series_number, charset_default, attributes';
const STUDY_FACTS = `source, issuer, patient_id, patient_name, birth_date, sex, study_date, study_time,
  accession, study_id, referring_name, description`;

const qualified = (table: string, columns: string): string =>
  columns
    .split(',')
    .map((column) => `${table}.${column.trim()}`)
    .join(', ');

/** The facts of whichever of the row held and the row offered comes from the earlier instance. */
const earlier = (table: string, columns: string): string => `(${columns}) = (
  select ${columns}
  from (values (${qualified(table, columns)}), (${qualified('excluded', columns)})) as told (${columns})
  order by source limit 1)`;

/**
 * Instances from $1, and how many of each series were new.
 * @param only a condition on the rows given: those of a group that is not the next one are left alone
 */
export const newInstances = (only: string): string => `given_instance as (
  select * from jsonb_to_recordset($1::jsonb) as given (study_key uuid, series_key bigint, sop_uid text,
    version smallint, segment integer, file_at bigint, file_bytes bigint, head_bytes integer, digest text,
    transfer_syntax integer, sop_class integer, instance_number integer, marks smallint)
  where ${only}
), new_instance as (
  insert into instance (study_key, series_key, sop_uid, version, segment, file_at, file_bytes, head_bytes, digest,
    transfer_syntax, sop_class, instance_number, marks)
  select study_key, series_key, sop_uid, version, segment, file_at, file_bytes, head_bytes, decode(digest, 'hex'),
    transfer_syntax, sop_class, instance_number, marks
  from given_instance order by study_key, series_key, sop_uid, version
  on conflict do nothing
  returning study_key, series_key, sop_uid, version, file_bytes
), counted as (
  select study_key, series_key, count(*) filter (where version = 0) as instances, sum(file_bytes) as bytes
  from new_instance group by study_key, series_key
)`;

/**
 * Identifiers are written with the study's facts: of whichever instance tells them. What an earlier teller says
 * differently is written over, and no row is both written and deleted. Whether the patient is known elsewhere is
 * looked at later (features/patients).
 */
const NEW_IDENTIFIERS = `new_identifier as (
  insert into study_identifier (study_key, place, issuer, id, type)
  select study_key, place, issuer, id, type
  from telling_study, jsonb_to_recordset(identifiers) as given (place smallint, issuer text, id text, type text)
  on conflict (study_key, place) do update set issuer = excluded.issuer, id = excluded.id, type = excluded.type
), old_identifier as (
  delete from study_identifier old using telling_study told
  where not told.is_new and old.study_key = told.study_key and not exists (
    select from jsonb_to_recordset(told.identifiers) as given (place smallint) where given.place = old.place)
), told_patient as (
  insert into patient_work (study_key) select study_key from telling_study on conflict do nothing
)`;

const insertion = (only: string): string => `
${newInstances(only)}, given_series as (
  select * from jsonb_to_recordset($2::jsonb) as given (study_key uuid, series_key bigint, series_uid text, source text,
    modality text, series_number integer, charset_default text, attributes jsonb, stored timestamptz)
  where ${only}
), new_series as (
  insert into series (study_key, series_key, ${SERIES_FACTS}, instance_count, bytes, first_stored, last_stored)
  select study_key, series_key, ${SERIES_FACTS}, coalesce(instances, 0), coalesce(bytes, 0), stored, stored
  from given_series left join counted using (study_key, series_key) order by study_key, series_key
  on conflict (study_key, series_key) do update set
    instance_count = series.instance_count + excluded.instance_count,
    bytes = series.bytes + excluded.bytes,
    first_stored = least(series.first_stored, excluded.first_stored),
    last_stored = greatest(series.last_stored, excluded.last_stored),
    ${earlier('series', SERIES_FACTS)}
  returning study_key, series_key, (xmax = 0) as is_new
), given_study as (
  select * from jsonb_to_recordset($3::jsonb) as given (study_key uuid, institution text, study_uid text, source text,
    issuer text, patient_id text, patient_name text, birth_date date, sex text, study_date date,
    study_time text, accession text, study_id text, referring_name text, description text, attributes jsonb,
    identifiers jsonb, marks integer, stored timestamptz)
  where ${only}
), new_study as (
  insert into study (study_key, institution, study_uid, ${STUDY_FACTS}, marks, modalities, series_count,
    instance_count, bytes,
    first_stored, last_stored)
  select study_key, institution, study_uid, ${STUDY_FACTS}, marks, coalesce(told.modalities, '{}'),
    coalesce(added.series, 0), coalesce(sums.instances, 0), coalesce(sums.bytes, 0), stored, stored
  from given_study
    left join (select study_key, array_agg(distinct modality order by modality) as modalities
      from given_series where modality is not null group by study_key) told using (study_key)
    left join (select study_key, count(*) as series from new_series where is_new group by study_key) added
      using (study_key)
    left join (select study_key, sum(instances) as instances, sum(bytes) as bytes from counted group by study_key) sums
      using (study_key)
  order by study_key
  on conflict (study_key) do update set
    marks = study.marks | excluded.marks,
    modalities = array(select distinct unnest(study.modalities || excluded.modalities) order by 1),
    series_count = study.series_count + excluded.series_count,
    instance_count = study.instance_count + excluded.instance_count,
    bytes = study.bytes + excluded.bytes,
    first_stored = least(study.first_stored, excluded.first_stored),
    last_stored = greatest(study.last_stored, excluded.last_stored),
    ${earlier('study', STUDY_FACTS)}
  returning study_key, source, (xmax = 0) as is_new
), telling_study as (
  select study_key, is_new, attributes, identifiers from given_study join new_study using (study_key, source)
), new_attributes as (
  insert into study_attributes (study_key, attributes)
  select study_key, attributes from telling_study
  on conflict (study_key) do update set attributes = excluded.attributes
), ${NEW_IDENTIFIERS}`;

const INSERT_INSTANCES = `with ${insertion('true')} select study_key, series_key, sop_uid, version from new_instance`;

/** Empty when the group is not the next one of its segment. */
export const MOVE_WATERMARK = `moved as (
  update segment set committed = $6, records = $7, chain = $8, state = case when $9 then 'sealed' else state end
  where segment = $4 and committed = $5 returning segment
)`;

/** The usual case in one question: the watermark stands exactly before the group. */
const PROJECT_NEXT = `
with ${MOVE_WATERMARK}, ${insertion('exists (select from moved)')}, new_event as (
  ${INSERT_EVENTS.replace('$1', '$10')}
)
select n.study_key, n.series_key, n.sop_uid, n.version from moved left join new_instance n on true`;

export type HeldVersion = { version: number; digest: string; transferSyntax: string };
export type HeldRow = HeldVersion & InstanceKey;

/** Every version held under these keys. Index: primary key of instance. */
export async function findVersions(sql: Sql, keys: readonly InstanceKey[]): Promise<HeldRow[]> {
  return sql.query<HeldRow>(
    `select i.study_key, i.series_key, i.sop_uid, i.version, encode(i.digest, 'hex') as digest,
       c.uid as "transferSyntax"
     from unnest($1::uuid[], $2::bigint[], $3::text[]) as k (study_key, series_key, sop_uid)
     join instance i on i.study_key = k.study_key and i.series_key = k.series_key and i.sop_uid = k.sop_uid
     join uid_code c on c.code = i.transfer_syntax
     order by i.version`,
    [keys.map((key) => key.study_key), keys.map((key) => key.series_key), keys.map((key) => key.sop_uid)],
    { name: 'find-versions' },
  );
}

/** Codes of UIDs, made where they are missing. Index: unique uid_code.uid. */
export async function codesOf(sql: Sql, uids: readonly string[]): Promise<Map<string, number>> {
  await sql.query(
    `insert into uid_code (uid) select uid from unnest($1::text[]) as given (uid)
     where not exists (select from uid_code c where c.uid = given.uid) order by uid on conflict do nothing`,
    [uids],
  );
  const rows = await sql.query<{ uid: string; code: number }>(
    'select uid, code from uid_code where uid = any($1::text[])',
    [uids],
  );
  return new Map(rows.map((row) => [row.uid, row.code]));
}

/**
 * Project a group that is the next one of its segment: rows, journal and watermark in one statement.
 * @returns the instances that were new; undefined when the group is not the next one, and nothing was done
 */
export async function projectNext(
  sql: Sql,
  group: CommittedGroup,
  rows: GroupRows,
  events: readonly Envelope[],
): Promise<InsertedInstance[] | undefined> {
  const { segment, record, sealed } = group.record;
  const answers = await sql.query<InsertedInstance | { study_key: null }>(
    PROJECT_NEXT,
    [
      JSON.stringify(rows.instances),
      JSON.stringify(rows.series),
      JSON.stringify(rows.studies),
      segment,
      group.start,
      group.end,
      record + 1,
      group.chain,
      sealed,
      eventRows(events),
    ],
    { name: 'project-next' },
  );
  if (answers.length === 0) return undefined;
  return answers.filter((answer): answer is InsertedInstance => answer.study_key !== null);
}

/**
 * Move a segment's watermark behind a projected group; a replay never moves it back. Index: primary key.
 * @throws {Failure} database/unavailable when a group before this one is not in the index: a crash of the database
 *   lost it, and it must be projected first or start-up would pass over it.
 */
export async function advanceSegment(sql: Sql, group: CommittedGroup): Promise<void> {
  const { segment, record, sealed } = group.record;
  const [row] = await sql.query<{ committed: number }>('select committed from segment where segment = $1 for update', [
    segment,
  ]);
  if (row === undefined || row.committed < group.start) {
    throw new Failure(
      'database/unavailable',
      `index of segment ${segment} ends at ${row?.committed}, not ${group.start}`,
    );
  }
  await sql.query(
    `update segment set committed = $2, records = $3, chain = $4, state = case when $5 then 'sealed' else state end
     where segment = $1 and committed < $2`,
    [segment, group.end, record + 1, group.chain, sealed],
  );
}
