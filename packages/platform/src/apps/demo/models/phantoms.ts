import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { type Attributes, dataSetFrom } from '../sample/attributes.ts';
import { addHill, type Canvas, newCanvas, paintEllipse } from '../sample/phantom.ts';
import { bytes16, pixelAttributes, uidOf } from '../sample/study.ts';

/** Small invented images, with and without what the demo's models look for. Always the same bytes. */
const SEED = 'acervo demo models';
const CR_IMAGE = '1.2.840.10008.5.1.4.1.1.1';
const CT_IMAGE = '1.2.840.10008.5.1.4.1.1.2';
const CR_SIZE = 256;
const CT_SIZE = 64;
export const CT_SLICES = 12;
const BITS_STORED = 12;
const RESCALE_INTERCEPT = -1024;

function file(sopClassUid: string, name: string, attributes: Attributes): Uint8Array {
  const sopInstanceUid = uidOf(SEED, name);
  const [study] = name.split('/');
  const all: Attributes = [
    [T.SOPClassUID, sopClassUid],
    [T.SOPInstanceUID, sopInstanceUid],
    [T.StudyInstanceUID, uidOf(SEED, `study ${study}`)],
    [T.SeriesInstanceUID, uidOf(SEED, `series ${study}`)],
    [T.StudyDate, '20260102'],
    [T.PatientName, 'DEMOSTRACION^MODELO'],
    [T.PatientID, 'DEMO'],
    [T.PatientSex, 'O'],
    [T.PatientAge, '050Y'],
    [T.BurnedInAnnotation, 'NO'],
    ...attributes,
  ];
  const dataSet = dataSetFrom(all, { declared: undefined, bytes: 'latin1' });
  return concat([
    writeFileHead({ sopClassUid, sopInstanceUid, transferSyntaxUid: EXPLICIT_LE }),
    writeDataSet(dataSet, { explicitVr: true, littleEndian: true }),
  ]);
}

const crCanvas = (hasOpacity: boolean): Canvas => {
  const canvas = newCanvas(CR_SIZE, CR_SIZE);
  canvas.pixels.fill(2400);
  for (const x of [0.3, 0.7]) addHill(canvas, { x, y: 0.45, rx: 0.26, ry: 0.38, value: -1500 });
  addHill(canvas, { x: 0.55, y: 0.62, rx: 0.24, ry: 0.22, value: 900 });
  if (hasOpacity) addHill(canvas, { x: 0.28, y: 0.32, rx: 0.07, ry: 0.07, value: 1600 });
  return canvas;
};

/** What an image of a chest from the front says of its pixels: MONOCHROME1, as film digitisers send it. */
export function crImage(hasOpacity: boolean): Attributes {
  const inverted = crCanvas(hasOpacity).pixels.map((value) => 2 ** BITS_STORED - 1 - value);
  return [
    [T.ImageType, 'ORIGINAL\\PRIMARY'],
    [T.ViewPosition, 'PA'],
    [T.ImagerPixelSpacing, [1.5, 1.5]],
    ...pixelAttributes(
      { rows: CR_SIZE, columns: CR_SIZE, bitsStored: BITS_STORED, photometric: 'MONOCHROME1' },
      bytes16(inverted),
    ),
  ];
}

/** A chest from the front; with an opacity in one lung. */
export function crPhantom(hasOpacity: boolean): Uint8Array {
  return file(CR_IMAGE, `cr ${hasOpacity}/1`, [
    [T.Modality, 'CR'],
    [T.BodyPartExamined, 'CHEST'],
    ...crImage(hasOpacity),
  ]);
}

/** Of a slice of a chest, from head to feet, geometry and pixels; with a mass in one lung. */
export function ctImage(hasMass: boolean, index: number): Attributes {
  const canvas = newCanvas(CT_SIZE, CT_SIZE);
  const paint = (x: number, y: number, rx: number, ry: number, hu: number): void =>
    paintEllipse(canvas, { x, y, rx, ry, value: hu - RESCALE_INTERCEPT });
  canvas.pixels.fill(24);
  paint(0.5, 0.5, 0.42, 0.3, 40);
  for (const x of [0.3, 0.7]) paint(x, 0.48, 0.14, 0.2, -820);
  if (hasMass && index > 2 && index < 9) paint(0.3, 0.45, 0.09, 0.09, 300);
  return [
    [T.ImageType, 'ORIGINAL\\PRIMARY\\AXIAL'],
    [T.ImagePositionPatient, [-190, -190, -5 * index]],
    [T.ImageOrientationPatient, [1, 0, 0, 0, 1, 0]],
    [T.PixelSpacing, [6, 6]],
    [T.SliceThickness, 5],
    [T.RescaleIntercept, RESCALE_INTERCEPT],
    [T.RescaleSlope, 1],
    ...pixelAttributes({ rows: CT_SIZE, columns: CT_SIZE, bitsStored: BITS_STORED }, bytes16(canvas.pixels)),
  ];
}

/** The slices of a chest; with a mass in one lung. */
export function ctPhantom(hasMass: boolean): Uint8Array[] {
  return Array.from({ length: CT_SLICES }, (_, index) =>
    file(CT_IMAGE, `ct ${hasMass}/${index + 1}`, [
      [T.Modality, 'CT'],
      [T.BodyPartExamined, 'CHEST'],
      [T.InstanceNumber, index + 1],
      [T.FrameOfReferenceUID, uidOf(SEED, 'frame')],
      ...ctImage(hasMass, index),
    ]),
  );
}
