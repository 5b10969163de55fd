import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import type { Match, QueryLevel } from '@acervo/interop/dicomweb/query.ts';
import type { HeldInstance, Institutions } from '../../holdings/find.repo.ts';
import type { Sql } from '../../ports/sql.ts';
import { attributeConditions } from './attributes.repo.ts';
import { columnCondition } from './conditions.repo.ts';
import type { PlacedKeys } from './keys.ts';
import { Bound } from './statement.ts';

/** A search as the index answers it. */
export type Search = {
  level: QueryLevel;
  institutions: Institutions;
  /** UIDs that the path names. */
  study: string | undefined;
  series: string | undefined;
  keys: PlacedKeys;
  fuzzyMatching: boolean;
  /** Collect the SOP classes of each study found. */
  withSopClasses: boolean;
  /** Of names, only the first group: fewer than match, found in their order. */
  firstGroupOnly: boolean;
};

export type StudyFacts = {
  institution: string;
  studyUid: string;
  issuer: string;
  study: DicomJson;
  modalities: string[];
  seriesCount: number;
  studyInstances: number;
  sopClasses: string[] | null;
};
export type SeriesFacts = { seriesUid: string; series: DicomJson; seriesInstances: number };

/** What was found: of the study always, of series and instance from their levels on. */
export type FoundRow = StudyFacts & Partial<SeriesFacts> & Partial<HeldInstance>;

const STUDY = `s.institution, s.study_uid as "studyUid", s.issuer, s.attributes as study, s.modalities,
  s.series_count as "seriesCount", s.instance_count as "studyInstances"`;
const SERIES = `r.series_uid as "seriesUid", r.attributes as series, r.instance_count as "seriesInstances",
  r.charset_default as "charsetDefault"`;
const INSTANCE = `i.sop_uid as "sopUid", i.segment, i.file_at as "fileAt", i.file_bytes as "fileBytes",
  i.head_bytes as "headBytes", i.file_at + i.head_bytes as "dataSetAt", i.file_bytes - i.head_bytes as "dataSetBytes",
  i.instance_number as "instanceNumber", encode(i.digest, 'hex') as digest, c.uid as "sopClassUid",
  t.uid as "transferSyntaxUid"`;
const SOP_CLASSES = `array(select distinct u.uid from instance n join uid_code u on u.code = n.sop_class
  where n.study_key = s.study_key and n.version = 0 order by u.uid)`;
const CODES = 'join uid_code c on c.code = i.sop_class join uid_code t on t.code = i.transfer_syntax';

const JOIN_SERIES = 'join series r on r.study_key = s.study_key';
const JOIN_INSTANCE = 'join instance i on i.study_key = r.study_key and i.series_key = r.series_key and i.version = 0';
const FROM: Readonly<Record<QueryLevel, string>> = {
  study: 'study s',
  series: `study s ${JOIN_SERIES}`,
  instance: `study s ${JOIN_SERIES} ${JOIN_INSTANCE}`,
};

/** The newest first; the keys make it total, so that pages neither repeat nor leave out. Index: study_newest. */
const ORDER_STUDY = 's.study_date desc nulls last, s.study_time desc nulls last, s.study_key';
const ORDER_SERIES = `${ORDER_STUDY}, r.series_number nulls last, r.series_key`;
const ORDER: Readonly<Record<QueryLevel, string>> = {
  study: ORDER_STUDY,
  series: ORDER_SERIES,
  instance: `${ORDER_SERIES}, i.instance_number nulls last, i.sop_uid`,
};

export type Statement = { text: string; values: Bound['values'] };

/** A page of what was found. Indexes: those of the keys, or study_newest. */
export async function findPage(sql: Sql, search: Search, limit: number, offset: number): Promise<FoundRow[]> {
  const { text, values } = pageStatement(search, limit, offset);
  return sql.query<FoundRow>(text, values);
}

export function pageStatement(search: Search, limit: number, offset: number): Statement {
  const { level } = search;
  const bound = new Bound();
  const columns = [
    STUDY,
    `${search.withSopClasses ? SOP_CLASSES : 'null'} as "sopClasses"`,
    ...(level === 'study' ? [] : [SERIES]),
    ...(level === 'instance' ? [INSTANCE] : []),
  ];
  const from = level === 'instance' ? `${FROM.instance} ${CODES}` : FROM[level];
  const where = whereOf(bound, search);
  const text = `select ${columns.join(', ')} from ${from} where ${where} order by ${ORDER[level]}
    limit ${bound.add(limit, 'bigint')} offset ${bound.add(offset, 'bigint')}`;
  return { text, values: bound.values };
}

/** How many there are, counted no further than `max`. Indexes: as `findPage`. */
export async function countUpTo(sql: Sql, search: Search, max: number): Promise<number> {
  const { text, values } = countStatement(search, max);
  const [row] = await sql.query<{ count: number }>(text, values);
  return row?.count ?? 0;
}

export function countStatement(search: Search, max: number): Statement {
  const bound = new Bound();
  const where = whereOf(bound, search);
  const text = `select count(*)::integer as count from (
    select from ${FROM[search.level]} where ${where} limit ${bound.add(max, 'bigint')}) as found`;
  return { text, values: bound.values };
}

function whereOf(bound: Bound, search: Search): string {
  const { institutions, study, series, keys } = search;
  if (keys.isNever) return 'false';
  const conditions = ofLevels(bound, search);
  if (study !== undefined) conditions.push(`s.study_uid = ${bound.add(study, 'text')}`);
  if (series !== undefined) conditions.push(`r.series_uid = ${bound.add(series, 'text')}`);
  if (institutions !== undefined) conditions.push(institutionCondition(bound, institutions));
  return conditions.length === 0 ? 'true' : conditions.join(' and ');
}

/** One institution, as for nearly every caller, is compared by itself: so an index can give its order. */
function institutionCondition(bound: Bound, institutions: readonly string[]): string {
  const [only, ...others] = institutions;
  if (only !== undefined && others.length === 0) return `s.institution = ${bound.add(only, 'text')}`;
  return `s.institution = any(${bound.add(institutions, 'text[]')})`;
}

/**
 * The keys of each level: of its own row where the search joins it, else of any row below, all keys of a level by
 * the same one (relational queries, PS3.4 C.4.1.2.2.1).
 */
function ofLevels(bound: Bound, { level, keys, fuzzyMatching, firstGroupOnly }: Search): string[] {
  const columns = (of: QueryLevel): string[] =>
    keys.columns
      .filter(({ column }) => column.level === of)
      .map(({ column, match }) => columnCondition(bound, column, match, { fuzzyMatching, firstGroupOnly }));
  const attributes = (object: string, matches: readonly Match[]): string[] =>
    attributeConditions(bound, object, matches, fuzzyMatching);
  const study = [...columns('study'), ...attributes('s.attributes', keys.attributes.study)];
  const series = [...columns('series'), ...attributes('r.attributes', keys.attributes.series)];
  const instance = columns('instance');
  if (level === 'instance') return [...study, ...series, ...instance];
  if (level === 'series') return [...study, ...series, ...anyInstance('r', instance)];
  if (series.length === 0) return [...study, ...anyInstance('s', instance)];
  const below = [...series, ...anyInstance('r', instance)].join(' and ');
  return [...study, `exists (select from series r where r.study_key = s.study_key and ${below})`];
}

function anyInstance(above: 's' | 'r', conditions: readonly string[]): string[] {
  if (conditions.length === 0) return [];
  const ofSeries = above === 'r' ? ' and i.series_key = r.series_key' : '';
  const wanted = [`i.study_key = ${above}.study_key${ofSeries}`, 'i.version = 0', ...conditions];
  return [`exists (select from instance i where ${wanted.join(' and ')})`];
}
