import { inflateRawSync } from 'node:zlib';
import { PIXEL_CODINGS } from '@acervo/dicom/pixel/codings.ts';
import type { ImageDescription, NativeFrame } from '@acervo/dicom/pixel/description.ts';
import { FRAME_BYTES_MAX } from '@acervo/dicom/pixel/description.ts';
import { type CodedSamples, fitted } from '@acervo/dicom/pixel/fit.ts';
import { withoutColourMarks } from '@acervo/dicom/pixel/jpeg/colour-marks.ts';
import { decodeJpeg } from '@acervo/dicom/pixel/jpeg/decode.ts';
import { type JpegFrame, type JpegMarks, readJpegHeader } from '@acervo/dicom/pixel/jpeg/stream.ts';
import { jpeg2000Header } from '@acervo/dicom/pixel/jpeg2000.ts';
import { decodeRle } from '@acervo/dicom/pixel/rle.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { StoredFrame } from '../../ports/imaging.ts';
import { decodeWasm } from './wasm.ts';

/**
 * One frame without compression, by pixel. What the stream says of itself wins where it differs from the header: its
 * bits, and whether its colours are Y Cb Cr.
 * @throws {Failure} pixel/unsupported, pixel/malformed, pixel/limit
 */
export async function decodeFrame({ bytes, transferSyntaxUid, description }: StoredFrame): Promise<NativeFrame> {
  const coding = PIXEL_CODINGS.get(transferSyntaxUid);
  if (coding === undefined) throw new Failure('pixel/unsupported', `transfer syntax ${transferSyntaxUid}`);
  switch (coding) {
    case 'native':
      return { bytes, description };
    case 'deflated':
      return { bytes: inflated(bytes, description), description };
    case 'rle':
      return decodedRle(bytes, description);
    case 'jpeg':
      return decodedJpeg(bytes, description);
    case 'jpegLs':
    case 'jpeg2000':
    case 'htj2k':
      return decodedWasm(coding, bytes, description);
  }
}

/** PS3.5 A.4.12: each frame deflated, so that what comes out is as long as a native one. */
function inflated(bytes: Uint8Array, description: ImageDescription): Uint8Array {
  const { rows, columns, samplesPerPixel, bitsAllocated } = description;
  const length = Math.ceil((rows * columns * samplesPerPixel * bitsAllocated) / 8);
  try {
    // One byte more than the frame: it may have been made even.
    const frame = inflateRawSync(bytes, { maxOutputLength: length + 1 });
    return new Uint8Array(frame.buffer, frame.byteOffset, frame.length);
  } catch (cause) {
    throw new Failure('pixel/malformed', 'deflated frame', { cause });
  }
}

function decodedRle(bytes: Uint8Array, description: ImageDescription): NativeFrame {
  const { rows, columns, samplesPerPixel, bitsAllocated } = description;
  const length = Math.ceil((rows * columns * samplesPerPixel * bitsAllocated) / 8);
  const decoded = decodeRle(bytes, length, samplesPerPixel, Math.max(1, bitsAllocated / 8));
  return { bytes: decoded, description: { ...description, planarConfiguration: 0 } };
}

async function decodedJpeg(bytes: Uint8Array, description: ImageDescription): Promise<NativeFrame> {
  const { frame, marks } = readJpegHeader(bytes);
  const { precision, rows, columns, components, process } = frame;
  const samples: Omit<CodedSamples, 'values'> = {
    rows,
    columns,
    components: components.length,
    precision,
    isSigned: false,
  };
  const photometricInterpretation = colourOf(frame, marks, description);
  const isOwn = process > 2 || precision !== 8 || (components.length !== 1 && components.length !== 3);
  if (isOwn) {
    const { samples: values } = decodeJpeg(bytes);
    return fitted(
      { ...samples, values },
      { ...description, photometricInterpretation },
      process === 3 ? 'header' : 'stream',
    );
  }
  refuseLarge(samples);
  const decoded = await decodeWasm('jpeg', components.length === 3 ? withoutColourMarks(bytes) : bytes);
  return fitted({ ...samples, values: decoded.bytes }, { ...description, photometricInterpretation }, 'stream');
}

/**
 * What the three components of a JPEG stream are. The header says it, except where the stream cannot be what it says:
 * an Adobe marker names the transformation, and only Y Cb Cr is subsampled.
 */
function colourOf({ components, process }: JpegFrame, { adobeTransform }: JpegMarks, of: ImageDescription): string {
  const { photometricInterpretation } = of;
  if (components.length !== 3 || photometricInterpretation === 'PALETTE COLOR') return photometricInterpretation;
  const isYbr = photometricInterpretation.startsWith('YBR');
  if (process === 3) return isYbr ? 'YBR_FULL' : photometricInterpretation;
  if (adobeTransform !== undefined) return adobeTransform === 1 ? 'YBR_FULL' : 'RGB';
  const isSubsampled = components.some(({ h, v }) => h !== components[0]?.h || v !== components[0]?.v);
  return isYbr || isSubsampled ? 'YBR_FULL' : 'RGB';
}

async function decodedWasm(
  coding: 'jpegLs' | 'jpeg2000' | 'htj2k',
  bytes: Uint8Array,
  description: ImageDescription,
): Promise<NativeFrame> {
  const header = coding === 'jpegLs' ? undefined : jpeg2000Header(bytes);
  if (header !== undefined) refuseLarge(header);
  const { info, bytes: decoded, interleaveMode } = await decodeWasm(coding, bytes);
  const isPlanar = coding === 'jpegLs' && interleaveMode === 0 && info.componentCount > 1;
  const samples: CodedSamples = {
    rows: info.height,
    columns: info.width,
    components: info.componentCount,
    precision: info.bitsPerSample,
    isSigned: info.isSigned === true,
    values: valuesOf(decoded, info.bitsPerSample, info.isSigned === true),
    isPlanar,
  };
  const isTransformed = header?.usesComponentTransform === true && info.componentCount === 3;
  const { photometricInterpretation: declared } = description;
  const isWithin = declared === 'YBR_RCT' || declared === 'YBR_ICT';
  const photometricInterpretation = isWithin || isTransformed ? 'RGB' : declared;
  return fitted(samples, { ...description, photometricInterpretation }, coding === 'jpegLs' ? 'header' : 'stream');
}

function valuesOf(bytes: Uint8Array, precision: number, isSigned: boolean): CodedSamples['values'] {
  const { buffer, byteOffset, length } = bytes;
  if (precision <= 8) return isSigned ? new Int8Array(buffer, byteOffset, length) : bytes;
  return isSigned ? new Int16Array(buffer, byteOffset, length >> 1) : new Uint16Array(buffer, byteOffset, length >> 1);
}

/** Before a codec allocates what its stream claims. */
function refuseLarge({ rows, columns, components }: { rows: number; columns: number; components: number }): void {
  const bytes = rows * columns * components * 2;
  if (bytes > FRAME_BYTES_MAX) throw new Failure('pixel/limit', `a frame of ${bytes} bytes`);
}
