import { findAttribute, tagOf, vrOf } from '@acervo/dicom/dictionary.ts';
import { isPrivate } from '@acervo/dicom/tag.ts';
import type { Vr } from '@acervo/dicom/vr.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { type Condition, conditionOf, type MatchingOptions } from './matching.ts';
import { percentDecoded, type RawParameter, rawParameters } from './query-string.ts';

/** Attributes matched in one query. */
export const MATCHES_MAX = 64;
/** Attributes asked back in one query. */
export const INCLUDE_FIELDS_MAX = 512;
/** Attributes in one path, the sequences included. */
export const PATH_LENGTH_MAX = 8;
/** Characters of a cursor. */
export const CURSOR_CHARS_MAX = 1_024;

export type QueryLevel = 'study' | 'series' | 'instance';

/** Tags from the outermost sequence to the attribute itself; one alone is an attribute of the data set. */
export type AttributePath = readonly number[];

/** One attribute that is matched. Keys that share a sequence are matched item by item (PS3.4 C.2.2.2.6). */
export type Match = { path: AttributePath; vr: Vr; condition: Condition };

/** A search transaction (PS3.18 8.3.4, 10.6). */
export type Query = {
  level: QueryLevel;
  /** In the order given; a path stands once. Universal ones ask for the attribute to be returned. */
  matches: readonly Match[];
  includeFields: 'all' | readonly AttributePath[];
  fuzzyMatching: boolean;
  emptyValueMatching: boolean;
  multipleValueMatching: boolean;
  /** At least 1; absent when the server may decide. */
  limit?: number;
  offset: number;
  /** Where to go on, as a former answer said it; opaque. Not in the standard. */
  cursor?: string;
};

/** Parameters of the transaction, in lower case; every other name is an attribute. */
const RESERVED: ReadonlySet<string> = new Set([
  'limit',
  'offset',
  'includefield',
  'fuzzymatching',
  'emptyvaluematching',
  'multiplevaluematching',
  'cursor',
  'accept',
  'charset',
]);

/** In these a `+` is a sign: of an offset from UTC, or of a number. */
const SIGNED_VRS: ReadonlySet<Vr> = new Set(['DT', 'IS', 'DS', 'FL', 'FD', 'SL', 'SS', 'SV', 'UL', 'US', 'UV']);

/**
 * Read a QIDO-RS query.
 *
 * A `+` in a value is a space, as browsers and HTTP libraries encode one; RFC 3986 would have it literal, but
 * in a DICOM text a real plus comes encoded (`%2B`). In dates with times and in numbers, where no space can
 * be, it is the sign.
 * @param rawQuery what follows `?`, undecoded.
 * @throws {Failure} query/invalid on anything not understood: an ignored key would answer with patients that
 * were not asked for.
 * @example parseQuery('PatientName=NU%C3%91EZ*&limit=10', 'study')
 */
export function parseQuery(rawQuery: string, level: QueryLevel): Query {
  const parameters = rawParameters(rawQuery);
  const emptyValueMatching = flag(parameters, 'emptyvaluematching');
  const multipleValueMatching = flag(parameters, 'multiplevaluematching');
  const limit = unsigned(parameters, 'limit', 1);
  const cursor = once(parameters, 'cursor');
  if ((cursor?.length ?? 0) > CURSOR_CHARS_MAX) throw invalid(`cursor over ${CURSOR_CHARS_MAX} characters`);
  return {
    level,
    matches: matchesOf(parameters, { emptyValueMatching, multipleValueMatching, commaSeparates: true }),
    includeFields: includeFieldsOf(parameters),
    fuzzyMatching: flag(parameters, 'fuzzymatching'),
    emptyValueMatching,
    multipleValueMatching,
    ...(limit !== undefined && { limit }),
    offset: unsigned(parameters, 'offset', 0) ?? 0,
    ...(cursor !== undefined && cursor !== '' && { cursor }),
  };
}

/**
 * The tags of an attribute as PS3.18 8.3.4.1 writes it: keywords or eight hexadecimal digits, mixed, parted
 * by dots. Private tags pass; unknown ones of the standard's groups, and paths through no sequence, do not.
 * @throws {Failure} query/invalid
 */
export function parseAttributePath(text: string): AttributePath {
  const names = text.split('.');
  if (names.length > PATH_LENGTH_MAX) throw invalid(`path of more than ${PATH_LENGTH_MAX} attributes`);
  return names.map((name, index) => {
    const tag = tagOf(name);
    if (tag === undefined || (findAttribute(tag) === undefined && !isPrivate(tag))) throw invalid('unknown attribute');
    const isInner = index < names.length - 1;
    if (isInner && vrOf(tag) !== 'SQ' && !isPrivate(tag)) throw invalid('path through what is no sequence');
    return tag;
  });
}

function matchesOf(parameters: readonly RawParameter[], options: MatchingOptions): Match[] {
  const keys = new Map<string, { path: AttributePath; vr: Vr; values: Set<string> }>();
  for (const { name, value } of parameters) {
    if (RESERVED.has(name.toLowerCase())) continue;
    const path = parseAttributePath(name);
    const vr = vrOf(path.at(-1) ?? 0);
    const key = keys.get(path.join('.')) ?? { path, vr, values: new Set<string>() };
    key.values.add(percentDecoded(value, SIGNED_VRS.has(vr) ? 'literal' : 'space'));
    keys.set(path.join('.'), key);
    if (keys.size > MATCHES_MAX) throw invalid(`more than ${MATCHES_MAX} attributes matched`);
  }
  return [...keys.values()].map(({ path, vr, values }) => ({
    path,
    vr,
    condition: conditionOf(vr, joined(vr, [...values]), options),
  }));
}

/** An attribute given twice: the standard wants it once, but clients repeat UIDs and codes to list them. */
function joined(vr: Vr, values: readonly string[]): string {
  if (values.length > 1 && vr !== 'UI' && vr !== 'CS') throw invalid('attribute given twice with different values');
  return values.join('\\');
}

function includeFieldsOf(parameters: readonly RawParameter[]): 'all' | AttributePath[] {
  const names = all(parameters, 'includefield')
    .flatMap((value) => value.split(','))
    .map((name) => name.trim());
  const given = [...new Set(names.filter((name) => name !== ''))];
  if (given.length > INCLUDE_FIELDS_MAX) throw invalid(`more than ${INCLUDE_FIELDS_MAX} fields included`);
  const paths = given.filter((name) => name.toLowerCase() !== 'all').map(parseAttributePath);
  return paths.length < given.length ? 'all' : [...new Map(paths.map((path) => [path.join('.'), path])).values()];
}

function flag(parameters: readonly RawParameter[], name: string): boolean {
  const value = once(parameters, name)?.toLowerCase() ?? 'false';
  if (value !== 'true' && value !== 'false') throw invalid(`${name} is neither true nor false`);
  return value === 'true';
}

function unsigned(parameters: readonly RawParameter[], name: string, min: number): number | undefined {
  const value = once(parameters, name);
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value) || Number(value) < min) throw invalid(`${name} is not a whole number from ${min}`);
  return Number(value);
}

/** The value of a parameter that may stand once, or again with the same value. */
function once(parameters: readonly RawParameter[], name: string): string | undefined {
  const values = new Set(all(parameters, name));
  if (values.size > 1) throw invalid(`${name} given twice with different values`);
  return [...values][0];
}

function all(parameters: readonly RawParameter[], name: string): string[] {
  return parameters
    .filter((parameter) => parameter.name.toLowerCase() === name)
    .map(({ value }) => percentDecoded(value, name === 'cursor' ? 'literal' : 'space'));
}

function invalid(detail: string): Failure {
  return new Failure('query/invalid', detail);
}
