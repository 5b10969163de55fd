/** An invented person. Names were put together for this file; no one is meant. */
export type Person = {
  surnames: readonly [string, string];
  givenName: string;
  sex: 'M' | 'F';
  /** DA */
  birthDate: string;
  /** State of birth, as two letters of the CURP (RENAPO). */
  state: string;
};

const person = (
  surnames: readonly [string, string],
  givenName: string,
  sex: 'M' | 'F',
  birthDate: string,
  state: string,
): Person => ({ surnames, givenName, sex, birthDate, state });

export const PEOPLE = {
  munoz: person(['Muñoz', 'Ibáñez'], 'María José', 'F', '19680314', 'DF'),
  pena: person(['Peña', 'Güemes'], 'José Ángel', 'M', '19511102', 'JC'),
  nunez: person(['Núñez', 'Cigüeña'], 'Begoña', 'F', '19830727', 'OC'),
  ordonez: person(['Ordóñez', 'de la Cruz'], 'Íñigo', 'M', '20040229', 'YN'),
  castaneda: person(['Castañeda', 'Ávila'], 'Sofía', 'F', '19751209', 'PL'),
  zuniga: person(['Zúñiga', 'Márquez'], 'Raúl', 'M', '19470518', 'SR'),
  acuna: person(['Acuña', 'Hernández'], 'Lucía', 'F', '19990130', 'NL'),
} as const satisfies Record<string, Person>;

export const PHYSICIANS = ['Íñiguez Patiño^Óscar^^Dr.', 'Briseño Lúa^Martha^^Dra.', 'Gómez Sañudo^Efrén^^Dr.'] as const;
export const OPERATORS = ['Piña Rentería^Noé', 'Cedeño Álvarez^Ximena', 'Treviño Güereca^Saúl'] as const;

/** PN: both surnames are the family name, as Mexican systems write it. */
export const personName = ({ surnames, givenName }: Person): string => `${surnames.join(' ')}^${givenName}`;

/**
 * A CURP that is built by the rules (RENAPO, DOF 18-10-2021), check digit included, and yet nobody's: its
 * three inner consonants are X, which the rules give only to someone without inner consonants in any name.
 */
export function syntheticCurp(person: Person): string {
  const [first, second] = person.surnames.map((surname) => plainLetters(surname, PARTICLES)) as [string, string];
  const given = plainLetters(person.givenName, COMMON_FIRST_NAMES);
  const vowel = /[AEIOU]/.exec(first.slice(1))?.[0] ?? 'X';
  const sex = person.sex === 'M' ? 'H' : 'M';
  const homoclave = person.birthDate < '20000101' ? '0' : 'A';
  const letters = `${first[0]}${vowel}${second[0]}${given[0]}`;
  const body = `${letters}${person.birthDate.slice(2)}${sex}${person.state}${NO_CONSONANTS}${homoclave}`;
  return body + curpCheckDigit(body);
}

const NO_CONSONANTS = 'X'.repeat(3);
const PARTICLES = /^(?:DE|LA|LAS|LOS|DEL|Y) /;
/** Passed over where another name follows. */
const COMMON_FIRST_NAMES = /^(?:MARIA|JOSE) /;

/** Capitals without accents, without the words in front that do not count; Ñ becomes X. */
function plainLetters(name: string, passedOver: RegExp): string {
  let letters = name
    .toUpperCase()
    .replaceAll('Ñ', 'X')
    .normalize('NFD')
    .replaceAll(/[^A-Z ]/g, '');
  while (passedOver.test(letters)) letters = letters.replace(passedOver, '');
  return letters;
}

const CURP_ALPHABET = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ';

/** @param body the first 17 characters of a CURP. */
export function curpCheckDigit(body: string): string {
  const sum = [...body].reduce((total, letter, index) => total + CURP_ALPHABET.indexOf(letter) * (18 - index), 0);
  return String((10 - (sum % 10)) % 10);
}
