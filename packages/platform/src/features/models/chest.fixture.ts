import { textElement } from '@acervo/dicom/data-set/build.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { crPhantom } from '../../apps/demo/models/phantoms.ts';
import type { Store } from '../../holdings/store.ts';
import type { Op } from '../../ports/op.ts';
import { readImageFile } from './images.ts';

const CR_IMAGE = '1.2.840.10008.5.1.4.1.1.1';

/**
 * A chest of a study of its own, as a file: the demo's phantom, with an opacity or without.
 * @param shaded  gives its pixels, little endian of 16 bits, other values
 */
export function chestOf(
  studyUid: string,
  hasOpacity: boolean,
  shaded: (pixels: Uint8Array) => Uint8Array = (pixels) => pixels,
): Uint8Array {
  const { dataSet } = readImageFile('chest', crPhantom(hasOpacity));
  const sopInstanceUid = `${studyUid}.1.1`;
  const elements = new Map(dataSet.elements);
  for (const [tag, uid] of [
    [T.SOPInstanceUID, sopInstanceUid],
    [T.StudyInstanceUID, studyUid],
    [T.SeriesInstanceUID, `${studyUid}.1`],
  ] as const) {
    elements.set(tag, textElement(tag, 'UI', uid));
  }
  const pixels = elements.get(T.PixelData);
  if (pixels?.value === undefined) throw new Error('the phantom has no pixels');
  elements.set(T.PixelData, { ...pixels, value: shaded(pixels.value) });
  const head = writeFileHead({ sopClassUid: CR_IMAGE, sopInstanceUid, transferSyntaxUid: EXPLICIT_LE });
  return concat([head, writeDataSet({ ...dataSet, elements }, { explicitVr: true, littleEndian: true })]);
}

/** Stores a file by the one door. */
export async function storeFile(store: Store, op: Op, file: Uint8Array): Promise<void> {
  const body = (async function* () {
    yield file;
  })();
  await store.store(op, { form: 'file', body });
}
