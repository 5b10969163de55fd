import { foldName } from '@acervo/dicom/person-name.ts';
import { T } from '@acervo/dicom/tags.ts';
import type { Vr } from '@acervo/dicom/vr.ts';
import type { Match, Query, QueryLevel } from '@acervo/interop/dicomweb/query.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { SERIES_TAGS, STUDY_TAGS } from '../../holdings/attributes.ts';
import { isMatched } from './match-json.ts';
import { type Served, servedBy } from './served.ts';

/** How a column of the index is compared. */
export type ColumnKind = 'text' | 'date' | 'time' | 'name' | 'description' | 'modalities' | 'integer' | 'sop-class';

/** A key that has a column of its own: a column of study `s`, series `r` or instance `i`. */
export type Column = { level: QueryLevel; name: string; kind: ColumnKind };

/** Where each key of a query is looked up. */
export type PlacedKeys = {
  columns: readonly { column: Column; match: Match; served: Served }[];
  /** Over the DICOM JSON that the index keeps of a study and of a series. */
  attributes: Readonly<Record<'study' | 'series', readonly Match[]>>;
  /** In the headers of the instances themselves. */
  header: readonly Match[];
  /** A key asks for what no object here has. */
  isNever: boolean;
};

const study = (name: string, kind: ColumnKind): Column => ({ level: 'study', name: `s.${name}`, kind });
const series = (name: string, kind: ColumnKind): Column => ({ level: 'series', name: `r.${name}`, kind });
const instance = (name: string, kind: ColumnKind): Column => ({ level: 'instance', name: `i.${name}`, kind });

/** What a series has as its modality stands among those of its study, which have an index. */
const MODALITIES: Column = study('modalities', 'modalities');

const COLUMNS: ReadonlyMap<number, Column> = new Map<number, Column>([
  [T.StudyInstanceUID, study('study_uid', 'text')],
  [T.PatientID, study('patient_id', 'text')],
  [T.IssuerOfPatientID, study('issuer', 'text')],
  [T.AccessionNumber, study('accession', 'text')],
  [T.StudyID, study('study_id', 'text')],
  [T.PatientSex, study('sex', 'text')],
  [T.StudyDate, study('study_date', 'date')],
  [T.PatientBirthDate, study('birth_date', 'date')],
  [T.StudyTime, study('study_time', 'time')],
  [T.PatientName, study('patient_name', 'name')],
  [T.ReferringPhysicianName, study('referring_name', 'name')],
  [T.StudyDescription, study('description', 'description')],
  [T.ModalitiesInStudy, MODALITIES],
  [T.SeriesInstanceUID, series('series_uid', 'text')],
  [T.Modality, series('modality', 'text')],
  [T.SeriesNumber, series('series_number', 'integer')],
  [T.SOPInstanceUID, instance('sop_uid', 'text')],
  [T.SOPClassUID, instance('sop_class', 'sop-class')],
  [T.InstanceNumber, instance('instance_number', 'integer')],
]);

const STUDY: ReadonlySet<number> = new Set(STUDY_TAGS);
const SERIES: ReadonlySet<number> = new Set(SERIES_TAGS);
/** Made for the answer: no object has them, so they are not searched. */
const MADE: ReadonlySet<number> = new Set([
  T.RetrieveURL,
  T.SOPClassesInStudy,
  T.NumberOfStudyRelatedSeries,
  T.NumberOfStudyRelatedInstances,
  T.NumberOfSeriesRelatedInstances,
  T.QueryRetrieveLevel,
  T.SpecificCharacterSet,
]);
const RANK: Readonly<Record<QueryLevel, number>> = { study: 0, series: 1, instance: 2 };

/** Everything that is held is at hand. */
export const AVAILABILITY = 'ONLINE';
/** VRs whose values are not compared among the attributes that the index keeps. */
export const INCOMPARABLE: ReadonlySet<Vr> = new Set(['DT', 'AT', 'UN']);
/** Asterisks of one key: each makes a search longer. */
export const ASTERISKS_MAX = 32;

/**
 * Say for each key where it is looked up; universal ones match anything and are left out.
 * @param isBelowStudy  the search is bounded by a study, so that headers may be read
 * @throws {Failure} query/not-indexed, query/invalid
 */
export function placeKeys(query: Query, isBelowStudy: boolean): PlacedKeys {
  const columns: { column: Column; match: Match; served: Served }[] = [];
  const place = (column: Column, match: Match): void =>
    void columns.push({ column, match, served: servedBy(column, match, query.fuzzyMatching) });
  const attributes = { study: [] as Match[], series: [] as Match[] };
  const header: Match[] = [];
  let isNever = false;
  for (const match of query.matches) {
    const {
      path: [tag = 0, ...inner],
      condition,
    } = match;
    if (condition.kind === 'universal') continue;
    refuseManyAsterisks(match);
    const column = inner.length === 0 ? columnOf(tag, query.level) : undefined;
    if (tag === T.InstanceAvailability) isNever ||= !isMatched(AVAILABILITY, match, query);
    else if (column !== undefined && isReachable(column, query.level)) {
      place(column, withAnyGivenName(column, match, query));
      if (tag === T.Modality && query.level !== 'study' && isValued(condition)) place(MODALITIES, match);
    } else if (STUDY.has(tag)) attributes.study.push(match);
    else if (SERIES.has(tag)) attributes.series.push(match);
    else if (isBelowStudy && query.level === 'instance' && !MADE.has(tag)) header.push(match);
    else throw new Failure('query/not-indexed', `a key that the index does not hold, at level ${query.level}`);
  }
  return { columns, attributes, header, isNever };
}

/**
 * Can a search at the query's level compare this key? The same that `placeKeys` and the statements refuse.
 * @throws {Failure} query/invalid
 */
export function isSearched(match: Match, query: Query, isBelowStudy: boolean): boolean {
  try {
    const { attributes } = placeKeys({ ...query, matches: [match] }, isBelowStudy);
    return ![...attributes.study, ...attributes.series].some(({ vr }) => INCOMPARABLE.has(vr));
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === 'query/not-indexed') return false;
    throw thrown;
  }
}

/** Attributes that a query names, to be matched or returned; of a sequence, the outermost. */
export function namedTags({ matches, includeFields }: Query): Set<number> {
  const paths = [...matches.map(({ path }) => path), ...(includeFields === 'all' ? [] : includeFields)];
  return new Set(paths.map(([tag = 0]) => tag));
}

/**
 * Surnames alone, as people type them, find whoever bears them first: with any given name, and with a further surname
 * (PS3.4 C.2.2.2.1 leaves to the server how names are matched). A delimiter or wildcard says more exactly what is
 * meant.
 */
function withAnyGivenName({ kind }: Column, match: Match, { fuzzyMatching }: Query): Match {
  const { condition } = match;
  if (kind !== 'name' || fuzzyMatching || condition.kind !== 'single') return match;
  if (/[\^=]/.test(condition.value) || foldName(condition.value) === '') return match;
  const conditions = [`${condition.value}^*`, `${condition.value} *`].map((pattern) => ({
    kind: 'wildcard' as const,
    pattern,
  }));
  return { ...match, condition: { kind: 'anyOf', conditions } };
}

/** What matches of a study asks its series matches its list: Modality means Modalities in Study there. */
function columnOf(tag: number, level: QueryLevel): Column | undefined {
  return COLUMNS.get(level === 'study' && tag === T.Modality ? T.ModalitiesInStudy : tag);
}

const isValued = ({ kind }: Match['condition']): boolean => kind === 'single' || kind === 'list';

/** A UID of a lower level finds the study or series that it is in; other instance keys have no index for that. */
const isReachable = ({ level, kind }: Column, asked: QueryLevel): boolean =>
  level !== 'instance' || kind === 'text' || RANK[asked] === RANK.instance;

function refuseManyAsterisks({ condition }: Match): void {
  const patterns = condition.kind === 'anyOf' ? condition.conditions : [condition];
  for (const each of patterns) {
    const parts = each.kind === 'wildcard' ? each.pattern.split(/\*+/).length - 1 : 0;
    if (parts > ASTERISKS_MAX) throw new Failure('query/invalid', `more than ${ASTERISKS_MAX} asterisks in a key`);
  }
}
