import { foldText } from '@acervo/dicom/person-name.ts';
import { createRandom, type Random } from '@acervo/kernel/random.ts';
import { givenName, shares, surname } from './names.ts';

export type Patient = {
  institution: string;
  patientId: string;
  /** PN as the hospital's systems send it. */
  patientName: string;
  sex: 'F' | 'M';
  /** DA */
  birthDate: string;
};

const INSTITUTIONS_COUNT = 50;

/** The largest has a tenth of all patients, the smallest a two-hundredth. */
export const INSTITUTIONS: readonly string[] = Array.from({ length: INSTITUTIONS_COUNT }, (_, index) => {
  const group = ['IMSS', 'IMSS', 'SSA', 'SSA', 'SSA', 'ISSSTE', 'IMSS', 'SSA', 'ISSSTE', 'PEMEX'][index % 10];
  const state = ['DF', 'MC', 'JC', 'VZ', 'PL', 'GT', 'NL', 'CS', 'MN', 'OC', 'CH', 'BC', 'YN'][index % 13];
  return `${group}-${state}-${String(index + 1).padStart(2, '0')}`;
});
const institutions = shares(INSTITUTIONS.map((code, index) => [code, (index + 3) ** -0.8]));

/** Capitals without accents, capitals, or as people write. */
const SPELLINGS: readonly (readonly [(name: string) => string, number])[] = [
  [
    (name) =>
      name
        .toUpperCase()
        .normalize('NFD')
        .replaceAll(/[\u0300\u0301\u0308]/g, '')
        .normalize('NFC'),
    5,
  ],
  [(name) => name.toUpperCase(), 3],
  [(name) => name, 2],
];
const spellings = shares(SPELLINGS);

const YEARS_MAX = 95;
const OLDEST = 1930;

/** The patient of a number: always the same for a seed. */
export function patientOf(seed: string, number: number): Patient {
  const random = createRandom(`${seed}/patient/${number}`);
  const sex = random.chance(0.57) ? 'F' : 'M';
  const surnames = [surname(random), surname(random)] as const;
  const spelled = spellings.pick(random);
  const born = new Date(Date.UTC(OLDEST + Math.floor(YEARS_MAX * random.unit() ** 1.2), 0, 1 + random.below(365)));
  const birthDate = born.toISOString().slice(0, 10).replaceAll('-', '');
  return {
    institution: institutions.pick(random),
    patientId: patientIdOf(random, surnames, sex, birthDate),
    patientName: spelled(`${surnames.join(' ')}^${givenName(random, sex)}`),
    sex,
    birthDate,
  };
}

/** Mostly the hospital's own number; some a number of social security, some of the form of a CURP, and nobody's. */
function patientIdOf(random: Random, surnames: readonly [string, string], sex: 'F' | 'M', birthDate: string): string {
  const kind = random.unit();
  if (kind < 0.65) return digits(random, 8);
  if (kind < 0.85) return digits(random, 9) + digits(random, 2);
  const letters = foldText(surnames[0].slice(0, 2) + surnames[1].slice(0, 2));
  return `${letters}${birthDate.slice(2)}${sex === 'M' ? 'H' : 'M'}DFXXX${digits(random, 2)}`;
}

/** So many decimal digits, 9 at most. */
export const digits = (random: Random, length: number): string =>
  String(random.below(10 ** length)).padStart(length, '0');
