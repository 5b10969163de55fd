import { foldText } from '@acervo/dicom/person-name.ts';
import type { Condition } from '@acervo/interop/dicomweb/matching.ts';
import type { Match } from '@acervo/interop/dicomweb/query.ts';
import { dateOf } from '../../holdings/index-facts.ts';
import { attributeEmpty } from './attributes.repo.ts';
import type { Column } from './keys.ts';
import {
  dateBound,
  foldedLikeOf,
  fuzzyWords,
  likeOf,
  limited,
  nameTest,
  timeBound,
  wordLikeOf,
  wordRegexOf,
} from './patterns.ts';
import { type Bound, between, combined, endsOf, type Valued } from './statement.ts';

/** How names are compared. */
export type NameOptions = { fuzzyMatching: boolean; firstGroupOnly: boolean };

/** A key that has a column, as SQL. */
export function columnCondition(bound: Bound, column: Column, match: Match, names: NameOptions): string {
  const { name, kind } = column;
  const { condition } = match;
  if (kind === 'modalities') return modalitiesCondition(bound, name, condition);
  if (kind === 'sop-class') return sopClassCondition(bound, name, condition);
  const isList = condition.kind === 'list' && condition.quantifier === 'any';
  if (name === 'i.sop_uid' && condition.kind === 'single') return sopUidCondition(bound, [condition.value]);
  if (name === 'i.sop_uid' && isList) return sopUidCondition(bound, condition.values);
  if (isList && kind === 'text') return `${name} = any(${bound.add(condition.values, 'text[]')})`;
  return combined(condition, (simple) => {
    if (simple.kind === 'empty') return columnEmpty(column, match);
    return SIMPLE[kind](bound, name, simple, names);
  });
}

type OfKind = (bound: Bound, name: string, condition: Valued, names: NameOptions) => string;

/** The syntax of a VR decides what kinds of condition a key has: only those of dates and times have ranges. */
const SIMPLE: Readonly<Record<Exclude<Column['kind'], 'modalities' | 'sop-class'>, OfKind>> = {
  text: (bound, name, condition) => {
    if (condition.kind === 'wildcard') return `${name} like ${bound.add(likeOf(condition.pattern), 'text')}`;
    return condition.kind === 'single' ? `${name} = ${bound.add(condition.value, 'text')}` : 'false';
  },
  integer: (bound, name, condition) =>
    condition.kind === 'single' ? `${name} = ${bound.add(Number(condition.value), 'bigint')}` : 'false',
  description: (bound, name, condition) => {
    if (condition.kind === 'wildcard') return `${name} like ${bound.add(foldedLikeOf(condition.pattern), 'text')}`;
    return condition.kind === 'single' ? `${name} = ${bound.add(foldText(condition.value), 'text')}` : 'false';
  },
  date: (bound, name, condition) => {
    if (condition.kind === 'range') return between(bound, name, condition, 'date', dateBound);
    const date = condition.kind === 'single' ? dateOf(condition.value) : null;
    return date === null ? 'false' : `${name} = ${bound.add(date, 'date')}`;
  },
  time: (bound, name, condition) => between(bound, name, endsOf(condition), 'text', timeBound),
  name: (bound, name, condition, { fuzzyMatching, firstGroupOnly }) => {
    if (condition.kind === 'range') return 'false';
    const pattern = condition.kind === 'single' ? condition.value : condition.pattern;
    if (fuzzyMatching) return fuzzyCondition(bound, name, pattern);
    const test = nameTest(pattern, firstGroupOnly);
    return test === undefined ? 'true' : `${name} ${test.operator} ${bound.add(test.operand, 'text')}`;
  },
};

/** Index: study_words or study_name. The words of the patient's name have a column of their own. */
function fuzzyCondition(bound: Bound, name: string, pattern: string): string {
  const words = fuzzyWords(limited(pattern));
  if (words.length === 0) return 'true';
  return words
    .map((word) => {
      const like = name === 's.patient_name' ? wordLikeOf(word) : undefined;
      if (like !== undefined) return `s.patient_words like ${bound.add(like, 'text')}`;
      return `${name} ~ ${bound.add(wordRegexOf(word), 'text')}`;
    })
    .join(' and ');
}

/** Any of a study's modalities matches, or all that are asked for are among them. */
function modalitiesCondition(bound: Bound, name: string, condition: Condition): string {
  if (condition.kind === 'list') {
    const operator = condition.quantifier === 'any' ? '&&' : '@>';
    return `${name} ${operator} ${bound.add(condition.values, 'text[]')}`;
  }
  return combined(condition, (simple) => {
    switch (simple.kind) {
      case 'single':
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
  return attributeEmpty(`${level === 'study' ? 's' : 'r'}.attributes`, tag);
}
