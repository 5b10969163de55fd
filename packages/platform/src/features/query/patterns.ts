import { foldName, foldText, namePatternToRegex, nameWords } from '@acervo/dicom/person-name.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { dateOf } from '../../holdings/index-facts.ts';

/** Stand for * and ? while the rest is folded; folding leaves the private use area alone. */
export const ANY = '\ue000';
export const ONE = '\ue001';

/** Characters of a folded key that is looked for by a regular expression. */
const REGEX_CHARS_MAX = 256;

/** A DICOM pattern (PS3.4 C.2.2.2.4) for LIKE: its own wildcards become characters. */
export function likeOf(pattern: string): string {
  return pattern
    .replaceAll(/[\\%_]/g, '\\$&')
    .replaceAll(/\*+/g, '%')
    .replaceAll('?', '_');
}

/** The same for a text that is kept folded. */
export function foldedLikeOf(pattern: string): string {
  return foldedPattern(pattern)
    .replaceAll(/[\\%_]/g, '\\$&')
    .replaceAll(ANY, '%')
    .replaceAll(ONE, '_');
}

/** A whole text, folded, as a regular expression for PostgreSQL. */
export function foldedRegexOf(pattern: string): string {
  return `^${escaped(limited(foldedPattern(pattern)))
    .replaceAll(ANY, '.*')
    .replaceAll(ONE, '.')}$`;
}

/** How a pattern is found in folded names: by LIKE where that says the same, since it takes a tenth of the time. */
export type NameTest = { operator: 'like' | '~'; operand: string };

/**
 * A name's pattern over `foldName` keys; undefined when it asks for nothing. See `namePatternToRegex`.
 * @param firstGroupOnly  found in the order of the keys, where the pattern begins with a letter
 */
export function nameTest(pattern: string, firstGroupOnly: boolean): NameTest | undefined {
  const regex = namePatternToRegex(limited(pattern));
  if (regex === '') return undefined;
  const [, begins = '', text, ends = ''] = SIMPLE_NAME.exec(foldName(marked(pattern))) ?? [];
  if (text === undefined) return { operator: '~', operand: firstGroupOnly ? `^${regex}` : regex };
  const like = `${begins === '' ? '=' : ''}${text.replaceAll(/[\\%_]/g, '\\$&')}${ends === '' ? '=' : ''}`;
  return { operator: 'like', operand: `${firstGroupOnly ? '' : '%'}${like}%` };
}

/**
 * What the folded names that a pattern finds in their first group begin with; undefined where it may be anything.
 * The empty components at a pattern's end may be left out of the name, and so is a delimiter here.
 */
export function beginningOf(pattern: string): string | undefined {
  const [, begins = ''] = BEGINNING.exec(foldName(marked(pattern))) ?? [];
  return begins === '' ? undefined : `=${begins}`;
}

/** Of the first group, without wildcards. */
const BEGINNING = new RegExp(`^=([^=${ANY}${ONE}]*?)\\^*[=${ANY}${ONE}]`);

/** One group, whose only asterisks are at its ends, and not behind a delimiter. */
const SIMPLE_NAME = new RegExp(`^=(${ANY}?)([^=${ANY}${ONE}]*[^=^${ANY}${ONE}])(${ANY}?)=$`);

/**
 * The words of a name that is searched without regard to order, folded, with markers for wildcards. Each is a
 * prefix of a word, or anywhere in one when an asterisk begins it.
 */
export function fuzzyWords(name: string): string[] {
  const words = nameWords(marked(name)).map((word) => word.replace(new RegExp(`${ANY}+$`), ''));
  return words.filter((word) => word !== '');
}

/** Every character that parts words in a folded name; the same as in `nameWords`. */
const BETWEEN_WORDS = " ^=.,'\u2019\u2010-";

/** A word of `fuzzyWords` as a regular expression over a folded name, or over its words behind spaces. */
export function wordRegexOf(word: string): string {
  const inWord = `[^${BETWEEN_WORDS}]`;
  const isInfix = word.startsWith(ANY);
  const body = escaped(limited(isInfix ? word.slice(1) : word))
    .replaceAll(ANY, `${inWord}*`)
    .replaceAll(ONE, inWord);
  return isInfix ? body : `[${BETWEEN_WORDS}]${body}`;
}

/** Stands for whatever is between words where letters are looked for: no folded name has it. */
const BETWEEN = 'w';

/** Letters of a patient's folded name, as SQL: the expression of the index study_letters. */
export const LETTERS = (() => {
  const from = BETWEEN_WORDS.replaceAll("'", "''");
  return `translate(s.patient_name, '${from}', '${BETWEEN.repeat(BETWEEN_WORDS.length)}')`;
})();

/** Fewer letters than these are in no index. */
const LETTERS_MIN = 3;

/** What stands between the wildcards of a name's pattern, and is in the letters of every name that it finds. */
export function lettersOf(pattern: string): string[] {
  // A group of asterisks and delimiters asks for nothing.
  const groups = foldName(marked(pattern))
    .split('=')
    .filter((group) => !new RegExp(`^[${ANY}^]*$`).test(group));
  // Of empty components at the end, which a name may leave out, the first delimiter is the group's own end.
  const texts = groups.map((group) => `=${group.replace(new RegExp(`(?:\\^${ANY})+$`), '')}=`);
  return texts.flatMap(lettersBetween);
}

/** The same of a word of `fuzzyWords`. */
export const lettersOfWord = (word: string): string[] => lettersBetween(word.startsWith(ANY) ? word : ` ${word}`);

/** Letters that say all that a word of `fuzzyWords` asks for; undefined where only a regular expression does. */
export function wordLettersOf(word: string): string | undefined {
  const isInfix = word.startsWith(ANY);
  const text = isInfix ? word.slice(1) : BETWEEN + word;
  return new RegExp(`[${ANY}${ONE}]`).test(text) ? undefined : text;
}

/** What LETTERS makes of a text. */
export const asLetters = (text: string): string => text.replaceAll(new RegExp(`[${BETWEEN_WORDS}]`, 'g'), BETWEEN);

function lettersBetween(text: string): string[] {
  const parts = text.split(new RegExp(`[${ANY}${ONE}]`)).map(asLetters);
  return parts.filter((part) => part.length >= LETTERS_MIN);
}

/** For LIKE: anywhere. */
export const likeAnywhere = (letters: string): string => `%${letters.replaceAll(/[\\%_]/g, '\\$&')}%`;

/** A key of a name, short enough for the regular expression that it becomes. */
export function limited(text: string): string {
  if (text.length > REGEX_CHARS_MAX) {
    throw new Failure('query/invalid', `pattern of more than ${REGEX_CHARS_MAX} characters`);
  }
  return text;
}

/** A pattern with its wildcards as markers. */
export const marked = (pattern: string): string =>
  pattern
    .replaceAll(/[\ue000\ue001]/g, '')
    .replaceAll(/\*+/g, ANY)
    .replaceAll('?', ONE);

const foldedPattern = (pattern: string): string => foldText(marked(pattern));

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** Before every date of the calendar that can be stored. */
export const BEFORE_ALL = '-infinity';

/**
 * An end of a range of dates as the database takes it. The syntax of a key allows two days that no calendar
 * has: those of year 0, and 29 February in a common year.
 */
export function dateBound(da: string, end: 'from' | 'to'): string {
  if (da.startsWith('0000')) return BEFORE_ALL;
  return dateOf(da) ?? `${da.slice(0, 4)}-${end === 'from' ? '03-01' : '02-28'}`;
}

/** The first or last moment that a TM value, perhaps without its last components, covers: HHMMSS.FFFFFF. */
export function timeBound(tm: string, end: 'from' | 'to'): string {
  const [whole = '', fraction = ''] = tm.split('.');
  const fill = end === 'from' ? '000000' : '235959';
  return `${whole}${fill.slice(whole.length)}.${fraction.padEnd(6, end === 'from' ? '0' : '9')}`;
}
