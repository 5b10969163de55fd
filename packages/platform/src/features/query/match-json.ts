import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { VRS, type Vr } from '@acervo/dicom/vr.ts';
import type { Condition } from '@acervo/interop/dicomweb/matching.ts';
import type { Match } from '@acervo/interop/dicomweb/query.ts';
import { dateOf, timeOf } from '../../holdings/index-facts.ts';
import { dateTimeEnds } from './date-time.ts';
import { matchesName, matchesPattern, matchesWords } from './match-name.ts';
import { marked, timeBound } from './patterns.ts';
import { endsOf, type Valued } from './statement.ts';

type Options = { fuzzyMatching: boolean };

/**
 * Whether a data set has everything that the keys ask for: the rules of `attributes.repo.ts`, for headers that
 * the index does not hold. Keys that share a sequence are matched by one of its items (PS3.4 C.2.2.2.6).
 */
export function matchesJson(json: DicomJson, matches: readonly Match[], options: Options): boolean {
  const sequences = new Map<number, Match[]>();
  for (const match of matches) {
    const [tag = 0, ...inner] = match.path;
    if (inner.length > 0) sequences.set(tag, [...(sequences.get(tag) ?? []), { ...match, path: inner }]);
    else if (!isMatchedBy(valuesOf(json, tag), match.condition, match.vr, options)) return false;
  }
  return [...sequences].every(([tag, inner]) =>
    valuesOf(json, tag).some((item) => isObject(item) && matchesJson(item as DicomJson, inner, options)),
  );
}

/** Whether one value, given as DICOM JSON has it, is what a key asks for. */
export const isMatched = (value: unknown, { condition, vr }: Match, options: Options): boolean =>
  isMatchedBy([value], condition, vr, options);

const valuesOf = (json: DicomJson, tag: number): unknown[] =>
  (json[tagText(tag)]?.Value ?? []).filter((value) => value !== null);

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function isMatchedBy(values: readonly unknown[], condition: Condition, vr: Vr, options: Options): boolean {
  switch (condition.kind) {
    case 'universal':
      return true;
    case 'empty':
      return values.length === 0;
    case 'anyOf':
      return condition.conditions.some((each) => isMatchedBy(values, each, vr, options));
    case 'list': {
      const has = (value: string): boolean => isMatchedBy(values, { kind: 'single', value }, vr, options);
      return condition.quantifier === 'any' ? condition.values.some(has) : condition.values.every(has);
    }
    default:
      return values.some((value) => isWanted(value, condition, vr, options));
  }
}

function isWanted(value: unknown, condition: Valued, vr: Vr, options: Options): boolean {
  if (vr === 'PN') return isWantedName(value, condition, options);
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  const text = String(value).normalize('NFC');
  if (vr === 'DA') return dateOf(text) !== null && isBetween(text.replaceAll('.', ''), condition, (each) => each);
  if (vr === 'TM') {
    const time = timeOf(text);
    return time !== null && isBetween(time, condition, timeBound);
  }
  if (vr === 'DT') return isWantedDateTime(text, condition);
  if (condition.kind === 'wildcard') return matchesPattern(text, marked(condition.pattern));
  if (condition.kind !== 'single') return false;
  if (vr === 'AT') return text.toUpperCase() === condition.value.toUpperCase();
  if (vr === 'IS' || vr === 'DS' || VRS[vr].kind === 'number') return Number(text) === Number(condition.value);
  return text === condition.value;
}

function isWantedName(value: unknown, condition: Valued, { fuzzyMatching }: Options): boolean {
  if (!isObject(value) || condition.kind === 'range') return false;
  const { Alphabetic = '', Ideographic = '', Phonetic = '' } = value as Record<string, string>;
  const name = [Alphabetic, Ideographic, Phonetic].join('=');
  const pattern = condition.kind === 'single' ? condition.value : condition.pattern;
  return fuzzyMatching ? matchesWords(name, pattern) : matchesName(name, pattern);
}

function isBetween(text: string, condition: Valued, boundOf: (value: string, end: 'from' | 'to') => string): boolean {
  const { from, to } = endsOf(condition);
  return (from === undefined || text >= boundOf(from, 'from')) && (to === undefined || text <= boundOf(to, 'to'));
}

/** The beginning of what a value covers counts. */
function isWantedDateTime(text: string, condition: Valued): boolean {
  const value = dateTimeEnds(text);
  const { from, to } = endsOf(condition);
  if (value === undefined) return false;
  const isLate = from === undefined || value.from >= (dateTimeEnds(from)?.from ?? Infinity);
  return isLate && (to === undefined || value.from <= (dateTimeEnds(to)?.to ?? -Infinity));
}
