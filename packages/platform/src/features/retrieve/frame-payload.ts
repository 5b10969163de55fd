import { swapped } from '@acervo/dicom/data-set/swap.ts';
import {
  type EncapsulatedFrames,
  type FrameIndex,
  frameBytes,
  frameRanges,
  type NativeFrames,
  readFrameIndex,
} from '@acervo/dicom/pixel/frames.ts';
import { T } from '@acervo/dicom/tags.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { HeldInstance } from '../../holdings/find.repo.ts';
import { Kept } from '../../holdings/kept.ts';
import type { SegmentFiles } from '../../holdings/segment-files.ts';
import { cut, type StoredDataSet, storedDataSet } from '../../holdings/stored-data-set.ts';
import { lendable, type Payload } from './answer.ts';

/** Memory of the kept frame indexes, in bytes: a viewer asks one frame after the other. */
export const FRAME_INDEXES_BYTES_MAX = 32 * 2 ** 20;
/** Rough memory of an index, and of one fragment in it. */
const INDEX_BYTES = 512;
const FRAGMENT_BYTES = 96;

/** What of a header tells where the frames are. */
export const FRAME_TAGS: ReadonlySet<number> = new Set([
  T.SamplesPerPixel,
  T.PhotometricInterpretation,
  T.NumberOfFrames,
  T.Rows,
  T.Columns,
  T.BitsAllocated,
  T.ExtendedOffsetTable,
  T.ExtendedOffsetTableLengths,
  T.FloatPixelData,
  T.DoubleFloatPixelData,
  T.PixelData,
]);
/** All of them but the tables and the pixels are shorter, and those are read where they lie. */
const FRAME_VALUE_BYTES_MAX = 1024;

/** Where the frames of instances are. Every header is read once while its index is kept. */
export class FrameIndexes {
  readonly #files: SegmentFiles;
  readonly #kept = new Kept<FrameIndex>(
    FRAME_INDEXES_BYTES_MAX,
    (index) => INDEX_BYTES + (index.kind === 'native' ? 0 : FRAGMENT_BYTES * index.fragments.length),
  );

  constructor(files: SegmentFiles) {
    this.#files = files;
  }

  /** @throws {Failure} retrieve/no-frame when the header does not say where pixels could be */
  of(instance: HeldInstance): Promise<FrameIndex> {
    return this.#kept.get(`${instance.segment} ${instance.fileAt}`, () =>
      readIndex(storedDataSet(this.#files, instance)),
    );
  }
}

async function readIndex(stored: StoredDataSet): Promise<FrameIndex> {
  try {
    const { dataSet } = await stored.read({
      keep: (tag, _vr, _length, depth) => depth === 0 && FRAME_TAGS.has(tag),
      valueBytesMax: FRAME_VALUE_BYTES_MAX,
    });
    return await readFrameIndex(dataSet, stored.source);
  } catch (cause) {
    const { code, detail } = toFailure(cause);
    if (!code.startsWith('parse/')) throw cause;
    throw new Failure('retrieve/no-frame', `${code}: ${detail}`, { cause });
  }
}

/**
 * One frame (from 1) as PS3.18 serves it: compressed as it stands, native in little endian.
 * @throws {Failure} retrieve/no-frame
 */
export function framePayload(stored: StoredDataSet, index: FrameIndex, number: number, contentType: string): Payload {
  return index.kind === 'encapsulated'
    ? encapsulatedFrame(stored, index, number, contentType)
    : nativeFrame(stored, index, number, contentType);
}

function encapsulatedFrame(
  stored: StoredDataSet,
  index: EncapsulatedFrames,
  number: number,
  contentType: string,
): Payload {
  const { ranges } = frameRanges(index, number);
  const length = ranges.reduce((sum, range) => sum + range.length, 0);
  async function* whole(): AsyncGenerator<Uint8Array> {
    for (const range of ranges) yield* stored.stream(range.offset, range.length);
  }
  return { contentType, length, stream: (offset = 0, wanted = length) => cut(whole(), offset, wanted) };
}

function nativeFrame(stored: StoredDataSet, index: NativeFrames, number: number, contentType: string): Payload {
  const {
    ranges: [range = { offset: 0, length: 0 }],
  } = frameRanges(index, number);
  const length = Math.ceil(index.frameBits / 8);
  const unit = index.swapBytes;
  const isWhole = index.frameBits % 8 === 0 && (range.offset - index.offset) % unit === 0 && length % unit === 0;
  if (isWhole) return { contentType, length, ...littleEndian(stored, range, unit) };
  // Frames that begin inside of a byte or of a word that has to be turned round: small, and made in memory.
  async function* made(): AsyncGenerator<Uint8Array> {
    yield frameBytes(index, number, stored.source);
  }
  return { contentType, length, stream: (offset = 0, wanted = length) => cut(made(), offset, wanted) };
}

/** A stretch of a data set in little endian; `unitBytes` is the width of what has to be turned round, 1 for nothing. */
export function littleEndian(
  stored: StoredDataSet,
  range: { offset: number; length: number },
  unitBytes: 1 | 2 | 4 | 8,
): Pick<Payload, 'stream' | 'lend'> {
  const { lend } = stored;
  if (unitBytes === 1) {
    return {
      stream: (offset = 0, length = range.length - offset) => stored.stream(range.offset + offset, length),
      lend: lend && lendable(range.length, (offset, length) => lend(range.offset + offset, length)),
    };
  }
  return {
    stream: (offset = 0, length = range.length - offset) =>
      cut(turned(stored.stream(range.offset, range.length), unitBytes), offset, length),
  };
}

async function* turned(chunks: AsyncIterable<Uint8Array>, unitBytes: 2 | 4 | 8): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : concat([rest, chunk]);
    const whole = bytes.length - (bytes.length % unitBytes);
    rest = bytes.slice(whole);
    yield swapped(bytes.subarray(0, whole), unitBytes);
  }
  if (rest.length > 0) yield rest;
}
