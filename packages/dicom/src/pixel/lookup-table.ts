import { numbersOf } from '../data-set/access.ts';
import type { DataSet, Element } from '../data-set/model.ts';
import { T } from '../tags.ts';

/** A Modality, VOI or palette look-up table (PS3.3 C.11.1.1.1, C.7.6.3.1.5). Plain data. */
export type LookupTable = {
  /** The value that the first entry is for; smaller ones take it too, larger ones than all the last. */
  first: number;
  /** Bits of an entry: its largest value is 2^bits - 1. */
  bits: number;
  entries: Uint16Array;
};

const ENTRIES_MAX = 65_536;

/** The table of an item of a Modality or VOI LUT Sequence; undefined where it is broken. */
export function readLookupTable(item: DataSet, isSigned: boolean): LookupTable | undefined {
  const descriptor = item.elements.get(T.LUTDescriptor);
  return lookupTable(descriptor, item.elements.get(T.LUTData), item.littleEndian, isSigned);
}

/**
 * @param isSigned the values that are looked up may be negative, so that the first one is.
 */
export function lookupTable(
  descriptor: Element | undefined,
  data: Element | undefined,
  littleEndian: boolean,
  isSigned: boolean,
): LookupTable | undefined {
  const described = described3(descriptor, littleEndian, isSigned);
  if (described === undefined || data?.value === undefined) return undefined;
  const { count, first, bits } = described;
  // PS3.3 C.11.1.1.1: entries of 8 bits may lie packed; else each has 16.
  const isPacked = data.value.length < count * 2;
  const entries = isPacked ? [...data.value] : wordsOf(data, littleEndian);
  if (entries.length < count) return undefined;
  return withRoom({ first, bits, entries: Uint16Array.from(entries.slice(0, count)) });
}

/** Number of entries, first value mapped, bits of an entry. */
export function described3(
  descriptor: Element | undefined,
  littleEndian: boolean,
  isSigned: boolean,
): { count: number; first: number; bits: number } | undefined {
  const [entries, first, bits] = numbersOf(descriptor, littleEndian);
  if (entries === undefined || first === undefined || bits === undefined) return undefined;
  // 16 bits cannot say 65536, and a signed reader sees large numbers as negative ones.
  const count = (entries & 0xffff) === 0 ? ENTRIES_MAX : entries & 0xffff;
  const from = isSigned ? (first << 16) >> 16 : first & 0xffff;
  return { count, first: from, bits: bits >= 8 && bits <= 16 ? bits : 16 };
}

/** The words of OW, US or SS. */
export function wordsOf(element: Element, littleEndian: boolean): number[] {
  const vr = element.vr === 'UN' || element.vr === 'OB' || element.vr === 'SS' ? 'OW' : element.vr;
  return numbersOf({ ...element, vr }, littleEndian);
}

/** Some descriptors say fewer bits than their entries have: then those count. */
function withRoom(table: LookupTable): LookupTable {
  const largest = table.entries.reduce((max, entry) => Math.max(max, entry), 0);
  return largest < 2 ** table.bits ? table : { ...table, bits: 16 };
}

/** The entry for a value. */
export function look({ first, entries }: LookupTable, value: number): number {
  const index = Math.round(value) - first;
  return entries[index < 0 ? 0 : index >= entries.length ? entries.length - 1 : index] as number;
}
