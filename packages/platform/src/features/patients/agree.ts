import { nameWords } from '@acervo/dicom/person-name.ts';
import type { Curp } from '@acervo/interop/mexico/curp.ts';

/** What one study says of its patient; the name folded (`foldName`). */
export type Told = { name: string; birthDate: string | null; sex: string | null };

/** What cannot be of one person. */
export type Difference = 'birth-date' | 'sex' | 'name' | 'several-curps';

/** Words that stand in anybody's name: they tell nobody from another. */
const PARTICLES: ReadonlySet<string> = new Set([
  'DE',
  'DEL',
  'LA',
  'LAS',
  'LOS',
  'EL',
  'Y',
  'E',
  'DA',
  'DI',
  'VON',
  'VAN',
]);
/** Patient's Sex (0010,0040) of what a CURP says; X, and O for other, agree with anything. */
const SEX: Readonly<Record<Curp['sex'], string | undefined>> = { H: 'M', M: 'F', X: undefined };
const SEXES: ReadonlySet<string> = new Set(['M', 'F']);

/** How a patient differs from the CURP that it bears, which says when its person was born, and as what. */
export function differsFromCurp(told: readonly Told[], curp: Curp): Difference[] {
  const isBorn = told.every(({ birthDate }) => birthDate === null || birthDate === curp.birthDate);
  const expected = SEX[curp.sex];
  const isOfSex =
    expected === undefined || told.every(({ sex }) => sex === null || !SEXES.has(sex) || sex === expected);
  return [...(isBorn ? [] : ['birth-date' as const]), ...(isOfSex ? [] : ['sex' as const])];
}

/** How what is told cannot be of one person. What is not told differs from nothing. */
export function differences(told: readonly Told[]): Difference[] {
  const births = new Set(told.flatMap(({ birthDate }) => (birthDate === null ? [] : [birthDate])));
  const sexes = new Set(told.flatMap(({ sex }) => (sex !== null && SEXES.has(sex) ? [sex] : [])));
  return [
    ...(births.size > 1 ? ['birth-date' as const] : []),
    ...(sexes.size > 1 ? ['sex' as const] : []),
    ...(haveStrangers([...new Set(told.map(({ name }) => name))]) ? ['name' as const] : []),
  ];
}

/** Do names of one and of another disagree wholly: no word in common? */
export const areStrangers = (ones: readonly Told[], others: readonly Told[]): boolean =>
  ones.some((one) => others.some((other) => isStranger(wordsOf(one.name), wordsOf(other.name))));

function haveStrangers(names: readonly string[]): boolean {
  const words = names.map(wordsOf);
  return words.some((one, index) => words.slice(index + 1).some((other) => isStranger(one, other)));
}

const wordsOf = (name: string): string[] => nameWords(name).filter((word) => word.length > 1 && !PARTICLES.has(word));

const isStranger = (a: readonly string[], b: readonly string[]): boolean =>
  a.length > 0 && b.length > 0 && !a.some((word) => b.includes(word));
