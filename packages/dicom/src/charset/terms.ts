import { latin1Text } from '@acervo/kernel/bytes.ts';
import { CODE_SETS } from './code-sets.ts';
import { WHOLE_SETS } from './whole-sets.ts';

/**
 * A Specific Character Set as `charsetOf` or `chooseCharset` made it: every term is a defined term of PS3.3
 * C.12.1.1.2 (never empty), or the name of a code page of a device's default ('CP850', 'SHIFT_JIS').
 */
export type Charset = { readonly terms: readonly string[] };

/** The default repertoire, ISO-IR 6: what holds where (0008,0005) is absent or empty. */
export const DEFAULT_CHARSET: Charset = { terms: ['ISO_IR 6'] };

/** More values than any standard use has are noise: (0008,0005) has one term for each set in use. */
const TERMS_MAX = 16;

/**
 * The values of Specific Character Set (0008,0005), as they stand but for padding. An empty first value
 * stays, since it means the default repertoire with code extensions; no value at all gives no terms.
 */
export function readTerms(value: Uint8Array | undefined): string[] {
  const text = latin1Text(value ?? new Uint8Array(0)).replaceAll(/[\0 ]+$/g, '');
  return text === ''
    ? []
    : text
        .split('\\')
        .slice(0, TERMS_MAX)
        .map((term) => term.replaceAll(/^[\0 ]+|[\0 ]+$/g, ''));
}

/** Names met in place of a defined term, without their punctuation and in capitals. */
const ALIASES: Readonly<Record<string, string>> = {
  ASCII: '6',
  USASCII: '6',
  ISO646: '6',
  ISO646US: '6',
  LATIN1: '100',
  LATIN2: '101',
  LATIN3: '109',
  LATIN4: '110',
  LATIN5: '148',
  LATIN9: '203',
  ISO88591: '100',
  ISO88592: '101',
  ISO88593: '109',
  ISO88594: '110',
  ISO88595: '144',
  ISO88596: '127',
  ISO88597: '126',
  ISO88598: '138',
  ISO88599: '148',
  ISO885911: '166',
  ISO885915: '203',
  TIS620: '166',
  UTF8: 'ISO_IR 192',
  UNICODE: 'ISO_IR 192',
  ISOIR192: 'ISO_IR 192',
  ISO2022IR192: 'ISO_IR 192',
  GB2312: 'GBK',
  CP936: 'GBK',
  WINDOWS936: 'GBK',
  GB180302000: 'GB18030',
  GB180302022: 'GB18030',
  IBM437: 'CP437',
  IBM850: 'CP850',
  DOS850: 'CP850',
  DOS437: 'CP437',
  CP932: 'SHIFT_JIS',
  SJIS: 'SHIFT_JIS',
  JISX0201: '13',
  EUCKR: '149',
  KSX1001: '149',
  JISX0208: '87',
  JISX0212: '159',
};

const plain = (name: string): string => name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
const WHOLE_NAMES = new Map([...WHOLE_SETS.keys()].map((name) => [plain(name), name]));

/**
 * What a term means: an ISO-IR number of CODE_SETS, or a name of WHOLE_SETS. Read with tolerance: case,
 * spaces, hyphens and underscores do not matter, nor the common names of other systems.
 */
function meaningOf(term: string): string | undefined {
  const name = plain(term);
  if (name === '') return '6';
  const number = /^(?:ISO2022|ISO)?IR0*(\d+)$/.exec(name)?.[1];
  if (number !== undefined && Object.hasOwn(CODE_SETS, number)) return number;
  if (Object.hasOwn(ALIASES, name)) return ALIASES[name];
  return WHOLE_NAMES.get(name) ?? WHOLE_NAMES.get(name.replace(/^CP125/, 'WINDOWS125'));
}

export type ReadCharset = {
  charset: Charset;
  /** Every term was understood: a charset without it is only what was left of them. */
  isKnown: boolean;
  /** Every term stood as the standard writes it, and where the standard allows it. */
  isExact: boolean;
};

/** Multi-byte sets without code extensions stand alone (PS3.3 table C.12-5). */
function isWhole(meaning: string): boolean {
  return WHOLE_SETS.has(meaning);
}

/** ISO-IR numbers of the 94x94 sets: they need code extensions, and may not be value 1. */
const DOUBLE_BYTE = new Set(['58', '87', '149', '159']);

function termsOf(numbers: readonly string[]): string[] {
  const first = numbers[0] ?? '6';
  if (numbers.length > 1 || DOUBLE_BYTE.has(first)) return numbers.map((number) => `ISO 2022 IR ${number}`);
  return [`ISO_IR ${first}`];
}

/** Normalise declared terms; see `ReadCharset`. No term at all is the default repertoire. */
export function readCharset(declared: readonly string[]): ReadCharset {
  const meanings = declared.map(meaningOf);
  const known = meanings.filter((meaning) => meaning !== undefined);
  const whole = known.find(isWhole);
  const terms = whole === undefined ? termsOf(known) : [whole];
  const isKnown = known.length === meanings.length;
  const isExact =
    isKnown &&
    !DOUBLE_BYTE.has(known[0] ?? '') &&
    declared.every((term, index) => term === terms[index] || (term === '' && index === 0));
  return { charset: { terms }, isKnown, isExact };
}

/** The character set of declared terms, read with tolerance; terms that mean nothing are left out. */
export function charsetOf(declared: readonly string[]): Charset {
  return readCharset(declared).charset;
}
