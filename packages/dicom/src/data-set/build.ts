import { concat, latin1Bytes } from '@acervo/kernel/bytes.ts';
import { VRS, type Vr } from '../vr.ts';
import type { DataSet, Element, Tag } from './model.ts';

/** An element with a value in little endian, not padded: the writer pads. */
export const element = (tag: Tag, vr: Vr, value: Uint8Array): Element => ({
  tag,
  vr,
  length: value.length,
  offset: 0,
  value,
});

/** A data set or item. Of several elements with one tag, the last is taken. */
export const dataSetOf = (elements: readonly Element[], littleEndian = true): DataSet => ({
  elements: new Map(elements.map((each) => [each.tag, each])),
  littleEndian,
});

/** A sequence, to be written with undefined lengths. */
export const sequence = (tag: Tag, items: readonly DataSet[]): Element => ({
  tag,
  vr: 'SQ',
  length: undefined,
  offset: 0,
  items: [...items],
});

/** Encapsulated pixel data (PS3.5 A.4): the Basic Offset Table, which may be empty, and the fragments. */
export const encapsulated = (tag: Tag, fragments: readonly Uint8Array[]): Element => ({
  tag,
  vr: 'OB',
  length: undefined,
  offset: 0,
  fragments: fragments.map((value) => ({ offset: 0, length: value.length, value })),
});

/**
 * A text element, padded to even length. A string is written one byte per character and must not go beyond
 * U+00FF; text of other character sets comes encoded.
 */
export function textElement(tag: Tag, vr: Vr, text: string | Uint8Array): Element {
  return element(tag, vr, evened(typeof text === 'string' ? latin1Bytes(text) : text, vr));
}

/** Numbers in little endian by VR; for IS and DS as text; for AT, tags. */
export function numberElement(tag: Tag, vr: Vr, numbers: readonly number[]): Element {
  const { kind, swapBytes } = VRS[vr];
  if (kind === 'text') return textElement(tag, vr, numbers.join('\\'));
  const width = kind === 'tag' ? 4 : swapBytes;
  const view = new DataView(new ArrayBuffer(numbers.length * width));
  for (const [index, value] of numbers.entries()) setNumber(view, index * width, vr, value);
  return element(tag, vr, new Uint8Array(view.buffer));
}

/** A value with the padding byte of its VR behind it where its length is odd (PS3.5 6.2). */
export function evened(value: Uint8Array, vr: Vr): Uint8Array {
  return value.length % 2 === 0 ? value : concat([value, Uint8Array.of(VRS[vr].pad)]);
}

function setNumber(view: DataView, at: number, vr: Vr, value: number): void {
  switch (vr) {
    case 'AT':
      view.setUint16(at, value >>> 16, true);
      view.setUint16(at + 2, value & 0xffff, true);
      return;
    case 'FL':
    case 'OF':
      return view.setFloat32(at, value, true);
    case 'FD':
    case 'OD':
      return view.setFloat64(at, value, true);
    case 'SS':
      return view.setInt16(at, value, true);
    case 'SL':
      return view.setInt32(at, value, true);
    case 'SV':
      return view.setBigInt64(at, BigInt(value), true);
    case 'UV':
    case 'OV':
      return view.setBigUint64(at, BigInt(value), true);
    case 'UL':
    case 'OL':
      return view.setUint32(at, value, true);
    case 'US':
    case 'OW':
      return view.setUint16(at, value, true);
    default:
      return view.setUint8(at, value);
  }
}
