import { numberElement, textElement } from '@acervo/dicom/data-set/build.ts';
import { toExplicitLittleEndian } from '@acervo/dicom/data-set/convert.ts';
import { ITEM, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from '@acervo/dicom/data-set/header.ts';
import { PARSE_LIMITS } from '@acervo/dicom/data-set/limits.ts';
import type { DataSet, Element } from '@acervo/dicom/data-set/model.ts';
import { readDataSet, readDataSetFrom } from '@acervo/dicom/data-set/read.ts';
import type { RandomAccess } from '@acervo/dicom/data-set/source.ts';
import { inOtherOrder } from '@acervo/dicom/data-set/swap.ts';
import { headerBytes, writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { canRecode, isLossyCoding } from '@acervo/dicom/pixel/codings.ts';
import { type ImageDescription, readImageDescription, wasLossy } from '@acervo/dicom/pixel/description.ts';
import { type FrameIndex, frameBytes, readFrameIndex } from '@acervo/dicom/pixel/frames.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE, findTransferSyntax, type TransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Imaging, RecodedFrame } from '../ports/imaging.ts';
import type { Transcoder, TranscodeSource } from '../ports/transcoder.ts';
import { memorySource } from './source.ts';

/** A deflated data set is converted in memory, where it is converted to more than its inflated self. */
const INFLATED_BYTES_MAX = 256 * 2 ** 20;
/** An even 32-bit length (PS3.5 7.1.1). */
const NATIVE_BYTES_MAX = 0xfffffffe;
const PIECE_BYTES = 1 << 20;

type Syntax = Readonly<TransferSyntax>;
const syntaxOf = (uid: string): Syntax => {
  const syntax = findTransferSyntax(uid);
  if (syntax === undefined) throw new Failure('pixel/unsupported', `transfer syntax ${uid}`);
  return syntax;
};

/** Gives data sets out in other transfer syntaxes; pixels pass through the workers, one frame at a time. */
export function makeTranscoder(imaging: Imaging): Transcoder {
  return {
    canTranscode: canRecode,
    transcode: (source, from, to, signal) => transcode(imaging, source, from, to, signal),
  };
}

async function* transcode(
  imaging: Imaging,
  given: TranscodeSource,
  fromSyntax: string,
  toSyntax: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (fromSyntax === toSyntax) return yield* watched(given.stream(0), signal);
  const from = syntaxOf(fromSyntax);
  const to = syntaxOf(toSyntax);
  if (from.deflated && toSyntax === EXPLICIT_LE) return yield* watched(given.stream(0), signal);
  const source = from.deflated ? await inflated(given, signal) : given.source;
  const parts = await partsOf(source, from);
  const { pixels } = parts;
  if (pixels === undefined || (pixels.fragments === undefined && !to.encapsulated)) {
    return yield* watched(nativeDataSet(source, parts, from, to), signal);
  }
  yield* recoded(imaging, source, parts, { fromSyntax, toSyntax, to }, signal);
}

async function* watched(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    yield chunk;
  }
}

async function inflated(given: TranscodeSource, signal: AbortSignal): Promise<RandomAccess> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of watched(given.stream(0), signal)) {
    pieces.push(new Uint8Array(piece));
    bytes += piece.length;
    if (bytes > INFLATED_BYTES_MAX)
      throw new Failure('pixel/limit', `inflates to more than ${INFLATED_BYTES_MAX} bytes`);
  }
  return memorySource([concat(pieces)]);
}

type Parts = {
  /** In Explicit VR Little Endian: everything but the pixels, group lengths and padding. */
  header: DataSet;
  pixels: Element | undefined;
  /** As the source has it: for what describes frames. */
  described: DataSet;
};

const PIXEL_TAGS: readonly number[] = [T.PixelData, T.FloatPixelData, T.DoubleFloatPixelData];
const TRAILING_PADDING = 0xfffcfffc;
const EXPLICIT: Syntax = syntaxOf(EXPLICIT_LE);

/** A data set split at its pixels. */
async function partsOf(source: RandomAccess, from: Syntax): Promise<Parts> {
  const keep = (tag: number, _vr: unknown, _length: unknown, depth: number): boolean =>
    depth === 0 && (tag >>> 16 === 0x0028 || tag >>> 16 === 0x7fe0);
  const { dataSet: described, marks } = await readDataSetFrom(source, { syntax: from, keep });
  if (marks.has('truncated') || marks.has('garbage')) throw new Failure('parse/truncated', 'data set cannot be walked');
  const pixels = PIXEL_TAGS.map((tag) => described.elements.get(tag)).find((each) => each !== undefined);
  const header = await headerOf(source, from, pixels);
  for (const tag of [T.ExtendedOffsetTable, T.ExtendedOffsetTableLengths, TRAILING_PADDING])
    header.elements.delete(tag);
  return { header, pixels, described };
}

/** What stands before the pixels; what may follow them (PS3.5 8: signatures of other bytes, padding) is left out. */
async function headerOf(source: RandomAccess, from: Syntax, pixels: Element | undefined): Promise<DataSet> {
  const isLong = from.explicitVr;
  const end = pixels === undefined ? source.length : pixels.offset - (isLong ? 12 : 8);
  if (end > PARSE_LIMITS.headerBytesMax) throw new Failure('parse/limit', `a header of ${end} bytes`);
  const before: RandomAccess = {
    length: end,
    read: (offset, length) => source.read(offset, Math.max(0, Math.min(length, end - offset))),
  };
  const pieces = await Array.fromAsync(toExplicitLittleEndian(before, { ...from, encapsulated: false }));
  return readDataSet(concat(pieces), { syntax: EXPLICIT }).dataSet;
}

/** Between native syntaxes the pixels stay, in the other byte order at most. */
async function* nativeDataSet(
  source: RandomAccess,
  { header, pixels }: Parts,
  from: Syntax,
  to: Syntax,
): AsyncGenerator<Uint8Array> {
  yield writeDataSet(header, to);
  if (pixels === undefined) return;
  const length = pixels.length ?? 0;
  const vr = from.explicitVr ? pixels.vr : 'OW';
  yield headerBytes(pixels.tag, vr, length + (length % 2), to);
  for (let at = 0; at < length; at += PIECE_BYTES) {
    const bytes = await source.read(pixels.offset + at, Math.min(PIECE_BYTES, length - at));
    yield from.littleEndian === to.littleEndian ? bytes : inOtherOrder(bytes, vr);
  }
  if (length % 2 === 1) yield new Uint8Array(1);
}

type Way = { fromSyntax: string; toSyntax: string; to: Syntax };

/** Decoded and encoded frame by frame: what the first one shows of itself describes all of them. */
async function* recoded(
  imaging: Imaging,
  source: RandomAccess,
  { header, described }: Parts,
  way: Way,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const before = readImageDescription(described);
  const index = await readFrameIndex(described, source);
  if (index.frameCount === 0) throw new Failure('pixel/no-image', 'pixel data are empty');
  const frame = (number: number): Promise<RecodedFrame> => recode(imaging, source, index, number, before, way, signal);
  const first = await frame(1);
  const { description } = first;
  describe(header, description, way.fromSyntax);
  const lead = way.to.encapsulated ? [] : [nativeHeader(first, index.frameCount, way.to)];
  yield concat([writeDataSet(header, way.to), ...lead]);
  if (way.to.encapsulated) yield concat([headerBytes(T.PixelData, 'OB', UNDEFINED_LENGTH, way.to), item(0)]);
  let next = index.frameCount > 1 ? frame(2) : undefined;
  next?.catch(() => {});
  yield* written(first, way.to);
  for (let number = 2; next !== undefined; number++) {
    const made = await next;
    if (!isAlike(made.description, description))
      throw new Failure('pixel/malformed', `frame ${number} is unlike the first`);
    // While one frame is sent, the next is made.
    next = number < index.frameCount ? frame(number + 1) : undefined;
    next?.catch(() => {});
    yield* written(made, way.to);
  }
  if (way.to.encapsulated) yield headerBytes(SEQUENCE_DELIMITATION, undefined, 0, way.to);
  else if ((first.bytes.length * index.frameCount) % 2 === 1) yield new Uint8Array(1);
}

async function recode(
  imaging: Imaging,
  source: RandomAccess,
  index: FrameIndex,
  number: number,
  description: ImageDescription,
  { fromSyntax, toSyntax }: Way,
  signal: AbortSignal,
): Promise<RecodedFrame> {
  signal.throwIfAborted();
  const bytes = await frameBytes(index, number, source);
  const transferSyntaxUid = index.kind === 'native' ? EXPLICIT_LE : fromSyntax;
  return imaging.recode({ bytes, transferSyntaxUid, description }, toSyntax, signal);
}

const isAlike = (a: ImageDescription, b: ImageDescription): boolean =>
  a.bitsAllocated === b.bitsAllocated &&
  a.bitsStored === b.bitsStored &&
  a.photometricInterpretation === b.photometricInterpretation;

/** A fragment for each frame, even (PS3.5 A.4). */
function* written({ bytes }: RecodedFrame, to: Syntax): Generator<Uint8Array> {
  if (to.encapsulated) yield item(bytes.length + (bytes.length % 2));
  yield bytes;
  if (to.encapsulated && bytes.length % 2 === 1) yield new Uint8Array(1);
}

const item = (length: number): Uint8Array => headerBytes(ITEM, undefined, length, EXPLICIT);

function nativeHeader({ bytes, description }: RecodedFrame, frames: number, to: Syntax): Uint8Array {
  const { rows, columns, samplesPerPixel, bitsAllocated } = description;
  const isBits = bitsAllocated === 1 && (rows * columns * samplesPerPixel) % 8 !== 0 && frames > 1;
  // Frames of bits follow each other within a byte (PS3.5 8.1.1), which pieces of whole bytes cannot.
  if (isBits) throw new Failure('pixel/unsupported', 'frames that end within a byte');
  const length = bytes.length * frames;
  if (length > NATIVE_BYTES_MAX) throw new Failure('pixel/limit', `${length} bytes of native pixels`);
  const vr = bitsAllocated > 8 || !to.explicitVr ? 'OW' : 'OB';
  return headerBytes(T.PixelData, vr, length + (length % 2), to);
}

/** The attributes of the Image Pixel module as they are now (PS3.3 C.7.6.3). */
function describe(header: DataSet, of: ImageDescription, fromSyntax: string): void {
  const changed: Element[] = [
    textElement(T.PhotometricInterpretation, 'CS', of.photometricInterpretation),
    numberElement(T.BitsAllocated, 'US', [of.bitsAllocated]),
    numberElement(T.BitsStored, 'US', [of.bitsStored]),
    numberElement(T.HighBit, 'US', [of.highBit]),
    ...(of.samplesPerPixel === 3 ? [numberElement(T.PlanarConfiguration, 'US', [of.planarConfiguration])] : []),
  ];
  // PS3.3 C.7.6.1.1.5: once lost stays lost, also where the sender did not say so.
  if (isLossyCoding(fromSyntax) && !wasLossy(header)) changed.push(textElement(T.LossyImageCompression, 'CS', '01'));
  for (const each of changed) header.elements.set(each.tag, each);
}
