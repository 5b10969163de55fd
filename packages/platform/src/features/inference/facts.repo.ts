import { ageYearsOf } from '@acervo/model/routing/age.ts';
import type { SeriesFacts, StudyFacts } from '@acervo/model/routing/routed.ts';
import { rfc3339, type Sql } from '../../ports/sql.ts';

export type KeyedSeries = SeriesFacts & { seriesKey: number };
/** A study as rules see it, by its key. `at` is when it last got something. */
export type KeyedStudy = Omit<StudyFacts, 'series'> & { studyKey: string; studyUid: string; series: KeyedSeries[] };

type StudyRow = {
  studyKey: string;
  studyUid: string;
  institution: string;
  sex: string | null;
  birth: string | null;
  date: string | null;
  age: string | null;
  at: string;
};

const STUDY = `s.study_key::text as "studyKey", s.study_uid as "studyUid", s.institution, s.sex,
  s.birth_date::text as birth, s.study_date::text as date, a.attributes #>> '{00101010,Value,0}' as age,
  ${rfc3339('s.last_stored')} as at`;

/** Indexes: primary keys of study, study_attributes and series. */
export async function factsOf(sql: Sql, studyKeys: readonly string[]): Promise<KeyedStudy[]> {
  const rows = await sql.query<StudyRow>(
    `select ${STUDY} from study s left join study_attributes a on a.study_key = s.study_key
     where s.study_key = any($1::uuid[])`,
    [studyKeys],
  );
  return withSeries(sql, rows);
}

export type DatedStudy = KeyedStudy & { newest: string };

/**
 * The next studies of an institution, the newest Study Date first, down to a day. Index: study_newest_here.
 * @param before  where the page before ended
 * @param from    the day, YYYY-MM-DD
 */
export async function studiesSince(
  sql: Sql,
  of: { institution: string; from: string; before: { newest: string; studyKey: string } | undefined },
  limit: number,
): Promise<DatedStudy[]> {
  const rows = await sql.query<StudyRow & { newest: string }>(
    `select ${STUDY}, s.newest::text as newest from study s left join study_attributes a on a.study_key = s.study_key
     where s.institution = $1 and s.newest >= ($2::date - date '0001-01-01' + 1)::bigint * 1000000000000 - 1
       and ($3::bigint is null or (s.newest, s.study_key) < ($3, $4::uuid))
     order by s.newest desc, s.study_key desc limit $5`,
    [of.institution, of.from, of.before?.newest ?? null, of.before?.studyKey ?? null, limit],
  );
  const newest = new Map(rows.map((row) => [row.studyKey, row.newest]));
  return (await withSeries(sql, rows)).map((study) => ({ ...study, newest: newest.get(study.studyKey) ?? '0' }));
}

async function withSeries(sql: Sql, rows: readonly StudyRow[]): Promise<KeyedStudy[]> {
  const series = await sql.query<{
    studyKey: string;
    seriesKey: number;
    seriesUid: string;
    modality: string | null;
    bodyPart: string | null;
  }>(
    `select study_key::text as "studyKey", series_key as "seriesKey", series_uid as "seriesUid", modality,
       attributes #>> '{00180015,Value,0}' as "bodyPart"
     from series where study_key = any($1::uuid[]) and instance_count > 0 order by study_key, series_key`,
    [rows.map(({ studyKey }) => studyKey)],
  );
  const byStudy = Map.groupBy(series, ({ studyKey }) => studyKey);
  return rows.map(({ studyKey, studyUid, institution, sex, birth, date, age, at }) => ({
    studyKey,
    studyUid,
    institution,
    sex: sex ?? undefined,
    ageYears: ageYearsOf(age ?? undefined, { birth: birth ?? undefined, study: date ?? undefined }),
    at,
    series: (byStudy.get(studyKey) ?? []).map(({ seriesKey, seriesUid, modality, bodyPart }) => ({
      seriesKey,
      seriesUid,
      modality: modality ?? undefined,
      bodyPart: bodyPart ?? undefined,
      viewPositions: 'unread' as const,
    })),
  }));
}

/** Some series of a study. */
export type SomeSeries = { studyKey: string; seriesKeys: readonly number[] };

/**
 * SHA-256 of what some series of each study hold, in the order asked for; undefined: nothing. One question for all, by
 * a look at each: index: primary key of instance.
 */
export async function revisionsOf(sql: Sql, of: readonly SomeSeries[]): Promise<(string | undefined)[]> {
  if (of.length === 0) return [];
  const rows = await sql.query<{ nth: number; revision: string | null }>(REVISIONS, [
    JSON.stringify(of.map((each, nth) => ({ nth, ...each }))),
  ]);
  const found = new Map(rows.map(({ nth, revision }) => [nth, revision ?? undefined]));
  return of.map((_, nth) => found.get(nth));
}

/** Text of the question alone, so that a test can see how it is answered. */
export const REVISIONS = `select nth, held.revision
  from jsonb_to_recordset($1::jsonb) as given (nth integer, "studyKey" uuid, "seriesKeys" bigint[])
  cross join lateral (
    select encode(sha256(string_agg(convert_to(sop_uid, 'UTF8') || digest, ''::bytea order by series_key, sop_uid)),
      'hex') as revision
    from instance where study_key = given."studyKey" and series_key = any(given."seriesKeys") and version = 0
  ) as held`;

export async function revisionOf(
  sql: Sql,
  studyKey: string,
  seriesKeys: readonly number[],
): Promise<string | undefined> {
  return (await revisionsOf(sql, [{ studyKey, seriesKeys }]))[0];
}

/** Whose the Patient ID of a study is. Index: primary key of study. */
export async function issuerOf(sql: Sql, studyKey: string): Promise<string | undefined> {
  const [row] = await sql.query<{ issuer: string }>('select issuer from study where study_key = $1', [studyKey]);
  return row?.issuer || undefined;
}
