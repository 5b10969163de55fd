/** A federal entity of Mexico. */
export type State = {
  /** INEGI, Catálogo Único de Claves de Áreas Geoestadísticas: two digits. */
  inegi: string;
  /** ISO 3166-2:MX. */
  iso: string;
  /** Two letters of RENAPO: in a CURP the place of birth, in a CLUES where the establishment stands. */
  letters: string;
  name: string;
  nameOfficial: string;
};

/**
 * The 32 federal entities in the order of their codes. Codes and names: INEGI, Marco Geoestadístico, as of the census
 * of 2020 (free use with attribution). Letters: RENAPO, Instructivo Normativo, DOF 18-10-2021, annex of federal
 * entities.
 */
export const STATES: readonly State[] = [
  state('01', 'AGU', 'AS', 'Aguascalientes'),
  state('02', 'BCN', 'BC', 'Baja California'),
  state('03', 'BCS', 'BS', 'Baja California Sur'),
  state('04', 'CAM', 'CC', 'Campeche'),
  state('05', 'COA', 'CL', 'Coahuila', 'Coahuila de Zaragoza'),
  state('06', 'COL', 'CM', 'Colima'),
  state('07', 'CHP', 'CS', 'Chiapas'),
  state('08', 'CHH', 'CH', 'Chihuahua'),
  state('09', 'CMX', 'DF', 'Ciudad de México'),
  state('10', 'DUR', 'DG', 'Durango'),
  state('11', 'GUA', 'GT', 'Guanajuato'),
  state('12', 'GRO', 'GR', 'Guerrero'),
  state('13', 'HID', 'HG', 'Hidalgo'),
  state('14', 'JAL', 'JC', 'Jalisco'),
  state('15', 'MEX', 'MC', 'México'),
  state('16', 'MIC', 'MN', 'Michoacán', 'Michoacán de Ocampo'),
  state('17', 'MOR', 'MS', 'Morelos'),
  state('18', 'NAY', 'NT', 'Nayarit'),
  state('19', 'NLE', 'NL', 'Nuevo León'),
  state('20', 'OAX', 'OC', 'Oaxaca'),
  state('21', 'PUE', 'PL', 'Puebla'),
  state('22', 'QUE', 'QT', 'Querétaro'),
  state('23', 'ROO', 'QR', 'Quintana Roo'),
  state('24', 'SLP', 'SP', 'San Luis Potosí'),
  state('25', 'SIN', 'SL', 'Sinaloa'),
  state('26', 'SON', 'SR', 'Sonora'),
  state('27', 'TAB', 'TC', 'Tabasco'),
  state('28', 'TAM', 'TS', 'Tamaulipas'),
  state('29', 'TLA', 'TL', 'Tlaxcala'),
  state('30', 'VER', 'VZ', 'Veracruz', 'Veracruz de Ignacio de la Llave'),
  state('31', 'YUC', 'YN', 'Yucatán'),
  state('32', 'ZAC', 'ZS', 'Zacatecas'),
];

const BY_INEGI = new Map(STATES.map((each) => [each.inegi, each]));
const BY_LETTERS = new Map(STATES.map((each) => [each.letters, each]));

export const stateByInegi = (code: string): State | undefined => BY_INEGI.get(code);

/** Of the letters of a CURP or a CLUES; undefined for NE, abroad. */
export const stateByLetters = (letters: string): State | undefined => BY_LETTERS.get(letters);

/**
 * Clave Única de Establecimientos de Salud: two letters of the state, three of the institution, six digits.
 * @example stateOfClues('JCSSA000123') // Jalisco
 * @returns undefined where it is none: its shape is another one, or no state has its letters
 */
export function stateOfClues(clues: string): State | undefined {
  return /^[A-Z]{5}\d{6}$/.test(clues) ? stateByLetters(clues.slice(0, 2)) : undefined;
}

function state(inegi: string, iso: string, letters: string, name: string, nameOfficial = name): State {
  return { inegi, iso: `MX-${iso}`, letters, name, nameOfficial };
}
