import { inflateRawSync } from 'node:zlib';
import { uidOf } from '@acervo/dicom/data-set/access.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { sourceOf } from '@acervo/dicom/data-set/source.ts';
import { readFileHead } from '@acervo/dicom/part10.ts';
import { PIXEL_CODINGS } from '@acervo/dicom/pixel/codings.ts';
import { readImageDescription } from '@acervo/dicom/pixel/description.ts';
import { frameBytes, readFrameIndex } from '@acervo/dicom/pixel/frames.ts';
import { readPresentation } from '@acervo/dicom/pixel/presentation.ts';
import { samplesOf } from '@acervo/dicom/pixel/samples.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE, findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { readGeometry } from '@acervo/model/ops/geometry.ts';
import type { DecodedFrame } from '@acervo/model/ops/image.ts';
import type { Imaging } from '../../ports/imaging.ts';

const INFLATED_BYTES_MAX = 2 ** 30;

/** One DICOM file, its header read and its pixels where they lie. */
export type ImageFile = {
  name: string;
  dataSet: DataSet;
  seriesUid: string;
  sopInstanceUid: string;
  transferSyntaxUid: string;
  /** The (inflated) data set. */
  bytes: Uint8Array;
};

/** @throws {Failure} parse/... for what is no DICOM file */
export function readImageFile(name: string, file: Uint8Array): ImageFile {
  const head = readFileHead(file, true);
  if ('need' in head) throw new Failure('parse/truncated', `${name} ends within its head`);
  const { transferSyntaxUid } = head;
  const syntax = findTransferSyntax(transferSyntaxUid);
  if (syntax === undefined) throw new Failure('pixel/unsupported', `transfer syntax ${transferSyntaxUid}`);
  const stored = file.subarray(head.dataSetOffset);
  const bytes = syntax.deflated ? inflated(stored) : stored;
  const { dataSet } = readDataSet(bytes, { syntax });
  const seriesUid = uidOf(dataSet, T.SeriesInstanceUID) ?? '';
  return { name, dataSet, seriesUid, sopInstanceUid: uidOf(dataSet, T.SOPInstanceUID) ?? '', transferSyntaxUid, bytes };
}

function inflated(stored: Uint8Array): Uint8Array {
  try {
    return new Uint8Array(inflateRawSync(stored, { maxOutputLength: INFLATED_BYTES_MAX }));
  } catch (cause) {
    throw new Failure('parse/malformed', 'deflated data set', { cause });
  }
}

/**
 * Its one frame, decoded by the archive's own codecs.
 * @throws {Failure} pixel/...; model/not-applicable for several frames
 */
export async function decodedFrame(image: ImageFile, imaging: Imaging, signal: AbortSignal): Promise<DecodedFrame> {
  const { dataSet, transferSyntaxUid } = image;
  const described = readImageDescription(dataSet);
  const source = sourceOf(image.bytes);
  const index = await readFrameIndex(dataSet, source);
  if (index.frameCount !== 1) {
    throw new Failure('model/not-applicable', `decode/frames: ${index.frameCount} frames, one expected`);
  }
  const bytes = await frameBytes(index, 1, source);
  const isNative = PIXEL_CODINGS.get(transferSyntaxUid) === 'native';
  const { bytes: pixels, description } = isNative
    ? { bytes, description: described }
    : await imaging.recode({ bytes, transferSyntaxUid, description: described }, EXPLICIT_LE, signal);
  return {
    samples: samplesOf({ bytes: pixels, description }),
    description,
    presentation: readPresentation(dataSet, description, 1),
    geometry: readGeometry(dataSet),
  };
}
