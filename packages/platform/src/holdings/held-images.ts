import type { DataSet, Tag } from '@acervo/dicom/data-set/model.ts';
import { PIXEL_CODINGS } from '@acervo/dicom/pixel/codings.ts';
import { FRAME_BYTES_MAX, type ImageDescription, readImageDescription } from '@acervo/dicom/pixel/description.ts';
import { type FrameIndex, frameBytes, frameRanges, readFrameIndex } from '@acervo/dicom/pixel/frames.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { StoredFrame } from '../ports/imaging.ts';
import type { HeldInstance } from './find.repo.ts';
import { Kept } from './kept.ts';
import type { SegmentFiles } from './segment-files.ts';
import { storedDataSet } from './stored-data-set.ts';

/** The image of an instance: what its header says of pixels, and where its frames lie. */
export type HeldImage = { description: ImageDescription; index: FrameIndex; header: DataSet };

/** Memory of the kept headers, in bytes: frames of one object are asked for one after the other. */
const HEADERS_BYTES_MAX = 32 * 2 ** 20;
/** Tables, palettes and overlays are shorter. */
const VALUE_BYTES_MAX = 16 * 2 ** 20;
const ELEMENT_BYTES = 128;
const FRAGMENT_BYTES = 96;

const IMAGE_GROUP = 0x0028;
const OVERLAY_FIRST = 0x6000;
const OVERLAY_LAST = 0x601e;
const AT_ROOT: ReadonlySet<Tag> = new Set([
  T.PresentationLUTShape,
  T.SharedFunctionalGroupsSequence,
  T.PerFrameFunctionalGroupsSequence,
  T.ExtendedOffsetTable,
  T.ExtendedOffsetTableLengths,
  T.FloatPixelData,
  T.DoubleFloatPixelData,
  T.PixelData,
]);

function isOfImage(tag: Tag, depth: number): boolean {
  const group = tag >>> 16;
  if (group === IMAGE_GROUP) return tag !== T.ICCProfile;
  return depth === 0 && (AT_ROOT.has(tag) || (group >= OVERLAY_FIRST && group <= OVERLAY_LAST));
}

/** Headers and frames of stored images. A header is read once while it is kept. */
export class HeldImages {
  readonly #files: SegmentFiles;
  readonly #kept = new Kept<HeldImage>(
    HEADERS_BYTES_MAX,
    ({ header, index }) => bytesOf(header) + (index.kind === 'native' ? 0 : FRAGMENT_BYTES * index.fragments.length),
  );

  constructor(files: SegmentFiles) {
    this.#files = files;
  }

  /**
   * @throws {Failure} pixel/no-image, pixel/unsupported also for pixels that nothing here decodes; pixel/malformed;
   *   pixel/limit; retrieve/damaged
   */
  of(instance: HeldInstance): Promise<HeldImage> {
    return this.#kept.get(`${instance.segment} ${instance.fileAt}`, () => this.#read(instance));
  }

  async #read(instance: HeldInstance): Promise<HeldImage> {
    const stored = storedDataSet(this.#files, instance);
    try {
      const { dataSet } = await stored.read({
        keep: (tag, _vr, _length, depth) => isOfImage(tag, depth),
        valueBytesMax: VALUE_BYTES_MAX,
      });
      const description = readImageDescription(dataSet);
      const index = await readFrameIndex(dataSet, stored.source);
      if (index.frameCount === 0) throw new Failure('pixel/no-image', 'pixel data are empty');
      if (index.kind === 'encapsulated' && !PIXEL_CODINGS.has(instance.transferSyntaxUid)) {
        throw new Failure('pixel/unsupported', `transfer syntax ${instance.transferSyntaxUid}`);
      }
      return { description, index, header: dataSet };
    } catch (cause) {
      const { code, detail } = toFailure(cause);
      if (!code.startsWith('parse/')) throw cause;
      throw new Failure('pixel/malformed', `${code}: ${detail}`, { cause });
    }
  }

  /**
   * Frame `number` (from 1) as it is stored, in memory of its own.
   * @throws {Failure} retrieve/no-frame, retrieve/damaged, pixel/limit
   */
  async frame(instance: HeldInstance, { description, index }: HeldImage, number: number): Promise<StoredFrame> {
    const length = frameRanges(index, number).ranges.reduce((sum, range) => sum + range.length, 0);
    if (length > FRAME_BYTES_MAX) throw new Failure('pixel/limit', `a frame of ${length} bytes`);
    const bytes = await frameBytes(index, number, storedDataSet(this.#files, instance).source);
    // A native frame comes in little endian, whatever it is stored in.
    const transferSyntaxUid = index.kind === 'native' ? EXPLICIT_LE : instance.transferSyntaxUid;
    return { bytes, transferSyntaxUid, description };
  }
}

function bytesOf({ elements }: DataSet): number {
  let bytes = 0;
  for (const { value, items = [] } of elements.values()) {
    bytes += ELEMENT_BYTES + (value?.length ?? 0);
    for (const item of items) bytes += bytesOf(item);
  }
  return bytes;
}
