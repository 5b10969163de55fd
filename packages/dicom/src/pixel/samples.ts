import { Failure } from '@acervo/kernel/failure.ts';
import type { ImageDescription, NativeFrame } from './description.ts';

/** The values of one frame by pixel: [rows, columns, samples]. */
export type Samples =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/**
 * The values of a frame: only the bits that are stored (PS3.5 8.1.1), with their sign, planes interleaved, one bit to
 * a sample where one was allocated, chroma repeated where it was subsampled.
 * @throws {Failure} pixel/malformed where bytes are missing
 */
export function samplesOf({ description, bytes }: NativeFrame): Samples {
  const { rows, columns, samplesPerPixel, bitsAllocated, planarConfiguration } = description;
  const count = rows * columns * samplesPerPixel;
  if (bitsAllocated === 1) return unpackedBits(need(bytes, Math.ceil(count / 8)), count);
  if (isSubsampled(description, bytes)) return repeatedChroma(need(bytes, rows * columns * 2), rows * columns);
  const cells = cellsOf(need(bytes, (count * bitsAllocated) / 8), description, count);
  const values = storedBitsOf(cells, description);
  return planarConfiguration === 1 ? interleaved(values, samplesPerPixel) : values;
}

/**
 * The cells of a frame as they lie, without sign: the stored value is in the bits from `highBit` down. For who looks
 * up what each pattern means, and need not make every value first.
 * @throws {Failure} pixel/malformed where bytes are missing
 */
export function cellsOfFrame({ description, bytes }: NativeFrame): Samples {
  const { rows, columns, samplesPerPixel, bitsAllocated } = description;
  const count = rows * columns * samplesPerPixel;
  if (bitsAllocated === 1) return unpackedBits(need(bytes, Math.ceil(count / 8)), count);
  return cellsOf(need(bytes, (count * bitsAllocated) / 8), { ...description, isSigned: false }, count);
}

function need(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length >= length) return bytes;
  throw new Failure('pixel/malformed', `${bytes.length} of ${length} bytes of a frame`);
}

/** PS3.3 C.7.6.3.1.2: two pixels in four bytes; what was decompressed in full keeps the name all the same. */
export function isSubsampled(description: ImageDescription, bytes: Uint8Array): boolean {
  const { photometricInterpretation, rows, columns, samplesPerPixel, bitsAllocated } = description;
  if (samplesPerPixel !== 3 || bitsAllocated !== 8) return false;
  const isNamed = photometricInterpretation === 'YBR_FULL_422' || photometricInterpretation === 'YBR_PARTIAL_422';
  return isNamed && bytes.length < rows * columns * 3;
}

/** Y1 Y2 Cb Cr of two pixels side by side. */
function repeatedChroma(bytes: Uint8Array, pixels: number): Uint8Array {
  const out = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const group = (pixel >> 1) * 4;
    out[pixel * 3] = bytes[group + (pixel & 1)] as number;
    out[pixel * 3 + 1] = bytes[group + 2] as number;
    out[pixel * 3 + 2] = bytes[group + 3] as number;
  }
  return out;
}

/** PS3.5 8.1.1: the first pixel is the lowest bit. */
function unpackedBits(bytes: Uint8Array, count: number): Uint8Array {
  const out = new Uint8Array(count);
  for (let index = 0; index < count; index++) out[index] = ((bytes[index >> 3] as number) >> (index & 7)) & 1;
  return out;
}

/** The bytes as numbers of their width; a copy where they do not lie on a boundary of theirs. */
function cellsOf(bytes: Uint8Array, { bitsAllocated, isSigned, isFloat }: ImageDescription, count: number): Samples {
  const width = bitsAllocated / 8;
  const { buffer, byteOffset } = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  if (isFloat)
    return width === 4 ? new Float32Array(buffer, byteOffset, count) : new Float64Array(buffer, byteOffset, count);
  if (width === 1)
    return isSigned ? new Int8Array(buffer, byteOffset, count) : new Uint8Array(buffer, byteOffset, count);
  if (width === 2)
    return isSigned ? new Int16Array(buffer, byteOffset, count) : new Uint16Array(buffer, byteOffset, count);
  return isSigned ? new Int32Array(buffer, byteOffset, count) : new Uint32Array(buffer, byteOffset, count);
}

/**
 * Other bits of a cell may hold overlays or nothing; where all bits are stored, the cells are the values. Loops, since
 * `map` of a typed array takes ten times as long.
 */
function storedBitsOf(cells: Samples, description: ImageDescription): Samples {
  const { bitsAllocated, bitsStored, highBit, isSigned, isFloat } = description;
  if (isFloat || bitsStored === bitsAllocated || bitsAllocated === 32) return cells;
  const out = new (cells.constructor as new (length: number) => typeof cells)(cells.length);
  if (isSigned) {
    const [left, right] = [31 - highBit, 32 - bitsStored];
    for (let index = 0; index < out.length; index++) out[index] = ((cells[index] as number) << left) >> right;
    return out;
  }
  const right = highBit + 1 - bitsStored;
  const mask = (1 << bitsStored) - 1;
  for (let index = 0; index < out.length; index++) out[index] = ((cells[index] as number) >>> right) & mask;
  return out;
}

/** Planes one after the other as samples by pixel. */
export function interleaved<T extends Samples>(values: T, samplesPerPixel: number): T {
  const out = values.slice() as T;
  const pixels = values.length / samplesPerPixel;
  for (let sample = 0; sample < samplesPerPixel; sample++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      out[pixel * samplesPerPixel + sample] = values[sample * pixels + pixel] as number;
    }
  }
  return out;
}

/** The smallest and the largest value, without those from `padding.from` to `padding.to`; [0, 0] where none is left. */
export function rangeOf(samples: Samples, padding?: { from: number; to: number }): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < samples.length; index++) {
    const value = samples[index] as number;
    if (padding !== undefined && value >= padding.from && value <= padding.to) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}
