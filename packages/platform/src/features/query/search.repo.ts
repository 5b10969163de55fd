import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import type { QueryLevel } from '@acervo/interop/dicomweb/query.ts';
import { Bound } from '../../holdings/bound.ts';
import type { HeldInstance } from '../../holdings/find.repo.ts';
import type { Sql } from '../../ports/sql.ts';
import type { View } from '../../ports/view.ts';
import { notByIndex } from './conditions.repo.ts';
import { conditionsOf, needsAttributes, walkedConditions } from './conditions-of-levels.repo.ts';
import type { PlacedKeys } from './keys.ts';
import type { Position } from './position.ts';

/** A search as the index answers it. */
export type Search = {
  level: QueryLevel;
  /** What of it the caller may see. */
  view: View;
  /** UIDs that the path names. */
  study: string | undefined;
  series: string | undefined;
  keys: PlacedKeys;
  fuzzyMatching: boolean;
  /** Collect the SOP classes of each study found. */
  withSopClasses: boolean;
};

/** Which of the matches are wanted: behind a position, so many of them passed over, so many at most. */
export type Page = { limit: number; offset: number; after: Position | undefined };

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
export type FoundRow = StudyFacts & Partial<SeriesFacts> & Partial<HeldInstance> & Position;

/** @property total of the matches that were looked at; @property candidates that were compared, where all were */
export type FoundPage = { rows: FoundRow[]; total: number; candidates: number };

const STUDY = `s.study_key as "studyKey", s.newest::text as newest,
  s.institution, s.study_uid as "studyUid", s.issuer, s.modalities,
  (select a.attributes from study_attributes a where a.study_key = f.study_key) as study,
  s.series_count as "seriesCount", s.instance_count as "studyInstances"`;
const SERIES = `r.series_key as "seriesKey", r.series_number as "seriesNumber",
  r.series_uid as "seriesUid", r.attributes as series, r.instance_count as "seriesInstances",
  r.charset_default as "charsetDefault"`;
const INSTANCE = `i.sop_uid as "sopUid", i.segment, i.file_at as "fileAt", i.file_bytes as "fileBytes",
  i.head_bytes as "headBytes", i.file_at + i.head_bytes as "dataSetAt", i.file_bytes - i.head_bytes as "dataSetBytes",
  i.instance_number as "instanceNumber", encode(i.digest, 'hex') as digest, c.uid as "sopClassUid",
  t.uid as "transferSyntaxUid"`;
const SOP_CLASSES = `array(select distinct u.uid from instance n join uid_code u on u.code = n.sop_class
  where n.study_key = s.study_key and n.version = 0 order by u.uid)`;

type OfLevel = Readonly<Record<QueryLevel, string>>;

/** What a match is known by until its page is put together, with what it is ordered by. */
const IDS: OfLevel = {
  study: 's.study_key, s.newest',
  series: 's.study_key, s.newest, r.series_key, r.series_number',
  instance: 's.study_key, s.newest, r.series_key, r.series_number, i.sop_uid, i.instance_number',
};
const JOIN_SERIES = 'join series r on r.study_key = s.study_key';
const JOIN_INSTANCE = 'join instance i on i.study_key = r.study_key and i.series_key = r.series_key and i.version = 0';
const BELOW: OfLevel = { study: '', series: JOIN_SERIES, instance: `${JOIN_SERIES} ${JOIN_INSTANCE}` };
const JOIN_ATTRIBUTES = 'join study_attributes a on a.study_key = s.study_key';

const PAGE_STUDY = 'f join study s on s.study_key = f.study_key';
const PAGE_SERIES = `${PAGE_STUDY} join series r on r.study_key = f.study_key and r.series_key = f.series_key`;
const PAGE_JOINS: OfLevel = {
  study: PAGE_STUDY,
  series: PAGE_SERIES,
  instance: `${PAGE_SERIES} join instance i on i.study_key = f.study_key and i.series_key = f.series_key
    and i.sop_uid = f.sop_uid and i.version = 0
    join uid_code c on c.code = i.sop_class join uid_code t on t.code = i.transfer_syntax`,
};

type Names = { s: string; r: string; i: string };
const OWN: Names = { s: 's', r: 'r', i: 'i' };
const FOUND: Names = { s: 'f', r: 'f', i: 'f' };

/** The newest first; the keys make it total, so that pages neither repeat nor leave out. Index: study_newest. */
function order(level: QueryLevel, { s, r, i }: Names): string {
  const study = `${s}.newest desc, ${s}.study_key desc`;
  if (level === 'study') return study;
  const series = `${study}, ${r}.series_number nulls last, ${r}.series_key`;
  return level === 'series' ? series : `${series}, ${i}.instance_number nulls last, ${i}.sop_uid`;
}

/** Behind every number that there is: where none stands in the order. */
const NO_NUMBER = 4_294_967_296;

/** Behind a position, in that order. The study's part alone is a stretch of study_newest. */
function behind(bound: Bound, level: QueryLevel, { s, r, i }: Names, after: Position): string {
  const study = `(${bound.add(after.newest, 'bigint')}, ${bound.add(after.studyKey, 'uuid')})`;
  const its = `(${s}.newest, ${s}.study_key)`;
  if (level === 'study') return `${its} < ${study}`;
  const numbered = (column: string): string => `coalesce(${column}::bigint, ${NO_NUMBER})`;
  const columns = [numbered(`${r}.series_number`), `${r}.series_key`];
  const values = [bound.add(after.seriesNumber ?? NO_NUMBER, 'bigint'), bound.add(after.seriesKey ?? 0, 'bigint')];
  if (level === 'instance') {
    columns.push(numbered(`${i}.instance_number`), `${i}.sop_uid`);
    values.push(bound.add(after.instanceNumber ?? NO_NUMBER, 'bigint'), bound.add(after.sopUid ?? '', 'text'));
  }
  return `${its} <= ${study} and (${its} < ${study} or (${columns.join(', ')}) > (${values.join(', ')}))`;
}

export type Statement = { text: string; values: Bound['values'] };

/**
 * All matches, as long as there are no more than `max`: found by whatever index leads to the keys, then put in order.
 * Where more match, no row is answered. Indexes: those of the keys.
 */
export function fewStatement(search: Search, page: Page, max: number): Statement {
  const { level } = search;
  const bound = new Bound();
  const found = conditionsOf(bound, search).map(
    (where) => `select ${IDS[level]} from study s ${BELOW[level]}
      ${needsAttributes(search) ? JOIN_ATTRIBUTES : ''} where ${where}`,
  );
  const most = bound.add(max, 'bigint');
  const wanted = [`total.total <= ${most}`, ...(page.after ? [behind(bound, level, FOUND, page.after)] : [])];
  const text = `with found as materialized (${found.join(' union all ')} limit ${most} + 1),
    total as (select count(*)::integer as total from found)
    ${pageOf(bound, search, page, `from found f, total where ${allOf(wanted)} order by ${order(level, FOUND)}`)}`;
  return { text, values: bound.values };
}

/**
 * A page of many matches: the order is walked, and each study of it compared, until the page is full.
 * Index: study_newest or study_newest_here.
 */
export function walkStatement(search: Search, page: Page): Statement {
  const { level } = search;
  const bound = new Bound();
  const { stretch, study, below } = walkedConditions(bound, search);
  const wanted = [...stretch, notByIndex(allOf(study)), ...below];
  if (page.after) wanted.push(behind(bound, level, OWN, page.after));
  const walked = `from study s ${BELOW[level]} ${needsAttributes(search) ? JOIN_ATTRIBUTES : ''}
    where ${allOf(wanted)} order by ${order(level, OWN)}`;
  const text = `with total as (select 0 as total) ${pageOf(bound, search, page, walked, OWN)}`;
  return { text, values: bound.values };
}

/**
 * The matches among the first `max` studies of the stretch of the order that dates, institutions and position leave.
 * Where study_newest has every column that is compared, the table is not looked at.
 * Index: study_newest or study_newest_here.
 */
export function windowStatement(search: Search, page: Page, max: number): Statement {
  const { level } = search;
  const bound = new Bound();
  const { stretch, study, below } = walkedConditions(bound, search);
  if (page.after) stretch.push(behindStudy(bound, level, page.after));
  if (page.after && level !== 'study') below.push(behind(bound, level, OWN, page.after));
  const text = `with candidate as materialized (
      select s.study_key, s.newest, ${allOf(study)} as is_match
      from study s ${needsAttributes(search) ? JOIN_ATTRIBUTES : ''}
      where ${allOf(stretch)} order by ${order('study', OWN)} limit ${bound.add(max, 'bigint')}
    ), found as materialized (
      select ${IDS[level]} from candidate s ${BELOW[level]} where ${allOf(['s.is_match', ...below])}
    ), total as (
      select (select count(*)::integer from found) as total, (select count(*)::integer from candidate) as candidates
    ) ${pageOf(bound, search, page, `from found f order by ${order(level, FOUND)}`)}`;
  return { text, values: bound.values };
}

const allOf = (conditions: readonly string[]): string => (conditions.length === 0 ? 'true' : conditions.join(' and '));

/** Of the studies, the one that the position is in included where something of it may be left. */
function behindStudy(bound: Bound, level: QueryLevel, after: Position): string {
  const position = `(${bound.add(after.newest, 'bigint')}, ${bound.add(after.studyKey, 'uuid')})`;
  return `(s.newest, s.study_key) ${level === 'study' ? '<' : '<='} ${position}`;
}

/** The rows of a page of what was found, each beside the totals; one row without a study where there is none. */
function pageOf(bound: Bound, search: Search, page: Page, found: string, names: Names = FOUND): string {
  const { level } = search;
  const columns = [
    STUDY,
    `${search.withSopClasses ? SOP_CLASSES : 'null'} as "sopClasses"`,
    ...(level === 'study' ? [] : [SERIES]),
    ...(level === 'instance' ? [INSTANCE] : []),
  ];
  const ids = names === FOUND ? 'f.*' : IDS[level];
  const limits = `limit ${bound.add(page.limit, 'bigint')} offset ${bound.add(page.offset, 'bigint')}`;
  return `select total.*, page.* from total left join (
      select row_number() over (order by ${order(level, FOUND)}) as place, ${columns.join(', ')}
      from (select ${ids} ${found} ${limits}) ${PAGE_JOINS[level]}
    ) page on true order by page.place`;
}

export async function foundPage(sql: Sql, { text, values }: Statement): Promise<FoundPage> {
  type Row = Partial<FoundRow> & { total: number; candidates?: number };
  const rows = await sql.query<Row>(text, values);
  return {
    rows: rows.filter((row): row is Row & FoundRow => typeof row.studyUid === 'string'),
    total: rows[0]?.total ?? 0,
    candidates: rows[0]?.candidates ?? 0,
  };
}
