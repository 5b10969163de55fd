import { isValidUid } from '@acervo/dicom/uid.ts';
import { VRS, type Vr } from '@acervo/dicom/vr.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { temporalKey } from './temporal.ts';

/** Characters of one value of a key; the longest text anyone searches (LO) has 64. */
export const VALUE_CHARS_MAX = 1_024;
/** Values in one list of UIDs or alternatives. */
export const LIST_VALUES_MAX = 1_000;

/** What one key asks of an attribute (PS3.4 C.2.2.2). Texts are in NFC, without insignificant spaces. */
export type Condition =
  /** Anything, also an absent attribute (C.2.2.2.3). */
  | { kind: 'universal' }
  /** Present without a value, or absent (C.2.2.2.7). */
  | { kind: 'empty' }
  | { kind: 'single'; value: string }
  /** `*` stands for any characters or none, `?` for exactly one (C.2.2.2.4). */
  | { kind: 'wildcard'; pattern: string }
  /** Both ends included; an absent end is open (C.2.2.2.5). At least one is there. */
  | { kind: 'range'; from?: string; to?: string }
  /** `any`: a list of UIDs (C.2.2.2.2) or of alternatives; `all`: multiple value matching (C.2.2.2.8). */
  | { kind: 'list'; values: readonly string[]; quantifier: 'any' | 'all' }
  /** Alternatives of which some are wildcards; never nested. */
  | { kind: 'anyOf'; conditions: readonly Condition[] };

export type MatchingOptions = {
  /** Read `""` as a search for empty values (PS3.4 C.2.2.2.7). */
  emptyValueMatching: boolean;
  /** Read several values as all of them wanted (PS3.4 C.2.2.2.8). */
  multipleValueMatching: boolean;
  /** A comma parts values, as in a URL (PS3.18 8.3.4.1); in C-FIND only the backslash does. */
  commaSeparates: boolean;
};

const WILDCARD_VRS: ReadonlySet<Vr> = new Set(['AE', 'CS', 'LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UR', 'UT']);
/** PS3.4 C.2.2.2.8. */
const MULTIPLE_VALUE_VRS: ReadonlySet<Vr> = new Set(['AE', 'AS', 'AT', 'CS', 'LO', 'PN', 'SH', 'UC']);
/** In these a comma cannot be part of a value. The standard parts only UIDs so; viewers also `CT,MR`. */
const COMMA_VRS: ReadonlySet<Vr> = new Set(['UI', 'CS', 'IS', 'DS', 'AS', 'AT']);
/** Here leading spaces are part of the value (PS3.5 table 6.2-1). */
const LEADING_SPACE_VRS: ReadonlySet<Vr> = new Set(['LT', 'ST', 'UT', 'UC']);

/** Texts that a single value of these VRs must have; a number is compared as one by the index. */
const SYNTAX: Partial<Record<Vr, RegExp>> = {
  AS: /^\d{3}[DWMY]$/,
  AT: /^[0-9A-Fa-f]{8}$/,
  IS: /^[+-]?\d{1,12}$/,
  DS: /^[+-]?(?:\d{1,16}(?:\.\d{0,16})?|\.\d{1,16})(?:[eE][+-]?\d{1,3})?$/,
};
const NUMBER = /^[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,3})?$/;

/**
 * How a key value is to be matched: the rules of PS3.4 C.2.2.2, the same for C-FIND and QIDO-RS.
 * @throws {Failure} query/invalid when the VR cannot be searched so, a value has not the syntax of its VR,
 * or a limit is exceeded. Its detail never quotes the value.
 * @example conditionOf('DA', '20240101-', options) // { kind: 'range', from: '20240101' }
 */
export function conditionOf(vr: Vr, text: string, options: MatchingOptions): Condition {
  const key = trimmed(vr, text.normalize('NFC'));
  if (key === '' || /^\*+$/.test(key)) return { kind: 'universal' };
  if (options.emptyValueMatching && key === '""') return { kind: 'empty' };
  const { kind } = VRS[vr];
  if (vr !== 'UN' && (kind === 'sequence' || kind === 'binary')) throw invalid(`${vr} cannot be matched by a value`);
  const values = valuesOf(vr, key, options);
  if (values.length === 0) return { kind: 'universal' };
  if (values.length > LIST_VALUES_MAX) throw invalid(`list of more than ${LIST_VALUES_MAX} values`);
  const conditions = values.map((value) => valueCondition(vr, value));
  const [first] = conditions;
  return conditions.length === 1 && first !== undefined ? first : combined(vr, conditions, options);
}

/**
 * Several values in one key. What they mean without multiple value matching the standard leaves open
 * (PS3.4 C.2.2.2.8 note 4); here, as in the field, that any of them will do.
 */
function combined(vr: Vr, conditions: readonly Condition[], options: MatchingOptions): Condition {
  if (conditions.some(({ kind }) => kind === 'universal')) return { kind: 'universal' };
  const values = conditions.flatMap((condition) => (condition.kind === 'single' ? [condition.value] : []));
  const areAllSingle = values.length === conditions.length;
  const areAllWanted = options.multipleValueMatching && MULTIPLE_VALUE_VRS.has(vr);
  if (areAllWanted && !areAllSingle) throw invalid('multiple value matching takes no wild cards');
  if (!areAllSingle) return { kind: 'anyOf', conditions };
  return { kind: 'list', values: [...new Set(values)], quantifier: areAllWanted ? 'all' : 'any' };
}

function valuesOf(vr: Vr, key: string, options: MatchingOptions): string[] {
  if (!VRS[vr].multi && vr !== 'UN') return [key];
  const separator = options.commaSeparates && COMMA_VRS.has(vr) ? /[\\,]/ : /\\/;
  return key
    .split(separator)
    .map((value) => trimmed(vr, value))
    .filter((value) => value !== '');
}

function valueCondition(vr: Vr, value: string): Condition {
  if (value.length > VALUE_CHARS_MAX) throw invalid(`value of more than ${VALUE_CHARS_MAX} characters`);
  if (hasControl(vr, value)) throw invalid(`control character in a key of VR ${vr}`);
  if (/^\*+$/.test(value)) return { kind: 'universal' };
  if (vr === 'DA' || vr === 'TM' || vr === 'DT') return temporalCondition(vr, value);
  if (WILDCARD_VRS.has(vr) && /[*?]/.test(value)) return { kind: 'wildcard', pattern: value };
  if (!hasSyntax(vr, value)) throw invalid(`key is not a value of VR ${vr}`);
  return { kind: 'single', value };
}

function temporalCondition(vr: 'DA' | 'TM' | 'DT', value: string): Condition {
  const key = temporalKey(vr, value);
  if (key === undefined) throw invalid(`key is neither a value nor a range of VR ${vr}`);
  return typeof key === 'string' ? { kind: 'single', value: key } : { kind: 'range', ...key };
}

function hasSyntax(vr: Vr, value: string): boolean {
  if (vr === 'UI') return isValidUid(value);
  const syntax = SYNTAX[vr] ?? (VRS[vr].kind === 'number' ? NUMBER : undefined);
  return syntax?.test(value) ?? true;
}

/** C0 controls stand in no key, but for line ends in text; a NUL would not even pass the database. */
function hasControl(vr: Vr, value: string): boolean {
  const isText = vr === 'LT' || vr === 'ST' || vr === 'UT';
  for (const character of value) {
    const code = character.codePointAt(0) ?? 0;
    if ((code < 0x20 || code === 0x7f) && !(isText && /[\t\n\f\r]/.test(character))) return true;
  }
  return false;
}

/** Without the padding that PS3.5 table 6.2-1 calls insignificant. */
function trimmed(vr: Vr, value: string): string {
  const withoutEnd = value.replace(vr === 'UI' ? /[ \0]+$/ : / +$/, '');
  return LEADING_SPACE_VRS.has(vr) ? withoutEnd : withoutEnd.replace(/^ +/, '');
}

function invalid(detail: string): Failure {
  return new Failure('query/invalid', detail);
}
