import { stateByInegi, stateOfClues } from '@acervo/interop/mexico/states.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Facility } from '../../ports/directory.ts';
import { csvRecords, delimiterOf } from './csv.ts';

/** Why a line of the catalogue was passed over. */
export type SkipReason = 'not-clues' | 'other-state' | 'no-name' | 'no-institution' | 'twice' | 'columns';
export type Skipped = { line: number; reason: SkipReason };

export type Catalogue = { facilities: readonly Omit<Facility, 'edition'>[]; skipped: readonly Skipped[] };

/** Establishments of one file; the catalogue has some tens of thousands. */
const FACILITIES_MAX = 200_000;
const NAME_CHARS_MAX = 200;
/** Line ends within quotes, tabs: a name is one line. */
const CONTROL = /[\p{Cc}\s]+/gu;

/** Columns of the catalogue that are read, as the Dirección General de Información en Salud names them. */
const COLUMNS = {
  clues: 'CLUES',
  name: 'NOMBRE DE LA UNIDAD',
  institution: 'CLAVE DE LA INSTITUCION',
  state: 'CLAVE DE LA ENTIDAD',
} as const;
type Column = keyof typeof COLUMNS;
/** The letters of a CLUES tell the state as well. */
const OPTIONAL: readonly Column[] = ['state'];

/** The text of a file: UTF-8 where it is that, else Windows-1252, of which Latin-1 is a part. */
export function catalogueText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes); // Not UTF-8: what spreadsheets write in Mexico.
  }
}

/**
 * The catalogue CLUES as CSV: a header with the official names, in any order, among any others.
 * @throws {Failure} request/invalid where a column is missing, or nothing in it is an establishment
 */
export function readCatalogue(text: string): Catalogue {
  const records = csvRecords(text, delimiterOf(text));
  const head = records.next();
  const places = placesOf(head.done === true ? [] : head.value.fields);
  const facilities = new Map<string, Omit<Facility, 'edition'>>();
  const skipped: Skipped[] = [];
  for (const { line, fields } of records) {
    const read = facilityOf(places, fields);
    if (typeof read === 'string') skipped.push({ line, reason: read });
    else if (facilities.has(read.clues)) skipped.push({ line, reason: 'twice' });
    else facilities.set(read.clues, read);
    if (facilities.size > FACILITIES_MAX) throw new Failure('request/invalid', `more than ${FACILITIES_MAX} lines`);
  }
  if (facilities.size === 0) throw new Failure('request/invalid', 'no line of the file is an establishment');
  return { facilities: [...facilities.values()], skipped };
}

type Places = Readonly<Record<Column, number>>;

function placesOf(header: readonly string[]): Places {
  const names = header.map(plain);
  const place = (column: Column): number => names.indexOf(COLUMNS[column]);
  const columns = Object.keys(COLUMNS) as Column[];
  const missing = columns.filter((column) => place(column) < 0 && !OPTIONAL.includes(column));
  if (missing.length > 0) {
    const wanted = missing.map((column) => COLUMNS[column]).join(', ');
    throw new Failure('request/invalid', `the header lacks: ${wanted}`);
  }
  return { clues: place('clues'), name: place('name'), institution: place('institution'), state: place('state') };
}

/** Capitals without accents; an underscore is a space. */
const plain = (name: string): string =>
  name.normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll('_', ' ').trim().toUpperCase();

function facilityOf(at: Places, fields: readonly string[]): Omit<Facility, 'edition'> | SkipReason {
  if (fields.length <= Math.max(at.clues, at.name, at.institution, at.state)) return 'columns';
  const value = (column: Column): string => (fields[at[column]] ?? '').replaceAll(CONTROL, ' ').trim();
  const clues = value('clues').toUpperCase();
  const state = stateOfClues(clues);
  if (state === undefined) return 'not-clues';
  if (at.state >= 0 && stateByInegi(value('state').padStart(2, '0')) !== state) return 'other-state';
  const institution = value('institution').toUpperCase();
  if (!/^[A-Z0-9]{1,16}$/.test(institution)) return 'no-institution';
  const name = value('name').slice(0, NAME_CHARS_MAX);
  return name === '' ? 'no-name' : { clues, institution, name, state: state.inegi };
}
