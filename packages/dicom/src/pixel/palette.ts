import { viewOf } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { DataSet, Element, Tag } from '../data-set/model.ts';
import { swapped } from '../data-set/swap.ts';
import { T } from '../tags.ts';
import { described3, type LookupTable, lookupTable } from './lookup-table.ts';

/** Colours of PALETTE COLOR pixels, 8 bits each (PS3.3 C.7.9). Plain data. */
export type Palette = { first: number; red: Uint8Array; green: Uint8Array; blue: Uint8Array };

const CHANNELS: readonly (readonly [descriptor: Tag, data: Tag, segmented: Tag])[] = [
  [T.RedPaletteColorLookupTableDescriptor, T.RedPaletteColorLookupTableData, T.SegmentedRedPaletteColorLookupTableData],
  [
    T.GreenPaletteColorLookupTableDescriptor,
    T.GreenPaletteColorLookupTableData,
    T.SegmentedGreenPaletteColorLookupTableData,
  ],
  [
    T.BluePaletteColorLookupTableDescriptor,
    T.BluePaletteColorLookupTableData,
    T.SegmentedBluePaletteColorLookupTableData,
  ],
];

/** @throws {Failure} pixel/malformed for a palette that is missing or broken */
export function readPalette(dataSet: DataSet, isSigned: boolean): Palette {
  const [red, green, blue] = CHANNELS.map(([descriptor, data, segmented]) => {
    const of = dataSet.elements.get(descriptor);
    const spread = dataSet.elements.get(segmented);
    const table =
      spread === undefined
        ? lookupTable(of, dataSet.elements.get(data), dataSet.littleEndian, isSigned)
        : segmentedTable(of, spread, dataSet.littleEndian, isSigned);
    if (table === undefined) throw new Failure('pixel/malformed', 'palette missing or shorter than it says');
    return table;
  }) as [LookupTable, LookupTable, LookupTable];
  return { first: red.first, red: eightBits(red), green: eightBits(green), blue: eightBits(blue) };
}

/** Entries that stay below 256 are of 8 bits, whatever the descriptor says: many writers say 16. */
function eightBits({ bits, entries }: LookupTable): Uint8Array {
  const isWide = bits > 8 && entries.some((entry) => entry > 0xff);
  return Uint8Array.from(entries, (entry) => (isWide ? entry >> (bits - 8) : entry));
}

/** PS3.3 C.7.9.2: segments of single values, of straight lines, and repeated ones. */
function segmentedTable(
  descriptor: Element | undefined,
  data: Element,
  littleEndian: boolean,
  isSigned: boolean,
): LookupTable | undefined {
  const described = described3(descriptor, littleEndian, isSigned);
  if (described === undefined || data.value === undefined) return undefined;
  const { count, first, bits } = described;
  const out = new Uint16Array(count);
  const isWide = bits > 8;
  const inOrder = isWide && !littleEndian ? swapped(data.value, 2) : data.value;
  const end = expand(isWide ? wordReader(inOrder) : byteReader(inOrder), out);
  return end < count ? undefined : { first, bits, entries: out };
}

/** Numbers of the segments: of 8 bits bytes, else words; an offset of an indirect segment counts in bytes. */
type SegmentReader = { width: number; length: number; at(index: number): number };

const byteReader = (bytes: Uint8Array): SegmentReader => ({
  width: 1,
  length: bytes.length,
  at: (index) => bytes[index] ?? 0,
});

function wordReader(bytes: Uint8Array): SegmentReader {
  const view = viewOf(bytes);
  const length = bytes.length >> 1;
  return { width: 2, length, at: (index) => (index < length ? view.getUint16(index * 2, true) : 0) };
}

const DISCRETE = 0;
const LINEAR = 1;
const INDIRECT = 2;

/** @returns entries written */
function expand(reader: SegmentReader, out: Uint16Array): number {
  let to = 0;
  let at = 0;
  while (at + 2 <= reader.length && to < out.length) {
    const [kind, count] = [reader.at(at), reader.at(at + 1)];
    if (kind !== INDIRECT) {
      ({ at, to } = segment(reader, at, out, to));
      continue;
    }
    // C.7.9.2.3: `count` segments from an offset on, which are not indirect themselves.
    const units = reader.width === 1 ? 4 : 2;
    let from = 0;
    for (let unit = units - 1; unit >= 0; unit--) from = from * 256 ** reader.width + reader.at(at + 2 + unit);
    at += 2 + units;
    from /= reader.width;
    for (let copied = 0; copied < count && to < out.length && from + 2 <= reader.length; copied++) {
      if (reader.at(from) === INDIRECT) return to;
      ({ at: from, to } = segment(reader, from, out, to));
    }
  }
  return to;
}

/** One discrete or linear segment (C.7.9.2.1, C.7.9.2.2). */
function segment(reader: SegmentReader, start: number, out: Uint16Array, first: number): { at: number; to: number } {
  const count = reader.at(start + 1);
  let at = start + 2;
  let to = first;
  switch (reader.at(start)) {
    case DISCRETE:
      for (let index = 0; index < count && to < out.length; index++) out[to++] = reader.at(at + index);
      at += count;
      break;
    case LINEAR: {
      const from = to === 0 ? 0 : (out[to - 1] as number);
      const target = reader.at(at++);
      for (let index = 1; index <= count && to < out.length; index++) {
        out[to++] = Math.round(from + ((target - from) * index) / count);
      }
      break;
    }
    default:
      throw new Failure('pixel/malformed', `palette segment of kind ${reader.at(start)}`);
  }
  return { at, to };
}
