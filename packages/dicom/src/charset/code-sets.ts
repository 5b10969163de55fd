import { concat } from '@acervo/kernel/bytes.ts';

/**
 * A coded character set as ISO 2022 sees it: designated to G0 (bytes 0x21 to 0x7E) or G1 (bytes from
 * 0x80 up) by its escape sequence, one or two bytes a character (PS3.3 C.12.1.1.2, PS3.5 6.1.2).
 */
export type CodeSet = {
  slot: 'G0' | 'G1';
  /** The escape sequence without its leading ESC. */
  escape: readonly number[];
  bytes: 1 | 2;
  /** Text of bytes of this slot; U+FFFD for what is no character. Never throws. */
  decode(bytes: Uint8Array): string;
  /** The bytes of one character; undefined when the set has no such character. */
  encode(char: string): readonly number[] | undefined;
};

/** Make a value once, when first asked for: tables of a set that nobody uses cost nothing. */
export function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The single-byte sets: characters of the bytes from `first` up. */
function singleByte(slot: 'G0' | 'G1', escape: string, first: number, makeTable: () => string): CodeSet {
  const table = lazily(makeTable);
  const reverse = lazily(() => reverseOf(table(), first));
  return {
    slot,
    escape: ascii(escape),
    bytes: 1,
    decode: (bytes) => {
      const chars = table();
      let text = '';
      for (const byte of bytes) text += chars[byte - first] ?? '\ufffd';
      return text;
    },
    encode: (char) => reverse().get(char),
  };
}

function reverseOf(chars: string, first: number): Map<string, readonly number[]> {
  const reverse = new Map<string, readonly number[]>();
  for (let index = 0; index < chars.length; index++) {
    const char = chars.charAt(index);
    if (char !== '\ufffd') reverse.set(char, [first + index]);
  }
  return reverse;
}

/**
 * The 94x94 sets, through the decoder of an EUC encoding that holds them in its upper half.
 * @param toEuc the pairs of this slot as that decoder wants them.
 */
function doubleByte(
  slot: 'G0' | 'G1',
  escape: string,
  label: string,
  toEuc: (pairs: Uint8Array) => Uint8Array,
): CodeSet {
  const decoder = lazily(() => new TextDecoder(label));
  const decode = (bytes: Uint8Array): string => {
    const text = decoder().decode(toEuc(bytes));
    return label === 'euc-jp' ? plainJis(text) : text;
  };
  const reverse = lazily(() => {
    const high = slot === 'G1' ? 0x80 : 0;
    const pairs = new Map<string, readonly number[]>();
    for (let row = 0x21; row <= 0x7e; row++) {
      for (let cell = 0x21; cell <= 0x7e; cell++) {
        const pair = [row | high, cell | high];
        const char = decode(Uint8Array.from(pair));
        if ([...char].length === 1 && char !== '\ufffd' && !pairs.has(char)) pairs.set(char, pair);
      }
    }
    return pairs;
  });
  return { slot, escape: ascii(escape), bytes: 2, decode, encode: (char) => reverse().get(char) };
}

/**
 * Where decoders follow Windows instead of JIS X 0208: WAVE DASH, DOUBLE VERTICAL LINE, MINUS SIGN, CENT
 * SIGN, POUND SIGN, NOT SIGN. Node and browsers differ here too; this makes them one.
 */
const WINDOWS_FORMS: Readonly<Record<string, string>> = {
  '\uff5e': '\u301c',
  '\u2225': '\u2016',
  '\uff0d': '\u2212',
  '\uffe0': '\u00a2',
  '\uffe1': '\u00a3',
  '\uffe2': '\u00ac',
};

function plainJis(text: string): string {
  return text.replaceAll(/[\uff5e\u2225\uff0d\uffe0-\uffe2]/g, (char) => WINDOWS_FORMS[char] ?? char);
}

const ascii = (text: string): number[] => [...text].map((char) => char.charCodeAt(0));
const raised = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte | 0x80);
const UPPER_96 = Uint8Array.from({ length: 96 }, (_, index) => 0xa0 + index);
const characters = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => String.fromCharCode(from + index)).join('');

/**
 * ISO 8859 from 0xA0 up. Bytes 0x80 to 0x9F are C1 controls there, which DICOM does not use (PS3.5 6.1.3):
 * they are no text, so they are U+FFFD and the value counts as damaged, never an invisible control.
 */
const iso8859 = (escape: string, label: string): CodeSet =>
  singleByte('G1', escape, 0xa0, () => new TextDecoder(label).decode(UPPER_96));
/** ISO-IR 100 and 148, not by TextDecoder: its iso-8859-1 and iso-8859-9 are windows-1252 and windows-1254. */
const LATIN1 = characters(0xa0, 0xff);
const LATIN5_CHANGES: Readonly<Record<string, string>> = { Ð: 'Ğ', Ý: 'İ', Þ: 'Ş', ð: 'ğ', ý: 'ı', þ: 'ş' };
const latin5 = (): string => LATIN1.replaceAll(/[ÐÝÞðýþ]/g, (char) => LATIN5_CHANGES[char] ?? char);
const ASCII_94 = characters(0x21, 0x7e);

/** EUC-JP reaches JIS X 0212 by a single shift, 0x8F, before each pair. */
function withSingleShift3(pairs: Uint8Array): Uint8Array {
  const out: Uint8Array[] = [];
  for (let at = 0; at < pairs.length; at += 2) out.push(Uint8Array.of(0x8f), raised(pairs.subarray(at, at + 2)));
  return out.length === 0 ? pairs : concat(out);
}

/** ISO-IR 6, the default repertoire. */
export const ISO_646: CodeSet = singleByte('G0', '(B', 0x21, () => ASCII_94);
/** ISO-IR 14, JIS X 0201 romaji: a yen sign at 0x5C and an overline at 0x7E. */
export const ROMAJI: CodeSet = singleByte('G0', '(J', 0x21, () =>
  ASCII_94.replace('\\', '\u00a5').replace('~', '\u203e'),
);

/** The sets a term names by its ISO-IR number, G0 before G1 (PS3.3 tables C.12-2 to C.12-4). */
export const CODE_SETS: Readonly<Record<string, readonly CodeSet[]>> = {
  '6': [ISO_646],
  '13': [ROMAJI, singleByte('G1', ')I', 0xa1, () => characters(0xff61, 0xff9f))],
  '58': [doubleByte('G1', '$)A', 'gb18030', (pairs) => pairs)],
  '87': [doubleByte('G0', '$B', 'euc-jp', raised)],
  '100': [ISO_646, singleByte('G1', '-A', 0xa0, () => LATIN1)],
  '101': [ISO_646, iso8859('-B', 'iso-8859-2')],
  '109': [ISO_646, iso8859('-C', 'iso-8859-3')],
  '110': [ISO_646, iso8859('-D', 'iso-8859-4')],
  '126': [ISO_646, iso8859('-F', 'iso-8859-7')],
  '127': [ISO_646, iso8859('-G', 'iso-8859-6')],
  '138': [ISO_646, iso8859('-H', 'iso-8859-8')],
  '144': [ISO_646, iso8859('-L', 'iso-8859-5')],
  '148': [ISO_646, singleByte('G1', '-M', 0xa0, latin5)],
  '149': [doubleByte('G1', '$)C', 'euc-kr', (pairs) => pairs)],
  '159': [doubleByte('G0', '$(D', 'euc-jp', withSingleShift3)],
  '166': [ISO_646, iso8859('-T', 'windows-874')],
  '203': [ISO_646, iso8859('-b', 'iso-8859-15')],
};

const ALL_SETS = [...new Set(Object.values(CODE_SETS).flat())];
/** JIS C 6226-1978, which old Japanese devices designate: the same positions but for a few glyphs. */
const JIS_1978 = ascii('$@');

/** The set whose escape sequence follows an ESC at `at - 1`, and how long that sequence is, in bytes. */
export function designatedAt(bytes: Uint8Array, at: number): { set: CodeSet; length: number } | undefined {
  const matches = (escape: readonly number[]): boolean => escape.every((byte, index) => bytes[at + index] === byte);
  const set = ALL_SETS.find((each) => matches(each.escape)) ?? (matches(JIS_1978) ? CODE_SETS['87']?.[0] : undefined);
  return set && { set, length: matches(JIS_1978) ? JIS_1978.length : set.escape.length };
}
