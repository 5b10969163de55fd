import { T } from '@acervo/dicom/tags.ts';
import { addHill, addNoise, type Canvas, newCanvas, newNoise } from './phantom.ts';
import {
  bytes16,
  imageAttributes,
  type Made,
  type Maker,
  pixelAttributes,
  type Series,
  studyAttributes,
} from './study.ts';

const CR_IMAGE = '1.2.840.10008.5.1.4.1.1.1';
const ROWS = 2010;
const COLUMNS = 1670;
const VALUE_MAX = 4095;

/** Chest radiographs, one image for each view (PS3.3 A.2). */
export function cr(...views: readonly ('PA' | 'LL')[]): Maker {
  return function* make(study): Generator<Made> {
    const noise = newNoise(study.random, 25);
    const of: Series = {
      number: 1,
      modality: 'CR',
      description: 'Tórax',
      bodyPart: 'CHEST',
      protocol: 'Tórax ficticio',
    };
    for (const [index, view] of views.entries()) {
      const number = index + 1;
      const canvas = view === 'PA' ? frontal() : lateral();
      addNoise(canvas, noise, study.random, VALUE_MAX);
      yield {
        sopClassUid: CR_IMAGE,
        sopInstanceUid: study.uid(`1/${number}`),
        seriesUid: study.uid('series/1'),
        attributes: [
          ...studyAttributes(study),
          ...imageAttributes(study, of, number, CR_IMAGE),
          [T.ImageType, 'ORIGINAL\\PRIMARY'],
          [T.ViewPosition, view],
          [T.KVP, 110],
          [T.AcquisitionNumber, number],
          [T.PatientOrientation, view === 'PA' ? 'L\\F' : 'A\\F'],
          [T.ImagerPixelSpacing, [0.2, 0.2]],
          [T.WindowCenter, 2048],
          [T.WindowWidth, 4096],
          [T.BurnedInAnnotation, 'NO'],
          [T.LossyImageCompression, '00'],
          ...pixelAttributes({ rows: ROWS, columns: COLUMNS, bitsStored: 12 }, bytes16(canvas.pixels)),
        ],
      };
    }
  };
}

/** Bright from the middle outwards, darker below: what soft tissue does to a beam. */
function soft(): Canvas {
  const canvas = newCanvas(COLUMNS, ROWS);
  const across = Float64Array.from({ length: COLUMNS }, (_, x) => Math.sin((Math.PI * (x + 0.5)) / COLUMNS) ** 0.5);
  for (let row = 0; row < ROWS; row++) {
    const level = 1700 + (900 * row) / ROWS;
    const start = row * COLUMNS;
    for (let column = 0; column < COLUMNS; column++) canvas.pixels[start + column] = level * (across[column] as number);
  }
  return canvas;
}

/** Lungs let the beam through: two hollows; heart, spine and ribs do not. */
function frontal(): Canvas {
  const canvas = soft();
  for (const x of [0.3, 0.7]) addHill(canvas, { x, y: 0.42, rx: 0.24, ry: 0.36, value: -1500 });
  addHill(canvas, { x: 0.57, y: 0.58, rx: 0.24, ry: 0.22, value: 1300 });
  addHill(canvas, { x: 0.5, y: 0.5, rx: 0.1, ry: 0.9, value: 900 });
  for (let rib = 0; rib < 9; rib++) {
    for (const x of [0.28, 0.72]) addHill(canvas, { x, y: 0.16 + rib * 0.07, rx: 0.24, ry: 0.018, value: 260 });
  }
  return canvas;
}

function lateral(): Canvas {
  const canvas = soft();
  addHill(canvas, { x: 0.48, y: 0.42, rx: 0.34, ry: 0.38, value: -1300 });
  addHill(canvas, { x: 0.4, y: 0.6, rx: 0.24, ry: 0.2, value: 1100 });
  for (let vertebra = 0; vertebra < 12; vertebra++) {
    addHill(canvas, { x: 0.74, y: 0.12 + vertebra * 0.065, rx: 0.06, ry: 0.028, value: 700 });
  }
  return canvas;
}
