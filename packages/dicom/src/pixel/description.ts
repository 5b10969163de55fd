import { Failure } from '@acervo/kernel/failure.ts';
import { numberOf, textsOf } from '../data-set/access.ts';
import type { DataSet } from '../data-set/model.ts';
import { T } from '../tags.ts';
import { photometricInterpretation } from './image-header.ts';

/** How the samples of one frame lie, and what they mean (PS3.3 C.7.6.3.1). Plain data. */
export type ImageDescription = {
  rows: number;
  columns: number;
  samplesPerPixel: number;
  photometricInterpretation: string;
  /** 0: colour by pixel; 1: colour by plane. Of one sample always 0. */
  planarConfiguration: 0 | 1;
  /** 1, 8, 16 or 32; of floating point pixels 32 or 64. */
  bitsAllocated: number;
  bitsStored: number;
  highBit: number;
  isSigned: boolean;
  /** Float or Double Float Pixel Data (PS3.3 C.7.6.24). */
  isFloat: boolean;
};

/** One uncompressed frame: samples in little endian, as its description says. */
export type NativeFrame = { description: ImageDescription; bytes: Uint8Array };

/** Decoded samples of one frame: what a small stream can claim must not fill the memory. */
export const FRAME_BYTES_MAX = 512 * 2 ** 20;

const INTEGER_BITS: readonly number[] = [1, 8, 16, 32];

/**
 * @throws {Failure} pixel/no-image where there are no pixels or no size; pixel/malformed; pixel/unsupported;
 *   pixel/limit
 */
export function readImageDescription(dataSet: DataSet): ImageDescription {
  const number = (tag: number): number | undefined => numberOf(dataSet, tag);
  const isFloat = dataSet.elements.has(T.FloatPixelData);
  const isDouble = dataSet.elements.has(T.DoubleFloatPixelData);
  if (!dataSet.elements.has(T.PixelData) && !isFloat && !isDouble) throw new Failure('pixel/no-image', 'no pixel data');
  const rows = number(T.Rows) ?? 0;
  const columns = number(T.Columns) ?? 0;
  if (rows < 1 || columns < 1) throw new Failure('pixel/no-image', `${rows} rows, ${columns} columns`);
  const samplesPerPixel = number(T.SamplesPerPixel) ?? 1;
  const bitsAllocated = isFloat ? 32 : isDouble ? 64 : (number(T.BitsAllocated) ?? 0);
  if (samplesPerPixel !== 1 && samplesPerPixel !== 3) {
    throw new Failure('pixel/unsupported', `Samples per Pixel ${samplesPerPixel}`);
  }
  if (!isFloat && !isDouble && !INTEGER_BITS.includes(bitsAllocated)) {
    throw new Failure('pixel/unsupported', `Bits Allocated ${bitsAllocated}`);
  }
  const bytes = (rows * columns * samplesPerPixel * bitsAllocated) / 8;
  if (bytes > FRAME_BYTES_MAX) throw new Failure('pixel/limit', `a frame of ${bytes} bytes`);
  const bitsStored = storedBits(number(T.BitsStored), bitsAllocated);
  return {
    rows,
    columns,
    samplesPerPixel,
    photometricInterpretation: photometricInterpretation(dataSet) || (samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2'),
    planarConfiguration: samplesPerPixel === 3 && number(T.PlanarConfiguration) === 1 ? 1 : 0,
    bitsAllocated,
    bitsStored,
    highBit: highBit(number(T.HighBit), bitsStored, bitsAllocated),
    isSigned: number(T.PixelRepresentation) === 1,
    isFloat: isFloat || isDouble,
  };
}

/** A header that says nothing, or what cannot be, means all bits. */
function storedBits(claimed: number | undefined, bitsAllocated: number): number {
  return claimed === undefined || claimed < 1 || claimed > bitsAllocated ? bitsAllocated : claimed;
}

function highBit(claimed: number | undefined, bitsStored: number, bitsAllocated: number): number {
  const isPossible = claimed !== undefined && claimed >= bitsStored - 1 && claimed < bitsAllocated;
  return isPossible ? claimed : bitsStored - 1;
}

/** VR and byte order apart, whether the pixels were compressed with loss before (PS3.3 C.7.6.1.1.5). */
export const wasLossy = (dataSet: DataSet): boolean =>
  textsOf(dataSet.elements.get(T.LossyImageCompression))[0] === '01';
