import { viewOf } from '@acervo/kernel/bytes.ts';
import type { DataSet, Element, Fragment } from '../data-set/model.ts';
import type { RandomAccess } from '../data-set/source.ts';
import { T } from '../tags.ts';
import { CODEC_START_BYTES, isCodecStart } from './codec-start.ts';
import type { EncapsulatedFrames } from './frames.ts';
import { framesClaimed } from './image-header.ts';

/**
 * Which fragments make which frame. In the order of trust: the tables, one fragment for each frame, the
 * start marks of the codecs. A table that does not fit the fragments is passed over. What stays undecided
 * (video: one stream for all frames) is one frame of all fragments.
 *
 * @param items the fragments as the reader gives them: the Basic Offset Table first.
 */
export async function encapsulatedFrames(
  dataSet: DataSet,
  items: readonly Fragment[],
  source: RandomAccess,
): Promise<EncapsulatedFrames> {
  const [table, ...fragments] = items;
  if (table === undefined || fragments.every(({ length }) => length === 0)) return framesOf(fragments, []);
  const claimed = framesClaimed(dataSet);
  const exact = await withExactLengths(dataSet, fragments, source);
  if (claimed === 1) return framesOf(exact, [0]);
  // Each frame has a fragment of its own at least, so a longer table is wrong, and never read.
  const isPossible = claimed <= fragments.length;
  const extended = isPossible ? startsAt(fragments, await extendedOffsets(dataSet, claimed, source)) : undefined;
  if (extended !== undefined) return framesOf(exact, extended);
  const basic = isPossible ? startsAt(fragments, await basicOffsets(table, claimed, source)) : undefined;
  return basic === undefined ? withoutTable(exact, claimed, source) : framesOf(fragments, basic);
}

async function withoutTable(
  fragments: readonly Fragment[],
  claimed: number,
  source: RandomAccess,
): Promise<EncapsulatedFrames> {
  if (fragments.length === claimed) return framesOf(fragments, [...fragments.keys()]);
  // An empty fragment holds no frame: a device wrote it as padding.
  const filled = fragments.filter(({ length }) => length > 0);
  if (filled.length === claimed) return framesOf(filled, [...filled.keys()]);
  const marked: number[] = [];
  for (const [index, { offset, length }] of filled.entries()) {
    const head = await source.read(offset, Math.min(length, CODEC_START_BYTES));
    if (isCodecStart(head)) marked.push(index);
  }
  // Where the first fragment has no mark, something precedes the frames that is not understood.
  if (marked[0] !== 0) return framesOf(filled, [0]);
  return framesOf(filled, marked.slice(0, claimed), marked[claimed]);
}

function framesOf(fragments: readonly Fragment[], starts: number[], end = fragments.length): EncapsulatedFrames {
  const ranges = fragments.map(({ offset, length }) => ({ offset, length }));
  return { kind: 'encapsulated', frameCount: starts.length, fragments: ranges, starts: [...starts, end] };
}

/** Offsets of the first fragment of each frame, of 64 bits, beside the pixel data (PS3.3 C.7.6.3.1.8). */
async function extendedOffsets(dataSet: DataSet, claimed: number, source: RandomAccess): Promise<number[]> {
  const bytes = await valueOf(dataSet.elements.get(T.ExtendedOffsetTable), claimed * 8, source);
  return unsigned64(bytes, dataSet.littleEndian);
}

/** The same of 32 bits in the first item, always in little endian (PS3.5 A.4). */
async function basicOffsets(table: Fragment, claimed: number, source: RandomAccess): Promise<number[]> {
  if (table.length !== claimed * 4) return [];
  const view = viewOf(await source.read(table.offset, table.length));
  return Array.from({ length: Math.floor(view.byteLength / 4) }, (_, index) => view.getUint32(index * 4, true));
}

/** The fragments that begin at these offsets; undefined unless all of them do, in order, from the first one on. */
function startsAt(fragments: readonly Fragment[], offsets: readonly number[]): number[] | undefined {
  const [first] = fragments;
  if (first === undefined || offsets.length === 0) return undefined;
  const indexes = new Map(fragments.map(({ offset }, index) => [offset - first.offset, index]));
  const starts = offsets.map((offset) => indexes.get(offset) ?? -1);
  const isInOrder = starts[0] === 0 && starts.every((start, index) => start > (starts[index - 1] ?? -1));
  return isInOrder ? starts : undefined;
}

/**
 * Extended Offset Table Lengths (7FE0,0002) tell the bytes of frames in one fragment each without the one
 * that makes the fragment even. Taken where they fit; else the fragments stay as they are.
 */
async function withExactLengths(
  dataSet: DataSet,
  fragments: readonly Fragment[],
  source: RandomAccess,
): Promise<readonly Fragment[]> {
  const bytes = await valueOf(dataSet.elements.get(T.ExtendedOffsetTableLengths), fragments.length * 8, source);
  const lengths = unsigned64(bytes, dataSet.littleEndian);
  const isOf = ({ length }: Fragment, exact: number): boolean => exact === length || exact === length - 1;
  const isFit =
    lengths.length === fragments.length &&
    fragments.every((fragment, index) => isOf(fragment, lengths[index] ?? Number.NaN));
  return isFit ? fragments.map(({ offset }, index) => ({ offset, length: lengths[index] ?? 0 })) : fragments;
}

const NOTHING = new Uint8Array(0);

/** The value when it has this length, from the source where the reader left it; else nothing. */
async function valueOf(element: Element | undefined, length: number, source: RandomAccess): Promise<Uint8Array> {
  if (element?.length !== length) return NOTHING;
  return element.value ?? source.read(element.offset, length);
}

function unsigned64(bytes: Uint8Array, littleEndian: boolean): number[] {
  const view = viewOf(bytes);
  const count = Math.floor(bytes.length / 8);
  return Array.from({ length: count }, (_, index) => Number(view.getBigUint64(index * 8, littleEndian)));
}
