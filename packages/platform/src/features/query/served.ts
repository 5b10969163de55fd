import { foldText } from '@acervo/dicom/person-name.ts';
import type { Condition } from '@acervo/interop/dicomweb/matching.ts';
import type { Match } from '@acervo/interop/dicomweb/query.ts';
import type { Column } from './keys.ts';
import { beginningOf, fuzzyWords, limited, marked } from './patterns.ts';

/**
 * How the index finds what a key asks for:
 * `exact`: by an ordered index that leads to few, or counts many without looking at the rows;
 * `order`: as a stretch of the order of answers itself;
 * `letters`: by three letters in a row or a word's beginning: few are found at once, many are not;
 * `codes`: by a code among others: the same;
 * undefined: by comparing row after row.
 */
export type Served = { by: 'exact' | 'order' | 'letters' | 'codes'; index: string } | undefined;

const EXACT: Readonly<Record<string, string>> = {
  's.study_uid': 'study_uid',
  's.patient_id': 'study_identifier_id',
  's.accession': 'study_accession',
  's.study_id': 'study_study_id',
  's.birth_date': 'study_birth_date',
  'r.series_uid': 'series_uid',
  'i.sop_uid': 'instance_sop',
};
const LETTERS: Readonly<Record<string, string>> = {
  's.patient_name': 'study_letters',
  's.referring_name': 'study_referring',
  's.description': 'study_description',
};

export function servedBy({ name, kind }: Column, { condition }: Match, fuzzyMatching: boolean): Served {
  const patterns = patternsOf(condition);
  if (name === 's.study_date') return patterns === undefined ? undefined : { by: 'order', index: 'study_newest' };
  if (patterns === undefined) return undefined;
  // A series' modality is looked for among those of its study, too.
  if (kind === 'modalities' || name === 'r.modality') {
    return patterns.some(isWild) ? undefined : { by: 'codes', index: 'study_modalities' };
  }
  if (name === 's.issuer') return patterns.every(hasBeginning) ? { by: 'codes', index: 'study_issuer' } : undefined;
  const exact = EXACT[name];
  if (exact !== undefined) return patterns.every(hasBeginning) ? { by: 'exact', index: exact } : undefined;
  const letters = LETTERS[name];
  if (letters === undefined) return undefined;
  if (kind === 'name' && fuzzyMatching) {
    return patterns.every(hasWord) ? { by: 'letters', index: letters } : undefined;
  }
  if (name === 's.patient_name' && isOneBeginning(condition)) return { by: 'exact', index: 'study_name_order' };
  return patterns.every((pattern) => hasBeginning(pattern) || hasLetters(pattern))
    ? { by: 'letters', index: letters }
    : undefined;
}

/** The texts of a condition; undefined where it asks for what has no text. Ranges and values of dates have none. */
function patternsOf(condition: Condition): string[] | undefined {
  switch (condition.kind) {
    case 'single':
      return [condition.value];
    case 'wildcard':
      return [condition.pattern];
    case 'list':
      return [...condition.values];
    case 'range':
      return [];
    case 'anyOf': {
      const all = condition.conditions.map(patternsOf);
      return all.every((each) => each !== undefined) ? all.flat() : undefined;
    }
    default:
      return undefined;
  }
}

const isWild = (pattern: string): boolean => /[*?]/.test(pattern);
const hasBeginning = (pattern: string): boolean => /^[^*?]/.test(pattern);
/** Alternatives are not put in the order of names. */
const isOneBeginning = (condition: Condition): boolean => {
  const pattern =
    condition.kind === 'single' ? condition.value : condition.kind === 'wildcard' ? condition.pattern : '';
  return beginningOf(pattern) !== undefined;
};
/** What the indexes of letters find: three that stand together, or two that begin a word. */
const hasLetters = (pattern: string): boolean =>
  pattern.split(/[*?]/).some((part) => /[\p{L}\p{N}]{3}|[^\p{L}\p{N}][\p{L}\p{N}]{2}/u.test(foldText(part)));
const hasWord = (pattern: string): boolean =>
  fuzzyWords(limited(pattern)).some((word) => /^[\p{L}\p{N}]{2}/u.test(word) || hasLetters(marked(word)));
