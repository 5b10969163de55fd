import { viewOf } from '@acervo/kernel/bytes.ts';
import { parseTag } from '../tag.ts';
import { VRS, type Vr } from '../vr.ts';
import { refuse } from './refuse.ts';

/**
 * The bytes of a Value array (PS3.18 F.2.3 to F.2.5), little endian and UTF-8, without padding.
 * @throws {Failure} parse/json
 */
export function valueBytes(vr: Vr, values: readonly unknown[], path: string): Uint8Array {
  switch (VRS[vr].kind) {
    case 'text':
      return textBytes(vr, values, path);
    case 'number':
    case 'tag':
      return numberBytes(vr, values, path);
    default:
      return refuse(path, `Value in ${vr}`);
  }
}

function textBytes(vr: Vr, values: readonly unknown[], path: string): Uint8Array {
  if (!VRS[vr].multi && values.length > 1) return refuse(path, `several values in ${vr}`);
  const texts = values.map((value) => oneText(vr, value, path));
  // A separator inside of a value would make two of it (F.2.4).
  if (VRS[vr].multi && texts.some((text) => text.includes('\\'))) return refuse(path, 'a backslash in a value');
  const text = texts.join('\\');
  if (!text.isWellFormed()) return refuse(path, 'half of a surrogate pair');
  // PS3.5 6.1.2.3: no character set can bring more into these.
  if (!VRS[vr].charset && !ASCII.test(text)) return refuse(path, `a character beyond ASCII in ${vr}`);
  return new TextEncoder().encode(text);
}

const ASCII = /^[\0-\x7f]*$/;

function oneText(vr: Vr, value: unknown, path: string): string {
  if (value === null) return '';
  if (vr === 'PN') return personNameText(value, path);
  if (typeof value === 'string') return value;
  if (vr === 'DS' && typeof value === 'number') return String(value);
  if (vr === 'IS' && Number.isSafeInteger(value)) return String(value);
  return refuse(path, `a value of the wrong type for ${vr}`);
}

const PN_GROUPS: readonly string[] = ['Alphabetic', 'Ideographic', 'Phonetic'];

function personNameText(value: unknown, path: string): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(path, 'PN is not an object');
  const members = new Map<string, unknown>(Object.entries(value));
  if (![...members.keys()].every((name) => PN_GROUPS.includes(name))) return refuse(path, 'not a group of PN');
  const groups = PN_GROUPS.map((name) => {
    const group = members.get(name) ?? '';
    return typeof group === 'string' && !group.includes('=') ? group : refuse(path, 'not a component group of PN');
  });
  return groups.join('=').replace(/=+$/, '');
}

/** Writes the number at an offset; false when it does not fit. */
type WriteNumber = (view: DataView, at: number, value: unknown) => boolean;

const WRITE_NUMBER: Partial<Record<Vr, WriteNumber>> = {
  US: integer(0, 0xffff, (view, at, value) => view.setUint16(at, value, true)),
  SS: integer(-0x8000, 0x7fff, (view, at, value) => view.setInt16(at, value, true)),
  UL: integer(0, 0xffff_ffff, (view, at, value) => view.setUint32(at, value, true)),
  SL: integer(-0x8000_0000, 0x7fff_ffff, (view, at, value) => view.setInt32(at, value, true)),
  UV: big(0n, 0xffff_ffff_ffff_ffffn, (view, at, value) => view.setBigUint64(at, value, true)),
  SV: big(-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn, (view, at, value) => view.setBigInt64(at, value, true)),
  FL: float((view, at, value) => view.setFloat32(at, value, true)),
  FD: float((view, at, value) => view.setFloat64(at, value, true)),
  AT: (view, at, value) => {
    const tag = typeof value === 'string' ? parseTag(value) : undefined;
    if (tag === undefined) return false;
    view.setUint16(at, tag >>> 16, true);
    view.setUint16(at + 2, tag & 0xffff, true);
    return true;
  },
};

function numberBytes(vr: Vr, values: readonly unknown[], path: string): Uint8Array {
  const write = WRITE_NUMBER[vr];
  if (write === undefined) return refuse(path, `Value in ${vr}`);
  const width = vr === 'AT' ? 4 : VRS[vr].swapBytes;
  const bytes = new Uint8Array(values.length * width);
  const view = viewOf(bytes);
  for (const [index, value] of values.entries()) {
    // Binary values have no place for an empty one, so null fits none of them.
    if (!write(view, index * width, value)) return refuse(path, `a value that is no ${vr}`);
  }
  return bytes;
}

function integer(min: number, max: number, set: (view: DataView, at: number, value: number) => void): WriteNumber {
  return (view, at, value) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) return false;
    set(view, at, value);
    return true;
  };
}

function big(min: bigint, max: bigint, set: (view: DataView, at: number, value: bigint) => void): WriteNumber {
  return (view, at, value) => {
    const isExact = Number.isSafeInteger(value) || (typeof value === 'string' && /^-?[0-9]{1,20}$/.test(value));
    if (!isExact) return false;
    const exact = BigInt(value as number | string);
    if (exact < min || exact > max) return false;
    set(view, at, exact);
    return true;
  };
}

/** JSON has no such numbers: what archives write in their place, `value-json.ts` among them. */
const NOT_FINITE = new Map<unknown, number>([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['nan', Number.NaN],
]);

function float(set: (view: DataView, at: number, value: number) => void): WriteNumber {
  return (view, at, value) => {
    const number = typeof value === 'number' ? value : NOT_FINITE.get(value);
    if (number === undefined) return false;
    set(view, at, number);
    return true;
  };
}
