import { viewOf } from '@acervo/kernel/bytes.ts';
import { type Charset, decodeText } from '../charset/decode.ts';
import { tagText } from '../tag.ts';
import { VRS, type Vr } from '../vr.ts';
import { decimalJson } from './number-text.ts';

/** PS3.5 table 6.2-1: the VRs whose leading spaces mean nothing, either. In the others they are text. */
const LEADING_SPACES_MEAN_NOTHING: ReadonlySet<Vr> = new Set(['AE', 'CS', 'DS', 'IS', 'LO', 'SH']);
/** Longer values take the general way: a function has a limit of arguments. */
const PLAIN_BYTES_MAX = 1024;

/**
 * The JSON of the values of a text element, joined by commas; '' when it has none (PS3.18 F.2.5).
 * Nearly every value of a header is plain ASCII: that way decodes and escapes nothing.
 */
export function textJson(bytes: Uint8Array, vr: Vr, charset: Charset): string {
  const { multi } = VRS[vr];
  const plain = plainText(bytes, multi);
  const text = trimmed(plain ?? decodeText(bytes, vr, charset), vr);
  if (text === '') return '';
  const quote = plain === undefined ? JSON.stringify : quotePlain;
  if (multi && text.includes('\\')) {
    return text
      .split('\\')
      .map((value) => oneJson(trimmed(value, vr), vr, quote))
      .join(',');
  }
  const json = oneJson(text, vr, quote);
  // A single empty value is no value: a name of empty groups ('=') is one.
  return json === 'null' ? '' : json;
}

const quotePlain = (text: string): string => `"${text}"`;

/**
 * Text that is the same in every character set and in JSON; else undefined. Not plain are controls, `"`,
 * `~` (0x7E is an overline in ISO_IR 13) and a backslash that separates no values.
 */
function plainText(bytes: Uint8Array, multi: boolean): string | undefined {
  const end = bytes[bytes.length - 1] === 0x00 ? bytes.length - 1 : bytes.length;
  if (end > PLAIN_BYTES_MAX) return undefined;
  for (let at = 0; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < 0x20 || byte > 0x7d || byte === 0x22 || (byte === 0x5c && !multi)) return undefined;
  }
  return Reflect.apply(String.fromCharCode, null, end === bytes.length ? bytes : bytes.subarray(0, end));
}

/** Without padding, which devices make of blanks and zero bytes in any VR. */
function trimmed(text: string, vr: Vr): string {
  let start = 0;
  let end = text.length;
  while (end > 0 && (text.charCodeAt(end - 1) === 0x20 || text.charCodeAt(end - 1) === 0x00)) end -= 1;
  if (LEADING_SPACES_MEAN_NOTHING.has(vr)) while (start < end && text.charCodeAt(start) === 0x20) start += 1;
  return text.slice(start, end);
}

function oneJson(value: string, vr: Vr, quote: (text: string) => string): string {
  if (value === '') return 'null';
  switch (vr) {
    case 'PN':
      return personNameJson(value, quote);
    case 'DS':
      return decimalJson(value, false);
    case 'IS':
      return decimalJson(value, true);
    default:
      return quote(value);
  }
}

const PN_GROUPS = ['Alphabetic', 'Ideographic', 'Phonetic'] as const;

/** PS3.18 F.2.2: only the component groups that are not empty; a name without any is an empty value. */
function personNameJson(name: string, quote: (text: string) => string): string {
  if (!name.includes('=')) return `{"Alphabetic":${quote(name)}}`;
  const groups = name.split('=', PN_GROUPS.length).map((group) => trimmed(group, 'PN'));
  const members = groups.flatMap((group, index) => (group === '' ? [] : [`"${PN_GROUPS[index]}":${quote(group)}`]));
  return members.length === 0 ? 'null' : `{${members.join(',')}}`;
}

/** Reads the value at an offset as JSON. */
type ReadNumber = (view: DataView, at: number, littleEndian: boolean) => string;

const READ_NUMBER: Partial<Record<Vr, ReadNumber>> = {
  US: (view, at, littleEndian) => String(view.getUint16(at, littleEndian)),
  SS: (view, at, littleEndian) => String(view.getInt16(at, littleEndian)),
  UL: (view, at, littleEndian) => String(view.getUint32(at, littleEndian)),
  SL: (view, at, littleEndian) => String(view.getInt32(at, littleEndian)),
  UV: (view, at, littleEndian) => bigJson(view.getBigUint64(at, littleEndian)),
  SV: (view, at, littleEndian) => bigJson(view.getBigInt64(at, littleEndian)),
  FL: (view, at, littleEndian) => floatJson(view.getFloat32(at, littleEndian)),
  FD: (view, at, littleEndian) => floatJson(view.getFloat64(at, littleEndian)),
  AT: (view, at, littleEndian) =>
    `"${tagText(view.getUint16(at, littleEndian) * 0x10000 + view.getUint16(at + 2, littleEndian))}"`,
};

/**
 * The JSON of the values of a number or tag element, joined by commas; '' when it has none. Bytes at the
 * end that are no whole value are not shown: the model has no place for them.
 */
export function numberJson(bytes: Uint8Array, vr: Vr, littleEndian: boolean): string {
  const read = READ_NUMBER[vr];
  if (read === undefined) return '';
  const width = vr === 'AT' ? 4 : VRS[vr].swapBytes;
  const view = viewOf(bytes);
  let json = '';
  for (let at = 0; at + width <= bytes.length; at += width) {
    json += at === 0 ? read(view, at, littleEndian) : `,${read(view, at, littleEndian)}`;
  }
  return json;
}

/** A 64-bit number as a JSON number where a double has it exactly, else as a string (PS3.18 F.2.3). */
function bigJson(value: bigint): string {
  const isSafe = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return isSafe ? value.toString() : `"${value}"`;
}

/**
 * JSON has no number for NaN and the infinities and PS3.18 F.2.3 does not say how to write them; these
 * three strings are what the other archives write and read.
 */
function floatJson(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return `"${value}"`;
}
