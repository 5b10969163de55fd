import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { DataSet, Fragment } from '../data-set/model.ts';
import type { RandomAccess } from '../data-set/source.ts';
import { T } from '../tags.ts';
import { encapsulatedFrames } from './encapsulated-frames.ts';
import { alignedRange, nativeBytes, nativeFrames } from './native-frames.ts';

/**
 * Where each frame of an image lies in its data set. Plain data, so that it can be kept with a series and
 * used without the header.
 */
export type FrameIndex = NativeFrames | EncapsulatedFrames;

/** Frames one after the other, without padding in between (PS3.5 8.1.1, 8.2). */
export type NativeFrames = {
  kind: 'native';
  /** Frames that are there whole: fewer than Number of Frames claims where the pixels were cut. */
  frameCount: number;
  /** Offset of the pixels in the data set, in bytes. */
  offset: number;
  /** One frame, in bits: no multiple of 8 for many images with Bits Allocated 1. */
  frameBits: number;
  /** Width of the units that stand in big endian, in bytes; 1 where the byte order is that of PS3.18. */
  swapBytes: 1 | 2 | 4 | 8;
};

/** Frames in fragments (PS3.5 A.4). */
export type EncapsulatedFrames = {
  kind: 'encapsulated';
  frameCount: number;
  /** Every fragment but the Basic Offset Table. */
  fragments: Fragment[];
  /** For each frame the index of its first fragment; then the number of fragments. */
  starts: number[];
};

/** A frame in the data set: ranges to put one after the other; with `bitShift`, its first bit in the first byte. */
export type FrameRanges = { ranges: Fragment[]; bitShift: number };

/**
 * The frame index of an image: from Pixel Data, Float or Double Float Pixel Data. Without pixels, or with
 * an empty value, it has no frames.
 *
 * @param source the (inflated) data set, which `dataSet` was read from.
 * @throws {Failure} parse/malformed for a header that no pixels can fit; parse/truncated when not even one
 *   frame is whole.
 */
export async function readFrameIndex(dataSet: DataSet, source: RandomAccess): Promise<FrameIndex> {
  const { elements } = dataSet;
  const pixels = elements.get(T.PixelData) ?? elements.get(T.FloatPixelData) ?? elements.get(T.DoubleFloatPixelData);
  if (pixels?.fragments !== undefined) return encapsulatedFrames(dataSet, pixels.fragments, source);
  return nativeFrames(dataSet, pixels, source.length);
}

/**
 * Where frame `number` (from 1) lies.
 * @throws {Failure} retrieve/no-frame
 */
export function frameRanges(index: FrameIndex, number: number): FrameRanges {
  if (!Number.isInteger(number) || number < 1 || number > index.frameCount) {
    throw new Failure('retrieve/no-frame', `frame ${number} of ${index.frameCount}`);
  }
  if (index.kind === 'encapsulated') {
    return { ranges: index.fragments.slice(index.starts[number - 1], index.starts[number]), bitShift: 0 };
  }
  const bit = (number - 1) * index.frameBits;
  const first = Math.floor(bit / 8);
  const end = Math.ceil((bit + index.frameBits) / 8);
  return { ranges: [{ offset: index.offset + first, length: end - first }], bitShift: bit % 8 };
}

/**
 * The bytes of frame `number` (from 1) as PS3.18 serves them: a compressed one as it stands, a native one
 * in little endian and beginning at a byte, unused bits at its end zero.
 *
 * @throws {Failure} retrieve/no-frame; retrieve/damaged when the source ends early.
 */
export async function frameBytes(index: FrameIndex, number: number, source: RandomAccess): Promise<Uint8Array> {
  const found = frameRanges(index, number);
  if (index.kind === 'native') {
    const range = alignedRange(index, found.ranges);
    return nativeBytes(index, number, await readExactly(source, range), range);
  }
  const parts: Uint8Array[] = [];
  for (const range of found.ranges) parts.push(await readExactly(source, range));
  return concat(parts);
}

async function readExactly(source: RandomAccess, { offset, length }: Fragment): Promise<Uint8Array> {
  const bytes = length === 0 ? new Uint8Array(0) : await source.read(offset, length);
  if (bytes.length === length) return bytes;
  throw new Failure('retrieve/damaged', `${bytes.length} of ${length} bytes at ${offset}`);
}
