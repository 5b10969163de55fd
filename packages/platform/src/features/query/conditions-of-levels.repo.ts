import type { Match, QueryLevel } from '@acervo/interop/dicomweb/query.ts';
import type { Bound } from '../../holdings/bound.ts';
import { viewCondition } from '../../holdings/view.repo.ts';
import { attributeConditions } from './attributes.repo.ts';
import { columnCondition, type Wording } from './conditions.repo.ts';
import { identifierCondition, partIdentifiers } from './identifiers.repo.ts';
import type { PlacedKeys } from './keys.ts';
import type { Search } from './search.repo.ts';

/**
 * What a search asks for, as SQL over study `s`, series `r`, instance `i` and the study's attributes `a`. Several
 * where they have to be looked for one after the other; what one finds no other does.
 */
export function conditionsOf(bound: Bound, search: Search): string[] {
  const { fuzzyMatching, keys } = search;
  if (keys.isNever) return ['false'];
  const hasBeginning = keys.columns.some(
    ({ column, served }) => column.name === 's.patient_name' && served?.by === 'exact',
  );
  const groups: readonly Wording['group'][] = hasBeginning ? ['first', 'further'] : ['any'];
  return groups.map((group) => whereOf(bound, search, { fuzzyMatching, group, isWalked: false }));
}

/** Does it look at what study_attributes keeps? */
export const needsAttributes = ({ keys }: Search): boolean =>
  keys.attributes.study.length > 0 ||
  keys.columns.some(({ column, match }) => column.level === 'study' && match.condition.kind === 'empty');

/**
 * The same in two parts: the stretch of the order of answers that dates and institutions leave, and all other
 * conditions, those on the study apart from those on what is below it and joined.
 */
export function walkedConditions(
  bound: Bound,
  search: Search,
): { stretch: string[]; study: string[]; below: string[] } {
  const wording: Wording = { fuzzyMatching: search.fuzzyMatching, group: 'any', isWalked: true };
  const isDate = ({ served }: PlacedKeys['columns'][number]): boolean => served?.by === 'order';
  const { columns } = search.keys;
  const stretch = columns.filter(isDate).map(({ column, match }) => columnCondition(bound, column, match, wording));
  const seen = viewCondition(bound, search.view);
  if (seen !== undefined) stretch.push(seen);
  const keys = { ...search.keys, columns: columns.filter((key) => !isDate(key)) };
  const isJoined = search.level !== 'study';
  const conditions = ofLevels(bound, { ...search, keys }, wording);
  return {
    stretch,
    study: isJoined ? conditions.study : [...conditions.study, ...conditions.below],
    below: isJoined ? conditions.below : [],
  };
}

function whereOf(bound: Bound, search: Search, wording: Wording): string {
  const { view, study, series } = search;
  const of = ofLevels(bound, search, wording);
  const conditions = [...of.study, ...of.below];
  if (study !== undefined) conditions.push(`s.study_uid = ${bound.add(study, 'text')}`);
  if (series !== undefined) conditions.push(`r.series_uid = ${bound.add(series, 'text')}`);
  const seen = viewCondition(bound, view);
  if (seen !== undefined) conditions.push(seen);
  return conditions.length === 0 ? 'true' : conditions.join(' and ');
}

/**
 * The keys of each level: of its own row where the search joins it, else of any row below, all keys of a level by
 * the same one (relational queries, PS3.4 C.4.1.2.2.1).
 */
function ofLevels(bound: Bound, search: Search, wording: Wording): { study: string[]; below: string[] } {
  const { level, keys, fuzzyMatching } = search;
  const { identifiers, others } = partIdentifiers(keys.columns);
  const columns = (of: QueryLevel): string[] =>
    others
      .filter(({ column }) => column.level === of)
      .map(({ column, match }) => columnCondition(bound, column, match, wording));
  const attributes = (object: string, matches: readonly Match[]): string[] =>
    attributeConditions(bound, object, matches, fuzzyMatching);
  const study = [
    ...identifierCondition(bound, identifiers, wording),
    ...columns('study'),
    ...attributes('a.attributes', keys.attributes.study),
  ];
  const series = [...columns('series'), ...attributes('r.attributes', keys.attributes.series)];
  const instance = columns('instance');
  if (level === 'instance') return { study, below: [...series, ...instance] };
  if (level === 'series') return { study, below: [...series, ...anyInstance('r', instance)] };
  if (series.length === 0) return { study, below: anyInstance('s', instance) };
  const wanted = [...series, ...anyInstance('r', instance)].join(' and ');
  return { study, below: [`exists (select from series r where r.study_key = s.study_key and ${wanted})`] };
}

function anyInstance(above: 's' | 'r', conditions: readonly string[]): string[] {
  if (conditions.length === 0) return [];
  const ofSeries = above === 'r' ? ' and i.series_key = r.series_key' : '';
  const wanted = [`i.study_key = ${above}.study_key${ofSeries}`, 'i.version = 0', ...conditions];
  return [`exists (select from instance i where ${wanted.join(' and ')})`];
}
