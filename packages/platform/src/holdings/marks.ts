import type { ParseMark } from '@acervo/dicom/data-set/limits.ts';

/**
 * What is odd about an object that was stored nevertheless, as bits of the `marks` columns. They tell a device's
 * owner what to mend; they never change what is served. Bits are never given a new meaning.
 */
export const MARKS = {
  charsetMissing: 1,
  charsetWrong: 2,
  charsetUnknownTerm: 4,
  truncated: 8,
  malformed: 16,
  headRewritten: 32,
  unindexed: 64,
  /** Of the study: a patient identifier that was meant as a CURP and is none. */
  curpInvalid: 128,
} as const;

export type Marks = number;

const CHARSET_MARKS = {
  missing: MARKS.charsetMissing,
  wrong: MARKS.charsetWrong,
  'unknown-term': MARKS.charsetUnknownTerm,
} as const;

export const charsetMark = (mark: keyof typeof CHARSET_MARKS | undefined): Marks =>
  mark === undefined ? 0 : CHARSET_MARKS[mark];

/** Every other mark of the parser is a deviation from PS3.5 that was read past. */
export function parseMarks(marks: ReadonlySet<ParseMark>): Marks {
  let bits = 0;
  for (const mark of marks) bits |= mark === 'truncated' ? MARKS.truncated : MARKS.malformed;
  return bits;
}

/** The names of the bits that are set, for people. */
export function markNames(marks: Marks): string[] {
  return Object.entries(MARKS).flatMap(([name, bit]) => ((marks & bit) === 0 ? [] : [name]));
}
