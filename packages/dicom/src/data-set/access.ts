import { latin1Text, viewOf } from '@acervo/kernel/bytes.ts';
import { VRS } from '../vr.ts';
import type { DataSet, Element, Tag } from './model.ts';

/**
 * The element at the end of a path of tags and, between them, item indexes from 0.
 * @example elementAt(dataSet, T.ScheduledProcedureStepSequence, 0, T.Modality)
 */
export function elementAt(dataSet: DataSet, ...path: [Tag, ...number[]]): Element | undefined {
  let within: DataSet | undefined = dataSet;
  for (let at = 0; at + 1 < path.length; at += 2) {
    within = within?.elements.get(path[at] as number)?.items?.[path[at + 1] as number];
  }
  return within?.elements.get(path[path.length - 1] as number);
}

/** The items of a sequence; none where it is absent, empty or was not read. */
export function itemsOf(dataSet: DataSet, tag: Tag): readonly DataSet[] {
  return dataSet.elements.get(tag)?.items ?? [];
}

/**
 * The text of an element without padding, one character per byte (see charset/ for the VRs that Specific
 * Character Set governs). All values, backslashes included. Empty where there is no value.
 *
 * Trailing blanks and zero bytes are padding in every text VR; leading blanks are, except in ST, LT, UT
 * and UC (PS3.5 6.2).
 */
export function textOf(element: Element | undefined): string {
  if (element?.value === undefined) return '';
  const text = latin1Text(element.value).replace(/[ \0]+$/, '');
  const keepsLeading = !VRS[element.vr].multi || element.vr === 'UC';
  return keepsLeading ? text : text.replace(/^ +/, '');
}

/** The single values of a text element, each without padding; none where it is empty. */
export function textsOf(element: Element | undefined): string[] {
  const text = textOf(element);
  return text === '' ? [] : text.split('\\').map((value) => value.replace(/^ +|[ \0]+$/g, ''));
}

/** The first value of a UI element; undefined where it is absent or empty. Not judged: see isValidUid. */
export function uidOf(dataSet: DataSet, tag: Tag): string | undefined {
  return textsOf(dataSet.elements.get(tag))[0] || undefined;
}

/**
 * The numbers of an element: binary ones by VR, IS and DS from their text, AT as tags. NaN stands where a
 * text is no number. Integers of 64 bits beyond 2^53 are rounded.
 *
 * @param littleEndian byte order of the data set that holds the element.
 */
export function numbersOf(element: Element | undefined, littleEndian: boolean): number[] {
  if (element?.value === undefined) return [];
  const { kind, swapBytes } = VRS[element.vr];
  if (kind === 'text') return textsOf(element).map((text) => (text === '' ? Number.NaN : Number(text)));
  const view = viewOf(element.value);
  const width = kind === 'tag' ? 4 : swapBytes;
  return Array.from({ length: Math.floor(view.byteLength / width) }, (_, index) =>
    numberAt(view, index * width, element, littleEndian),
  );
}

/** The first number of an element of a data set, or undefined: absent, empty or not a number. */
export function numberOf(dataSet: DataSet, tag: Tag): number | undefined {
  const first = numbersOf(dataSet.elements.get(tag), dataSet.littleEndian)[0];
  return first === undefined || Number.isNaN(first) ? undefined : first;
}

function numberAt(view: DataView, at: number, element: Element, littleEndian: boolean): number {
  switch (element.vr) {
    case 'AT':
      return ((view.getUint16(at, littleEndian) << 16) | view.getUint16(at + 2, littleEndian)) >>> 0;
    case 'FL':
    case 'OF':
      return view.getFloat32(at, littleEndian);
    case 'FD':
    case 'OD':
      return view.getFloat64(at, littleEndian);
    case 'SS':
      return view.getInt16(at, littleEndian);
    case 'SL':
      return view.getInt32(at, littleEndian);
    case 'SV':
      return Number(view.getBigInt64(at, littleEndian));
    case 'UV':
    case 'OV':
      return Number(view.getBigUint64(at, littleEndian));
    case 'UL':
    case 'OL':
      return view.getUint32(at, littleEndian);
    case 'US':
    case 'OW':
      return view.getUint16(at, littleEndian);
    default:
      return view.getUint8(at);
  }
}
