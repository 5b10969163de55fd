/** Clave Única de Registro de Población: RENAPO, Instructivo Normativo, DOF 18-10-2021. */
export type Curp = {
  /** 18 characters, capitals. */
  text: string;
  /** ISO date. The homoclave tells the century: a digit before 2000, a letter from then on. */
  birthDate: string;
  /** M: mujer, H: hombre, X: neither, admitted since 2023. */
  sex: 'H' | 'M' | 'X';
  /** Two letters of the federal entity of birth; NE: abroad. */
  state: string;
};

/** Why a text is no CURP; the first that holds. */
export type CurpRefusal = 'length' | 'letters' | 'date' | 'sex' | 'state' | 'homoclave' | 'check-digit';

const LENGTH = 18;
/** Initials, birth date, sex, federal entity, inner consonants, homoclave, check digit. */
const PARTS = /^(.{4})(.{6})(.)(..)(...)(.)(.)$/su;
/** First surname: initial, first inner vowel (X for none); then initials of second surname and given name. Ñ is X. */
const INITIALS = /^[A-Z][AEIOUX][A-Z]{2}$/;
const CONSONANTS = /^[B-DF-HJ-NP-TV-Z]{3}$/;
const HOMOCLAVE = /^[A-Z0-9]$/;
/** Federal entities as RENAPO codes them: DF is the City of Mexico, MC the State of Mexico. */
export const CURP_STATES: readonly string[] =
  'AS BC BS CC CL CM CS CH DF DG GT GR HG JC MC MN MS NT NL OC PL QT QR SP SL SR TC TS TL VZ YN ZS NE'.split(' ');

/** Values of the check digit's sum: the place in this text. */
const ALPHABET = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ';

/**
 * A CURP as it was written: spaces about it and small letters do not matter. Whether its date has come yet is not
 * asked: the same text has the same answer at any time.
 * @example parseCurp('sabc560626mdflrn01') // { text: 'SABC560626MDFLRN01', birthDate: '1956-06-26', ... }
 */
export function parseCurp(written: string): Curp | CurpRefusal {
  const text = unpadded(written).replaceAll(/[a-zñ]/g, (letter) => letter.toUpperCase());
  const [, initials = '', digits = '', sex = '', state = '', consonants = '', homoclave = '', check] =
    PARTS.exec(text) ?? [];
  if (check === undefined) return 'length';
  if (!INITIALS.test(initials) || !CONSONANTS.test(consonants)) return 'letters';
  if (!isSex(sex)) return 'sex';
  if (!CURP_STATES.includes(state)) return 'state';
  if (!HOMOCLAVE.test(homoclave)) return 'homoclave';
  const birthDate = birthDateOf(digits, /\d/.test(homoclave) ? '19' : '20');
  if (birthDate === undefined) return 'date';
  if (check !== curpCheckDigit(text.slice(0, LENGTH - 1))) return 'check-digit';
  return { text, birthDate, sex, state };
}

/**
 * The last character of a CURP.
 * @param first17  capitals and digits; undefined where a character has no value
 */
export function curpCheckDigit(first17: string): string | undefined {
  let sum = 0;
  for (const [index, character] of [...first17].entries()) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) return undefined;
    sum += value * (LENGTH - index);
  }
  return String((10 - (sum % 10)) % 10);
}

/** Four letters, six digits, six letters, two more: what was meant as a CURP, though it may be none. */
const SHAPE = /^[A-ZÑa-zñ]{4}\d{6}[A-ZÑa-zñ]{6}[A-ZÑa-zñ\d]\d$/;

export const looksLikeCurp = (text: string): boolean => SHAPE.test(unpadded(text));

/** Without the padding of a LO (PS3.5 table 6.2-1). */
const unpadded = (text: string): string => text.replaceAll(/^ +| +$/g, '');

const isSex = (text: string): text is Curp['sex'] => text === 'H' || text === 'M' || text === 'X';

function birthDateOf(digits: string, century: '19' | '20'): string | undefined {
  const [, year, month, day] = /^(\d\d)(\d\d)(\d\d)$/.exec(digits) ?? [];
  if (day === undefined) return undefined;
  const iso = `${century}${year}-${month}-${day}`;
  const time = Date.parse(`${iso}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(iso) ? iso : undefined;
}
