import { CODE_PAGES } from './code-pages.ts';
import { lazily } from './code-sets.ts';

/** A character encoding that knows no escapes: the whole value is in it, ASCII included. */
export type WholeSet = {
  /** Text of any bytes; U+FFFD for what is no character. Never throws. */
  decode(bytes: Uint8Array): string;
  /** Bytes of a text; undefined when the encoding cannot carry it. */
  encode(text: string): Uint8Array | undefined;
  /** Length in bytes of the character that begins at `at`: how a 0x5C inside of one is not a backslash. */
  charBytes(bytes: Uint8Array, at: number): number;
};

const isWithin = (byte: number | undefined, low: number, high: number): boolean =>
  byte !== undefined && byte >= low && byte <= high;

const utf8 = new TextDecoder('utf-8');
const UTF_8: WholeSet = {
  decode: (bytes) => utf8.decode(bytes),
  encode: (text) => (text.isWellFormed() ? new TextEncoder().encode(text) : undefined),
  charBytes: () => 1,
};

/** GB 18030: two bytes, or four where the second is a digit. A lead with a wrong trail stands alone. */
function gbCharBytes(bytes: Uint8Array, at: number): number {
  if (!isWithin(bytes[at], 0x81, 0xfe)) return 1;
  const trail = bytes[at + 1];
  if (isWithin(trail, 0x30, 0x39)) {
    return isWithin(bytes[at + 2], 0x81, 0xfe) && isWithin(bytes[at + 3], 0x30, 0x39) ? 4 : 1;
  }
  return isWithin(trail, 0x40, 0xfe) && trail !== 0x7f ? 2 : 1;
}

function shiftJisCharBytes(bytes: Uint8Array, at: number): number {
  const isLead = isWithin(bytes[at], 0x81, 0x9f) || isWithin(bytes[at], 0xe0, 0xfc);
  const trail = bytes[at + 1];
  return isLead && isWithin(trail, 0x40, 0xfc) && trail !== 0x7f ? 2 : 1;
}

/** Character to bytes, from what the decoder makes of every pair of a lead and a trail byte. */
function pairTable(label: string, charBytes: WholeSet['charBytes']): Map<string, Uint8Array> {
  const decoder = new TextDecoder(label);
  const table = new Map<string, Uint8Array>();
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      const pair = Uint8Array.of(lead, trail);
      if (charBytes(pair, 0) !== 2) continue;
      const char = decoder.decode(pair);
      if (char !== '\ufffd' && [...char].length === 1 && !table.has(char)) table.set(char, pair);
    }
  }
  return table;
}

/** Linear positions of GB 18030 four-byte codes: the BMP up to here, planes 1 to 16 from PLANE_1 on. */
const BMP_POINTERS = 39420;
const PLANE_1_POINTER = 189000;

function fourBytes(pointer: number): Uint8Array {
  const low = Math.floor(pointer / 10);
  const mid = Math.floor(low / 126);
  return Uint8Array.of(0x81 + Math.floor(mid / 10), 0x30 + (mid % 10), 0x81 + (low % 126), 0x30 + (pointer % 10));
}

const gb18030 = lazily(() => new TextDecoder('gb18030'));
const gbPairs = lazily(() => pairTable('gb18030', gbCharBytes));
const gbQuads = lazily(() => {
  const decoder = gb18030();
  const table = new Map<string, Uint8Array>();
  for (let pointer = 0; pointer < BMP_POINTERS; pointer++) {
    const bytes = fourBytes(pointer);
    table.set(decoder.decode(bytes), bytes);
  }
  return table;
});

function gb18030Char(char: string): Uint8Array | undefined {
  const code = char.codePointAt(0) ?? 0;
  return gbPairs().get(char) ?? (code > 0xffff ? fourBytes(PLANE_1_POINTER + code - 0x10000) : gbQuads().get(char));
}

/** Encode character by character; ASCII is itself in all of these. */
function byChar(text: string, encodeChar: (char: string) => Uint8Array | undefined): Uint8Array | undefined {
  if (!text.isWellFormed()) return undefined;
  const out: number[] = [];
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    const bytes = code < 0x80 ? [code] : encodeChar(char);
    if (bytes === undefined) return undefined;
    out.push(...bytes);
  }
  return Uint8Array.from(out);
}

/** GBK is read as GB 18030, which contains it, and written without four-byte codes. */
function gb(encodeChar: (char: string) => Uint8Array | undefined): WholeSet {
  return {
    decode: (bytes) => gb18030().decode(bytes),
    encode: (text) => byChar(text, encodeChar),
    charBytes: gbCharBytes,
  };
}

function shiftJis(): WholeSet {
  const pairs = lazily(() => pairTable('shift_jis', shiftJisCharBytes));
  return {
    decode: (bytes) => new TextDecoder('shift_jis').decode(bytes),
    encode: (text) => byChar(text, (char) => halfWidth(char) ?? pairs().get(char)),
    charBytes: shiftJisCharBytes,
  };
}

/** Half-width katakana are the single bytes 0xA1 to 0xDF, as in JIS X 0201. */
function halfWidth(char: string): Uint8Array | undefined {
  const code = char.charCodeAt(0);
  return code >= 0xff61 && code <= 0xff9f ? Uint8Array.of(code - 0xff61 + 0xa1) : undefined;
}

function codePage(makeUpper: () => string): WholeSet {
  const upper = lazily(makeUpper);
  return {
    decode: (bytes) => {
      let text = '';
      for (const byte of bytes) text += byte < 0x80 ? String.fromCharCode(byte) : upper().charAt(byte - 0x80);
      return text;
    },
    encode: (text) =>
      byChar(text, (char) => {
        const index = char === '\ufffd' ? -1 : upper().indexOf(char);
        return index === -1 ? undefined : Uint8Array.of(0x80 + index);
      }),
    charBytes: () => 1,
  };
}

/** By the term that names them, or by the name a device's default has where DICOM has no term. */
export const WHOLE_SETS: ReadonlyMap<string, WholeSet> = new Map([
  ['ISO_IR 192', UTF_8],
  ['GB18030', gb(gb18030Char)],
  ['GBK', gb((char) => gbPairs().get(char))],
  ['SHIFT_JIS', shiftJis()],
  ...Object.entries(CODE_PAGES).map(([name, makeUpper]) => [name, codePage(makeUpper)] as const),
]);
