import { mkdirSync } from 'node:fs';
import { textElement } from '@acervo/dicom/data-set/build.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { ed25519Signer } from '@acervo/model/envelope.ts';
import { packageFolder } from '@acervo/platform/adapters/fs/package-folder.ts';
import { PIXEL_LIMITS, PixelPool } from '@acervo/platform/adapters/pixel/pool.ts';
import { demoPackages } from '@acervo/platform/apps/demo/models/build.ts';
import { crPhantom } from '@acervo/platform/apps/demo/models/phantoms.ts';
import { readImageFile } from '@acervo/platform/features/models/images.ts';
import { packModel } from '@acervo/platform/features/models/pack.ts';

/** The model of the demo's package for chests. */
export const CHEST_MODEL = { model: 'mx.acervo.demo.cr-opacidad', version: '1.0.0' } as const;
const CR_IMAGE = '1.2.840.10008.5.1.4.1.1.1';

/** That package, signed by a key of the test. */
export async function signedChestPackage(folder: string): Promise<void> {
  const imaging = new PixelPool({ ...PIXEL_LIMITS, workers: 1, kept: 0 });
  const demo = (await demoPackages(imaging)).find(({ name }) => name === 'cr-opacidad');
  await imaging.close();
  mkdirSync(folder);
  const target = packageFolder(folder);
  for (const [path, bytes] of demo?.files ?? []) await target.write(path, bytes);
  const { privateKey, publicKey } = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  await packModel(target, await ed25519Signer(privateKey, publicKey));
}

/** A chest of a study of its own, as a file: a phantom, with an opacity or without. */
export function chestOf(studyUid: string, hasOpacity: boolean): Uint8Array {
  const { dataSet } = readImageFile('chest', crPhantom(hasOpacity));
  const sopInstanceUid = `${studyUid}.1.1`;
  const elements = new Map(dataSet.elements);
  for (const each of [
    textElement(T.SOPInstanceUID, 'UI', sopInstanceUid),
    textElement(T.StudyInstanceUID, 'UI', studyUid),
    textElement(T.SeriesInstanceUID, 'UI', `${studyUid}.1`),
  ]) {
    elements.set(each.tag, each);
  }
  const bytes = writeDataSet({ ...dataSet, elements }, { explicitVr: true, littleEndian: true });
  const head = writeFileHead({ sopClassUid: CR_IMAGE, sopInstanceUid, transferSyntaxUid: EXPLICIT_LE });
  return concat([head, bytes]);
}
