import { namePatternToRegex } from '@acervo/dicom/person-name.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import { VRS } from '@acervo/dicom/vr.ts';
import type { Match } from '@acervo/interop/dicomweb/query.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Bound } from '../../holdings/bound.ts';
import { INCOMPARABLE } from './keys.ts';
import { foldedRegexOf, fuzzyWords, likeOf, limited, timeBound, wordRegexOf } from './patterns.ts';
import { between, combined, endsOf, type Valued } from './statement.ts';
import { unfolded } from './unfolded.ts';

/** Values of an attribute in a DICOM JSON object. The tag is made of a number, so it is safe in the text. */
const valuesOf = (object: string, tag: number): string =>
  `jsonb_array_elements(${object} -> '${tagText(tag)}' -> 'Value')`;

/** Sent without a value, or not at all. */
export const attributeEmpty = (object: string, tag: number): string =>
  `not exists (select from ${valuesOf(object, tag)} as e (v) where e.v <> 'null')`;

/**
 * Keys over a DICOM JSON object, as SQL. Keys that share a sequence are matched by one of its items, all of
 * them (PS3.4 C.2.2.2.6).
 * @param object  the SQL expression of the object
 */
export function attributeConditions(
  bound: Bound,
  object: string,
  matches: readonly Match[],
  fuzzy: boolean,
  depth = 1,
): string[] {
  const conditions: string[] = [];
  const sequences = new Map<number, Match[]>();
  for (const match of matches) {
    const [tag = 0, ...inner] = match.path;
    if (inner.length === 0) conditions.push(attributeCondition(bound, object, tag, match, fuzzy));
    else sequences.set(tag, [...(sequences.get(tag) ?? []), { ...match, path: inner }]);
  }
  for (const [tag, inner] of sequences) {
    const item = `item${depth}`;
    const wanted = attributeConditions(bound, `${item}.v`, inner, fuzzy, depth + 1).join(' and ');
    conditions.push(`exists (select from ${valuesOf(object, tag)} as ${item} (v) where ${wanted})`);
  }
  return conditions;
}

function attributeCondition(bound: Bound, object: string, tag: number, match: Match, fuzzy: boolean): string {
  const compare = comparisonOf(tag, match);
  return combined(match.condition, (simple) => {
    if (simple.kind === 'empty') return attributeEmpty(object, tag);
    return `exists (select from ${valuesOf(object, tag)} as e (v) where ${compare(bound, simple, fuzzy)})`;
  });
}

/** Whether the value `e.v` is what a condition wants. The syntax of a VR decides which kinds it can be. */
type Comparison = (bound: Bound, condition: Valued, fuzzy: boolean) => string;

/** PS3.4 C.2.2.2.1 leaves names to the server; all else is compared with case, but for descriptions. */
function comparisonOf(tag: number, { vr }: Match): Comparison {
  if (tag === T.SeriesDescription || tag === T.StudyDescription) return foldedText;
  if (vr === 'PN') return personName;
  if (vr === 'DA') return date;
  if (vr === 'TM') return time;
  if (vr === 'IS' || vr === 'DS' || VRS[vr].kind === 'number') return number;
  if (INCOMPARABLE.has(vr)) throw new Failure('query/not-indexed', `a key of VR ${vr}`);
  return text;
}

const TEXT = `(e.v #>> '{}')`;
const DECIMAL = String.raw`^[+-]?([0-9]{1,20}(\.[0-9]{0,20})?|\.[0-9]{1,20})([eE][+-]?[0-9]{1,3})?$`;
/** A name as it was sent, each group between equals signs. */
const NAME = `('=' || concat_ws('=', e.v ->> 'Alphabetic', e.v ->> 'Ideographic', e.v ->> 'Phonetic') || '=')`;

const text: Comparison = (bound, condition) => {
  if (condition.kind === 'wildcard') return `${TEXT} like ${bound.add(likeOf(condition.pattern), 'text')}`;
  return condition.kind === 'single' ? `${TEXT} = ${bound.add(condition.value, 'text')}` : 'false';
};

const foldedText: Comparison = (bound, condition) => {
  if (condition.kind === 'range') return 'false';
  const pattern = condition.kind === 'single' ? condition.value : condition.pattern;
  return `${TEXT} ~ ${bound.add(unfolded(foldedRegexOf(pattern)), 'text')}`;
};

const personName: Comparison = (bound, condition, fuzzy) => {
  if (condition.kind === 'range') return 'false';
  const pattern = limited(condition.kind === 'single' ? condition.value : condition.pattern);
  const regexes = fuzzy ? fuzzyWords(pattern).map(wordRegexOf) : [namePatternToRegex(pattern)];
  return ['true', ...regexes.map((regex) => `${NAME} ~ ${bound.add(unfolded(regex), 'text')}`)].join(' and ');
};

/** Also the retired forms with dots and colons (PS3.5 6.2). What is neither date nor time matches no range. */
const DATE = String.raw`^[0-9]{4}\.?(0[1-9]|1[0-2])\.?(0[1-9]|[12][0-9]|3[01])$`;
const TIME = String.raw`^([01][0-9]|2[0-3])(:?[0-5][0-9](:?([0-5][0-9]|60)(\.[0-9]{1,6})?)?)?$`;

const date: Comparison = (bound, condition) => {
  const digits = `translate(${TEXT}, '.', '')`;
  return `${TEXT} ~ '${DATE}' and ${between(bound, digits, endsOf(condition), 'text', (value) => value)}`;
};

const time: Comparison = (bound, condition) => {
  const digits = `rpad(translate(${TEXT}, ':.', ''), 12, '0')`;
  const boundOf = (value: string, end: 'from' | 'to'): string => timeBound(value, end).replace('.', '');
  return `${TEXT} ~ '${TIME}' and ${between(bound, digits, endsOf(condition), 'text', boundOf)}`;
};

/** The case keeps a text that is no number from being read as one. */
const number: Comparison = (bound, condition) =>
  condition.kind === 'single'
    ? `case when ${TEXT} ~ '${DECIMAL}' then ${TEXT}::numeric = ${bound.add(condition.value, 'numeric')} end`
    : 'false';
