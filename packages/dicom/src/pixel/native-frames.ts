import { Failure } from '@acervo/kernel/failure.ts';
import { numberOf } from '../data-set/access.ts';
import type { DataSet, Element, Fragment } from '../data-set/model.ts';
import { swapped } from '../data-set/swap.ts';
import { T } from '../tags.ts';
import { VRS } from '../vr.ts';
import type { NativeFrames } from './frames.ts';
import { framesClaimed, photometricInterpretation } from './image-header.ts';

/** Chroma subsampled photometric interpretations (PS3.3 C.7.6.3.1.2): samples per pixel that are really there. */
const SUBSAMPLED = new Map([
  ['YBR_FULL_422', 2],
  ['YBR_PARTIAL_422', 2],
  ['YBR_PARTIAL_420', 1.5],
]);

/**
 * Sizes from the header against the bytes that are there: nothing is allocated on a header's word.
 * @param sourceBytes length of the data set.
 */
export function nativeFrames(dataSet: DataSet, pixels: Element | undefined, sourceBytes: number): NativeFrames {
  if (pixels === undefined || pixels.length === undefined || pixels.length === 0) {
    return { kind: 'native', frameCount: 0, offset: 0, frameBits: 0, swapBytes: 1 };
  }
  const length = Math.max(0, Math.min(pixels.length, sourceBytes - pixels.offset));
  const pixelCount = required(dataSet, T.Rows, 'Rows') * required(dataSet, T.Columns, 'Columns');
  const claimed = framesClaimed(dataSet);
  const samples = samplesPresent(dataSet, (length * 8) / (pixelCount * claimed * bitsAllocated(dataSet, pixels)));
  const frameBits = pixelCount * samples * bitsAllocated(dataSet, pixels);
  const frameCount = Math.min(claimed, Math.floor((length * 8) / frameBits));
  if (frameCount === 0) throw new Failure('parse/truncated', `a frame of ${frameBits} bits in ${length} bytes`);
  const swapBytes = dataSet.littleEndian ? 1 : VRS[pixels.vr].swapBytes;
  return { kind: 'native', frameCount, offset: pixels.offset, frameBits, swapBytes };
}

function required(dataSet: DataSet, tag: number, keyword: string): number {
  const value = numberOf(dataSet, tag) ?? 0;
  if (value > 0) return value;
  throw new Failure('parse/malformed', `pixels without ${keyword}`);
}

const BITS_ALLOCATED_MAX = 64;

function bitsAllocated(dataSet: DataSet, pixels: Element): number {
  // PS3.3 C.7.6.24, C.7.6.25: these two have one width only.
  if (pixels.tag === T.FloatPixelData) return 32;
  if (pixels.tag === T.DoubleFloatPixelData) return 64;
  const bits = required(dataSet, T.BitsAllocated, 'Bits Allocated');
  if (bits <= BITS_ALLOCATED_MAX) return bits;
  throw new Failure('parse/malformed', `Bits Allocated ${bits}`);
}

/**
 * Samples for each pixel: of a subsampled image fewer than Samples per Pixel says, unless the length shows
 * that it was written in full all the same, as decompressing software often does.
 */
function samplesPresent(dataSet: DataSet, samplesByLength: number): number {
  const samples = numberOf(dataSet, T.SamplesPerPixel) ?? 1;
  if (samples === 0) throw new Failure('parse/malformed', 'Samples per Pixel 0');
  const subsampled = SUBSAMPLED.get(photometricInterpretation(dataSet));
  return samples === 3 && subsampled !== undefined && samplesByLength < samples ? subsampled : samples;
}

/** The range to read for a frame: whole units, where these have to be turned round. */
export function alignedRange(index: NativeFrames, ranges: readonly Fragment[]): Fragment {
  const { offset, length } = ranges[0] ?? { offset: index.offset, length: 0 };
  const from = offset - index.offset;
  const start = from - (from % index.swapBytes);
  const end = Math.ceil((from + length) / index.swapBytes) * index.swapBytes;
  return { offset: index.offset + start, length: end - start };
}

/** Frame `number` out of the bytes of its aligned range: in little endian, from its first bit on. */
export function nativeBytes(index: NativeFrames, number: number, bytes: Uint8Array, range: Fragment): Uint8Array {
  const inOrder = index.swapBytes === 1 ? bytes : swapped(bytes, index.swapBytes);
  const firstBit = (number - 1) * index.frameBits - (range.offset - index.offset) * 8;
  const frame = inOrder.subarray(Math.floor(firstBit / 8));
  const length = Math.ceil(index.frameBits / 8);
  const isWhole = firstBit % 8 === 0 && index.frameBits % 8 === 0;
  return isWhole ? frame.subarray(0, length) : shifted(frame, firstBit % 8, index.frameBits);
}

/** `bitCount` bits from bit `shift` of the first byte on; the first pixel is the lowest bit (PS3.5 8.1.1). */
function shifted(bytes: Uint8Array, shift: number, bitCount: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(bitCount / 8));
  for (let index = 0; index < out.length; index++) {
    const pair = (bytes[index] ?? 0) | ((bytes[index + 1] ?? 0) << 8);
    out[index] = (pair >> shift) & 0xff;
  }
  const used = bitCount % 8;
  if (used !== 0) out[out.length - 1] = (out.at(-1) ?? 0) & ((1 << used) - 1);
  return out;
}
