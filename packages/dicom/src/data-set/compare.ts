import { concat, equalBytes } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { findAttribute } from '../dictionary.ts';
import { isGroupLength } from '../tag.ts';
import { T } from '../tags.ts';
import type { TransferSyntax } from '../transfer-syntax.ts';
import type { Vr } from '../vr.ts';
import type { ParseMark } from './limits.ts';
import type { DataSet, Element, Fragment } from './model.ts';
import { readDataSetFrom } from './read.ts';
import { BLOCK_BYTES, type RandomAccess, sliceOf } from './source.ts';
import { inOtherOrder } from './swap.ts';
import { headerBytes } from './write.ts';

/** A data set to compare; of a deflated syntax, `source` has the inflated bytes. */
export type Encoded = { source: RandomAccess; syntax: Readonly<TransferSyntax> };

/** A data set or item of one side. `isImplicit`: its VRs are the dictionary's. */
type Side = { source: RandomAccess; syntaxUid: string; isImplicit: boolean; dataSet: DataSet };

/** After these marks the model does not show all of the bytes, or shows them by a guess. */
const DOUBTFUL: readonly ParseMark[] = ['truncated', 'garbage', 'depth', 'duplicate', 'overrun'];
const DATA_SET_TRAILING_PADDING = 0xfffcfffc;
const IMPLICIT_LITTLE = { explicitVr: false, littleEndian: true };
/** Larger values are compared where they lie. */
const INLINE_BYTES_MAX = 4096;

/**
 * True when two data sets have the same elements with the same values, whatever transfer syntax each is in:
 * implicit or explicit VR, byte order, lengths of sequences, group lengths (PS3.5 7.2), Data Set Trailing
 * Padding and the padding of an odd value do not count. A UN is compared through the VR of the other side;
 * a UN sequence, by reading it (PS3.5 6.2.2 note 7).
 *
 * Pixel data: native with native by bytes in words; encapsulated with encapsulated of the same transfer
 * syntax fragment by fragment, where an empty Basic Offset Table equals any. Native and encapsulated are
 * never the same here: that takes a decoder.
 *
 * In doubt the answer is false: also for data sets that are truncated, have duplicate tags or exceed a limit.
 */
export async function sameContent(a: Encoded, b: Encoded): Promise<boolean> {
  const sideA = await sideOf(a);
  const sideB = sideA === undefined ? undefined : await sideOf(b);
  if (sideA === undefined || sideB === undefined) return false;
  const pairs: [Side, Side][] = [[sideA, sideB]];
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    const inner = await innerPairs(...pair);
    if (inner === undefined) return false;
    for (const each of inner) pairs.push(each);
  }
  return true;
}

async function sideOf({ source, syntax }: Encoded): Promise<Side | undefined> {
  const dataSet = await readOrDoubt(source, syntax);
  return dataSet && { source, syntaxUid: syntax.uid, isImplicit: !syntax.explicitVr, dataSet };
}

async function readOrDoubt(
  source: RandomAccess,
  syntax: { explicitVr: boolean; littleEndian: boolean },
): Promise<DataSet | undefined> {
  try {
    const { dataSet, marks } = await readDataSetFrom(source, { syntax, valueBytesMax: INLINE_BYTES_MAX });
    return DOUBTFUL.some((mark) => marks.has(mark)) ? undefined : dataSet;
  } catch (thrown) {
    // A data set that cannot be read is not known to be the same; an error of the source is not an answer.
    if (thrown instanceof Failure && thrown.code.startsWith('parse/')) return undefined;
    throw thrown;
  }
}

/** The items still to be compared of two data sets whose own elements are the same; else undefined. */
async function innerPairs(a: Side, b: Side): Promise<[Side, Side][] | undefined> {
  const elementsA = significant(a.dataSet);
  if (elementsA.length !== significant(b.dataSet).length) return undefined;
  const inner: [Side, Side][] = [];
  for (const x of elementsA) {
    const y = b.dataSet.elements.get(x.tag);
    if (y === undefined) return undefined;
    if (x.items === undefined && y.items === undefined) {
      if (!(await sameLeaf(a, x, b, y))) return undefined;
      continue;
    }
    const itemsA = await itemsOf(a, x);
    const itemsB = await itemsOf(b, y);
    if (itemsA === undefined || itemsB === undefined || itemsA.length !== itemsB.length) return undefined;
    for (const [index, item] of itemsA.entries()) inner.push([item, itemsB[index] as Side]);
  }
  return inner;
}

const significant = (dataSet: DataSet): Element[] =>
  [...dataSet.elements.values()].filter(({ tag }) => !isGroupLength(tag) && tag !== DATA_SET_TRAILING_PADDING);

/** The items of a sequence, also of one that stands as a UN of known length; undefined if it is neither. */
async function itemsOf(side: Side, of: Element): Promise<Side[] | undefined> {
  const isUn = of.vr === 'UN';
  const inside = { ...side, isImplicit: side.isImplicit || isUn };
  if (of.items !== undefined) return of.items.map((dataSet) => ({ ...inside, dataSet }));
  if (!isUn || of.length === undefined) return undefined;
  const source = asImplicitSequence(sliceOf(side.source, of.offset, of.length));
  const dataSet = await readOrDoubt(source, IMPLICIT_LITTLE);
  return dataSet?.elements.get(T.ReferencedImageSequence)?.items?.map((item) => ({ ...inside, source, dataSet: item }));
}

/** The value of a sequence, behind the header of a sequence that implicit VR knows: any will do. */
function asImplicitSequence(value: RandomAccess): RandomAccess {
  const header = headerBytes(T.ReferencedImageSequence, undefined, value.length, IMPLICIT_LITTLE);
  return {
    length: header.length + value.length,
    async read(offset, length) {
      const head = header.subarray(offset, offset + length);
      const rest = length - head.length;
      if (rest <= 0) return head;
      return concat([head, await value.read(Math.max(0, offset - header.length), rest)]);
    },
  };
}

async function sameLeaf(a: Side, x: Element, b: Side, y: Element): Promise<boolean> {
  if (x.fragments !== undefined || y.fragments !== undefined) {
    return a.syntaxUid === b.syntaxUid && sameFragments(a, x.fragments, b, y.fragments);
  }
  return isSameVr(a, x, b, y) && sameBytes(stretchOf(a, x), stretchOf(b, y));
}

/** A VR from the dictionary, or UN, says nothing against the other side's. Both written, they must agree. */
function isSameVr(a: Side, x: Element, b: Side, y: Element): boolean {
  if (x.vr === y.vr || a.isImplicit || b.isImplicit || x.vr === 'UN' || y.vr === 'UN') return true;
  const vrs: readonly Vr[] = findAttribute(x.tag)?.vrs ?? [];
  const isWords = x.vr === 'OW' || y.vr === 'OW';
  return isWords && vrs.includes(x.vr) && vrs.includes(y.vr);
}

async function sameFragments(
  a: Side,
  xs: readonly Fragment[] | undefined,
  b: Side,
  ys: readonly Fragment[] | undefined,
): Promise<boolean> {
  if (xs === undefined || ys === undefined || xs.length !== ys.length) return false;
  for (const [index, x] of xs.entries()) {
    const y = ys[index] as Fragment;
    const isTable = index === 0 && (x.length === 0 || y.length === 0);
    if (!isTable && !(await sameBytes(fragmentOf(a, x), fragmentOf(b, y)))) return false;
  }
  return true;
}

/** Bytes of one side, and by which VR they are turned to little endian, if at all. */
type Stretch = {
  source: RandomAccess;
  offset: number;
  length: number;
  value: Uint8Array | undefined;
  vr: Vr | undefined;
};

const stretchOf = ({ source, dataSet }: Side, { offset, length = 0, value, vr }: Element): Stretch => ({
  source,
  offset,
  length,
  value,
  vr: dataSet.littleEndian ? undefined : vr,
});
const fragmentOf = ({ source }: Side, { offset, length, value }: Fragment): Stretch => ({
  source,
  offset,
  length,
  value,
  vr: undefined,
});

async function sameBytes(a: Stretch, b: Stretch): Promise<boolean> {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length !== short.length && !(await isOnlyPadding(short, long))) return false;
  for (let at = 0; at < short.length; at += BLOCK_BYTES) {
    const length = Math.min(BLOCK_BYTES, short.length - at);
    if (!equalBytes(await littleEndianOf(short, at, length), await littleEndianOf(long, at, length))) return false;
  }
  return true;
}

/** One side wrote an odd value, the other padded it (PS3.5 7.1.1). */
async function isOnlyPadding(short: Stretch, long: Stretch): Promise<boolean> {
  if (short.length % 2 === 0 || long.length !== short.length + 1) return false;
  const [last] = await littleEndianOf(long, short.length, 1);
  return last === 0x20 || last === 0x00;
}

/** @param at a multiple of 8, so that no word is cut. */
async function littleEndianOf(of: Stretch, at: number, length: number): Promise<Uint8Array> {
  const bytes = of.value?.subarray(at, at + length) ?? (await of.source.read(of.offset + at, length));
  return of.vr === undefined ? bytes : inOtherOrder(bytes, of.vr);
}
