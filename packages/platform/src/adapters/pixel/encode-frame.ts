import { HTJ2K_LOSSLESS, JPEG_LS_LOSSLESS, PIXEL_CODINGS, RLE_LOSSLESS } from '@acervo/dicom/pixel/codings.ts';
import { rgbOf } from '@acervo/dicom/pixel/colour.ts';
import type { ImageDescription, NativeFrame } from '@acervo/dicom/pixel/description.ts';
import { encodeRle } from '@acervo/dicom/pixel/rle.ts';
import { interleaved, isSubsampled, type Samples, samplesOf } from '@acervo/dicom/pixel/samples.ts';
import { equalBytes } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { RecodedFrame } from '../../ports/imaging.ts';
import { decodeWasm, encodeHtj2k, encodeJpegLs, type FrameInfo } from './wasm.ts';

/**
 * A native frame in another transfer syntax, without loss; what a codec made is decoded and compared before it is
 * given out.
 * @throws {Failure} pixel/unsupported for pixels that the target cannot carry; pixel/failed for a codec that lost some
 */
export async function encodeFrame(frame: NativeFrame, toSyntax: string): Promise<RecodedFrame> {
  if (PIXEL_CODINGS.get(toSyntax) === 'native') return frame;
  const whole = byPixel(frame);
  switch (toSyntax) {
    case RLE_LOSSLESS:
      return encodedRle(whole);
    case JPEG_LS_LOSSLESS:
      return encodedJpegLs(whole);
    case HTJ2K_LOSSLESS:
      return encodedHtj2k(whole);
    default:
      throw new Failure('pixel/unsupported', `nothing here encodes ${toSyntax}`);
  }
}

/** A colour frame of a DCT stream as RGB: the form that everything displays. */
export function asRgb(frame: NativeFrame): NativeFrame {
  const bytes = rgbOf(samplesOf(frame), frame.description, undefined);
  return { bytes, description: { ...frame.description, photometricInterpretation: 'RGB', planarConfiguration: 0 } };
}

/** Planes interleaved, subsampled chroma repeated: what codecs take. Cells stay what they are. */
function byPixel(frame: NativeFrame): NativeFrame {
  const { description, bytes } = frame;
  if (isSubsampled(description, bytes)) {
    const photometricInterpretation = description.photometricInterpretation.replace('_422', '');
    if (photometricInterpretation !== 'YBR_FULL') throw new Failure('pixel/unsupported', 'YBR_PARTIAL to be encoded');
    const samples = samplesOf(frame) as Uint8Array;
    return { bytes: samples, description: { ...description, photometricInterpretation, planarConfiguration: 0 } };
  }
  if (description.planarConfiguration === 0) return frame;
  const cells = cellsOf(bytes, description);
  const ordered = interleaved(cells, description.samplesPerPixel);
  return {
    bytes: new Uint8Array(ordered.buffer, ordered.byteOffset, ordered.byteLength),
    description: { ...description, planarConfiguration: 0 },
  };
}

function cellsOf(bytes: Uint8Array, { bitsAllocated }: ImageDescription): Uint8Array | Uint16Array | Uint32Array {
  const { buffer } = new Uint8Array(bytes);
  if (bitsAllocated === 8) return new Uint8Array(buffer);
  return bitsAllocated === 16 ? new Uint16Array(buffer) : new Uint32Array(buffer);
}

function encodedRle({ bytes, description }: NativeFrame): RecodedFrame {
  const { columns, samplesPerPixel, bitsAllocated, isFloat } = description;
  if (isFloat) throw new Failure('pixel/unsupported', 'floating point pixels in RLE');
  if (bitsAllocated === 1) return { bytes: encodeRle(bytes, bytes.length, 1, 1), description };
  return { bytes: encodeRle(bytes, columns, samplesPerPixel, bitsAllocated / 8), description };
}

/** JPEG-LS knows no sign (PS3.5 8.2.3): cells are coded as they are, modulo their width. */
async function encodedJpegLs(frame: NativeFrame): Promise<RecodedFrame> {
  const { description } = frame;
  refuseWidth(description);
  const cells = cellsOf(frame.bytes, description);
  const isWithin = cells.every((cell) => cell < 2 ** description.bitsStored);
  // Decoders give cells of 8 bits for a precision up to 8, whatever Bits Allocated says.
  const bitsMin = description.bitsAllocated === 16 ? 9 : 2;
  const bitsPerSample = isWithin ? Math.max(bitsMin, description.bitsStored) : description.bitsAllocated;
  const { samples, width } = narrowed(cells, bitsPerSample);
  const stream = await encodeJpegLs(samples, infoOf(description, bitsPerSample, false));
  await compare('jpegLs', stream, samples, width);
  return { bytes: stream, description };
}

async function encodedHtj2k(frame: NativeFrame): Promise<RecodedFrame> {
  const { description } = frame;
  refuseWidth(description);
  const { bitsStored, isSigned, samplesPerPixel, photometricInterpretation } = description;
  const { samples, width } = narrowed(samplesOf(frame), bitsStored);
  // Of other colours two decoders of HTJ2K do not make the same: see decision record 0022.
  const isTransformed = samplesPerPixel === 3 && photometricInterpretation === 'RGB' && bitsStored <= 8;
  if (samplesPerPixel === 3 && !isTransformed)
    throw new Failure('pixel/unsupported', 'colour other than RGB of 8 bits');
  const info = { ...infoOf(description, bitsStored, isSigned), isUsingColorTransform: isTransformed };
  const stream = await encodeHtj2k(samples, info);
  await compare('htj2k', stream, samples, width);
  const coded = isTransformed ? { photometricInterpretation: 'YBR_RCT' } : {};
  // PS3.5 8.2.4: Bits Stored begin at the lowest bit of what is decoded.
  return { bytes: stream, description: { ...description, ...coded, highBit: bitsStored - 1 } };
}

function refuseWidth({ bitsAllocated, isFloat }: ImageDescription): void {
  if (!isFloat && (bitsAllocated === 8 || bitsAllocated === 16)) return;
  throw new Failure('pixel/unsupported', `Bits Allocated ${bitsAllocated}${isFloat ? ', floating point' : ''}`);
}

const infoOf = (of: ImageDescription, bitsPerSample: number, isSigned: boolean): FrameInfo => ({
  width: of.columns,
  height: of.rows,
  componentCount: of.samplesPerPixel,
  bitsPerSample,
  isSigned,
  isUsingColorTransform: false,
});

/** Codecs take bytes where eight bits suffice. */
function narrowed(samples: Samples, bits: number): { samples: Uint8Array; width: 1 | 2 } {
  const width = bits <= 8 ? 1 : 2;
  if (samples.BYTES_PER_ELEMENT === width) {
    return { samples: new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), width };
  }
  const narrow = width === 1 ? Uint8Array.from(samples) : Uint16Array.from(samples);
  return { samples: new Uint8Array(narrow.buffer), width };
}

async function compare(name: 'jpegLs' | 'htj2k', stream: Uint8Array, samples: Uint8Array, width: 1 | 2): Promise<void> {
  const { bytes, info } = await decodeWasm(name, stream);
  if (equalBytes(bytes.subarray(0, samples.length), samples) && info.bitsPerSample <= width * 8) return;
  throw new Failure('pixel/failed', `${name} did not give back what it was given`);
}
