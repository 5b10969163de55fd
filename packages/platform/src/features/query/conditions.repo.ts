import { foldText } from '@acervo/dicom/person-name.ts';
import type { Condition } from '@acervo/interop/dicomweb/matching.ts';
import type { Match } from '@acervo/interop/dicomweb/query.ts';
import type { Bound } from '../../holdings/bound.ts';
import { dateOf } from '../../holdings/index-facts.ts';
import { attributeEmpty } from './attributes.repo.ts';
import type { Column } from './keys.ts';
import {
  ANY,
  BEFORE_ALL,
  beginningOf,
  dateBound,
  foldedLikeOf,
  fuzzyWords,
  LETTERS,
  lettersOf,
  lettersOfWord,
  likeAnywhere,
  likeOf,
  limited,
  nameTest,
  timeBound,
  wordLettersOf,
  wordRegexOf,
} from './patterns.ts';
import { between, combined, endsOf, type Valued } from './statement.ts';

/** How a condition is written down. */
export type Wording = {
  fuzzyMatching: boolean;
  /**
   * Of a patient's name that begins with something: where it is looked for. Names of several groups are few and
   * have an index of their own, so that the others are found in the order of names.
   */
  group: 'any' | 'first' | 'further';
  /** Compared row after row in the order of answers, of whose index the columns are. */
  isWalked: boolean;
};

/** A key that has a column, as SQL. */
export function columnCondition(bound: Bound, column: Column, match: Match, wording: Wording): string {
  const { name, kind } = column;
  const { condition } = match;
  if (kind === 'modalities') return modalitiesCondition(bound, name, condition, wording);
  if (kind === 'sop-class') return sopClassCondition(bound, name, condition);
  if (name === 'i.sop_uid' && condition.kind === 'single') return sopUidCondition(bound, [condition.value]);
  if (name === 'i.sop_uid' && isAnyOfList(condition)) return sopUidCondition(bound, condition.values);
  if (kind === 'text' && isAnyOfList(condition)) return textCondition(bound, name, condition);
  return combined(condition, (simple) => {
    if (simple.kind === 'empty') return columnEmpty(column, match);
    return SIMPLE[kind](bound, name, simple, wording);
  });
}

const isAnyOfList = (condition: Condition): condition is Extract<Condition, { kind: 'list' }> =>
  condition.kind === 'list' && condition.quantifier === 'any';

/** A text that is compared as it stands, with its case. */
export function textCondition(bound: Bound, name: string, condition: Condition): string {
  if (isAnyOfList(condition)) return `${name} = any(${bound.add(condition.values, 'text[]')})`;
  return combined(condition, (simple) => (simple.kind === 'empty' ? 'false' : oneText(bound, name, simple)));
}

function oneText(bound: Bound, name: string, condition: Valued): string {
  if (condition.kind === 'wildcard') return `${name} like ${bound.add(likeOf(condition.pattern), 'text')}`;
  return condition.kind === 'single' ? `${name} = ${bound.add(condition.value, 'text')}` : 'false';
}

type OfKind = (bound: Bound, name: string, condition: Valued, wording: Wording) => string;

/** The syntax of a VR decides what kinds of condition a key has: only those of dates and times have ranges. */
const SIMPLE: Readonly<Record<Exclude<Column['kind'], 'modalities' | 'sop-class'>, OfKind>> = {
  text: oneText,
  integer: (bound, name, condition) =>
    condition.kind === 'single' ? `${name} = ${bound.add(Number(condition.value), 'bigint')}` : 'false',
  description: (bound, name, condition) => {
    if (condition.kind === 'wildcard') return `${name} like ${bound.add(foldedLikeOf(condition.pattern), 'text')}`;
    return condition.kind === 'single' ? `${name} = ${bound.add(foldText(condition.value), 'text')}` : 'false';
  },
  date: (bound, name, condition) => {
    if (name === 's.study_date') return newestCondition(bound, condition);
    if (condition.kind === 'range') return between(bound, name, condition, 'date', dateBound);
    const date = condition.kind === 'single' ? dateOf(condition.value) : null;
    return date === null ? 'false' : `${name} = ${bound.add(date, 'date')}`;
  },
  time: (bound, name, condition) => between(bound, name, endsOf(condition), 'text', timeBound),
  name: (bound, name, condition, wording) => {
    if (condition.kind === 'range') return 'false';
    const pattern = condition.kind === 'single' ? condition.value : condition.pattern;
    if (wording.fuzzyMatching) return fuzzyCondition(bound, name, pattern, wording);
    const group = name === 's.patient_name' ? wording.group : 'any';
    if (group !== 'any') return nameInGroup(bound, pattern, group);
    const test = nameTest(pattern, false);
    if (test === undefined) return 'true';
    const isIt = `${name} ${test.operator} ${bound.add(test.operand, 'text')}`;
    if (name !== 's.patient_name' || wording.isWalked) return isIt;
    return [...lettersOf(pattern).map((letters) => hasLetters(bound, letters)), notByIndex(isIt)].join(' and ');
  },
};

/** Index: study_letters, and study_name_groups of names with several groups. */
const hasLetters = (bound: Bound, letters: string): string =>
  `${LETTERS} like ${bound.add(likeAnywhere(letters), 'text')}`;

/** A condition that no index is chosen by, whatever the statistics say of it: another one has been chosen already. */
export const notByIndex = (condition: string): string => `coalesce(${condition}, false)`;

/** In the order of names: index study_name_order. Those of several groups have their own: study_name_groups. */
function nameInGroup(bound: Bound, pattern: string, group: 'first' | 'further'): string {
  const beginning = beginningOf(pattern) ?? '=';
  const test = nameTest(pattern, true) ?? { operator: 'like', operand: '%' };
  const isAtFirst = notByIndex(`s.patient_name ${test.operator} ${bound.add(test.operand, 'text')}`);
  if (group === 'first') {
    const [from, to] = [bound.add(beginning, 'text'), bound.add(beginning + LAST_CHARACTER, 'text')];
    return `s.patient_name >= ${from} and s.patient_name < ${to} and ${isAtFirst}`;
  }
  const anywhere = nameTest(pattern, false) ?? test;
  const isAnywhere = notByIndex(`s.patient_name ${anywhere.operator} ${bound.add(anywhere.operand, 'text')}`);
  const letters = lettersOf(pattern).map((each) => hasLetters(bound, each));
  return ["split_part(s.patient_name, '=', 3) <> ''", ...letters, isAnywhere, `not ${isAtFirst}`].join(' and ');
}

/** No name has it: Unicode keeps it from ever being a character. */
const LAST_CHARACTER = '\u{10ffff}';

/** A stretch of days of the order of answers. Index: study_newest or study_newest_here. */
function newestCondition(bound: Bound, condition: Valued): string {
  if (condition.kind === 'wildcard') return 'false';
  const { from, to } = endsOf(condition);
  // A single value that is no day is met by nothing, while one beyond the end of a month may bound a range.
  if (condition.kind === 'single' && dateOf(condition.value) === null) return 'false';
  const first = from === undefined ? FIRST_DAY : newestOfDay(dateBound(from, 'from'));
  return [
    `s.newest >= ${bound.add(first, 'bigint')}`,
    ...(to === undefined ? [] : [`s.newest < ${bound.add(endOfDay(dateBound(to, 'to')), 'bigint')}`]),
  ].join(' and ');
}

const DAY = 1_000_000_000_000n;
const DAY_MS = 86_400_000;
const DAY_0_MS = Date.parse('0000-12-31T00:00:00Z');
/** Studies with a date stand from here on; one without a time stands before the first moment of its day. */
const FIRST_DAY = DAY - 1n;

/** The column `newest` of a day's first study. */
const newestOfDay = (date: string): bigint => (date === BEFORE_ALL ? FIRST_DAY : dayNumber(date) * DAY - 1n);
const endOfDay = (date: string): bigint => (date === BEFORE_ALL ? FIRST_DAY : (dayNumber(date) + 1n) * DAY - 1n);

const dayNumber = (date: string): bigint => BigInt(Math.round((Date.parse(`${date}T00:00:00Z`) - DAY_0_MS) / DAY_MS));

/** Index: study_letters. Other names have their own, and are few. */
function fuzzyCondition(bound: Bound, name: string, pattern: string, { isWalked }: Wording): string {
  const words = fuzzyWords(limited(pattern));
  if (words.length === 0) return 'true';
  const conditions = words.flatMap((word) => {
    const isPatient = name === 's.patient_name';
    const whole = isPatient ? wordLettersOf(word) : undefined;
    // To compare the name as it stands is cheaper, and passes few on.
    if (whole !== undefined) {
      const first = isWalked ? [`${name} like ${bound.add(likeAnywhere(word.replace(ANY, '')), 'text')}`] : [];
      return [...first, hasLetters(bound, whole)];
    }
    const regex = `${name} ~ ${bound.add(wordRegexOf(word), 'text')}`;
    if (!isPatient) return [regex];
    return [...lettersOfWord(word).map((letters) => hasLetters(bound, letters)), notByIndex(regex)];
  });
  return conditions.join(' and ');
}

/** Any of a study's modalities matches, or all that are asked for are among them. */
function modalitiesCondition(bound: Bound, name: string, condition: Condition, { isWalked }: Wording): string {
  if (condition.kind === 'list') {
    const operator = condition.quantifier === 'any' ? '&&' : '@>';
    return `${name} ${operator} ${bound.add(condition.values, 'text[]')}`;
  }
  return combined(condition, (simple) => {
    switch (simple.kind) {
      case 'single':
        // Takes a third of the time, but no index.
        if (isWalked) return `${bound.add(simple.value, 'text')} = any(${name})`;
        return `${name} @> ${bound.add([simple.value], 'text[]')}`;
      case 'wildcard': {
        const like = bound.add(likeOf(simple.pattern), 'text');
        return `exists (select from unnest(${name}) as m (value) where m.value like ${like})`;
      }
      case 'empty':
        return `${name} = '{}'`;
      case 'range':
        return 'false';
    }
  });
}

function sopClassCondition(bound: Bound, name: string, condition: Condition): string {
  if (condition.kind === 'universal') return 'true';
  const uids = condition.kind === 'single' ? [condition.value] : condition.kind === 'list' ? condition.values : [];
  return `${name} = any (array(select code from uid_code where uid = any(${bound.add(uids, 'text[]')})))`;
}

/** Index: instance_sop, which has UIDs without their last two characters, or the primary key below a study. */
function sopUidCondition(bound: Bound, uids: readonly string[]): string {
  const begun = uids.map((uid) => uid.slice(0, -2));
  return `left(i.sop_uid, -2) = any(${bound.add(begun, 'text[]')}) and i.sop_uid = any(${bound.add(uids, 'text[]')})`;
}

/** The issuer may be the sender's; every other column is empty where the object's attribute is. */
function columnEmpty({ name, level }: Column, { path: [tag = 0] }: Match): string {
  if (level === 'instance') return `${name} is null`;
  if (name === 's.issuer') return `${name} = ''`;
  return attributeEmpty(`${level === 'study' ? 'a' : 'r'}.attributes`, tag);
}
