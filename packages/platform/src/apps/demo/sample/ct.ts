import { T } from '@acervo/dicom/tags.ts';
import { addNoise, type Canvas, newCanvas, newNoise, paintEllipse } from './phantom.ts';
import {
  bytes16,
  imageAttributes,
  type Made,
  type Maker,
  pixelAttributes,
  type Series,
  studyAttributes,
} from './study.ts';

const CT_IMAGE = '1.2.840.10008.5.1.4.1.1.2';
const SIZE = 512;
const RESCALE_INTERCEPT = -1024;
const VALUE_MAX = 4095;
const NOISE_HU = 12;

export type CtOptions = { slices: number; bodyPart: 'CHEST' | 'ABDOMEN' | 'HEAD'; series: string; kernel: string };

/** One axial series of a body phantom whose organs grow and shrink from slice to slice (PS3.3 A.3). */
export function ct({ slices, bodyPart, series, kernel }: CtOptions): Maker {
  return function* make(study): Generator<Made> {
    const of: Series = { number: 2, modality: 'CT', description: series, bodyPart, protocol: `${bodyPart} ficticio` };
    const noise = newNoise(study.random, NOISE_HU);
    for (let number = 1; number <= slices; number++) {
      const canvas = bodySlice((number - 1) / (slices - 1), bodyPart);
      addNoise(canvas, noise, study.random, VALUE_MAX);
      const z = -number * 5;
      yield {
        sopClassUid: CT_IMAGE,
        sopInstanceUid: study.uid(`2/${number}`),
        seriesUid: study.uid('series/2'),
        attributes: [
          ...studyAttributes(study),
          ...imageAttributes(study, of, number, CT_IMAGE),
          [T.ImageType, 'ORIGINAL\\PRIMARY\\AXIAL'],
          [T.PatientPosition, 'HFS'],
          [T.PositionReferenceIndicator, ''],
          [T.FrameOfReferenceUID, study.uid('frame of reference')],
          [T.AcquisitionNumber, 1],
          [T.ImagePositionPatient, [-200, -200, z]],
          [T.ImageOrientationPatient, [1, 0, 0, 0, 1, 0]],
          [T.SliceLocation, z],
          [T.SliceThickness, 5],
          [T.PixelSpacing, [0.78125, 0.78125]],
          [T.KVP, 120],
          [T.ConvolutionKernel, kernel],
          [T.ExposureTime, 500],
          [T.XRayTubeCurrent, 200],
          [T.RescaleIntercept, RESCALE_INTERCEPT],
          [T.RescaleSlope, 1],
          [T.RescaleType, 'HU'],
          [T.WindowCenter, 40],
          [T.WindowWidth, 400],
          ...pixelAttributes({ rows: SIZE, columns: SIZE, bitsStored: 12 }, bytes16(canvas.pixels)),
        ],
      };
    }
  };
}

const hounsfield = (value: number): number => value - RESCALE_INTERCEPT;

/** @param z from 0 to 1 along the body. */
function bodySlice(z: number, bodyPart: CtOptions['bodyPart']): Canvas {
  const canvas = newCanvas(SIZE, SIZE);
  canvas.pixels.fill(hounsfield(-1000));
  const paint = (x: number, y: number, rx: number, ry: number, value: number): void =>
    paintEllipse(canvas, { x, y, rx, ry, value: hounsfield(value) });
  const swell = Math.sin(Math.PI * z);
  if (bodyPart === 'HEAD') {
    paint(0.5, 0.5, 0.22 + 0.12 * swell, 0.28 + 0.14 * swell, 900);
    paint(0.5, 0.5, 0.2 + 0.12 * swell, 0.26 + 0.14 * swell, 35);
    paint(0.46, 0.5, 0.02 + 0.02 * swell, 0.1 * swell, 5);
    paint(0.54, 0.5, 0.02 + 0.02 * swell, 0.1 * swell, 5);
    paint(0.6, 0.42, 0.05 * swell * swell, 0.04 * swell * swell, 65);
    return canvas;
  }
  paint(0.5, 0.5, 0.42, 0.3, -100);
  paint(0.5, 0.5, 0.39, 0.27, 50);
  if (bodyPart === 'CHEST') {
    paint(0.31, 0.48, 0.1 + 0.05 * swell, 0.1 + 0.1 * swell, -820);
    paint(0.69, 0.48, 0.1 + 0.05 * swell, 0.1 + 0.1 * swell, -820);
    paint(0.54, 0.45, 0.08 + 0.04 * z, 0.08 + 0.04 * z, 45);
    paint(0.33, 0.44, 0.018 * swell, 0.018 * swell, 30);
  } else {
    paint(0.36, 0.44, 0.16 * swell + 0.04, 0.13 * swell + 0.03, 60);
    paint(0.66, 0.4, 0.09, 0.08, 15);
    paint(0.36, 0.6, 0.05 * swell, 0.06 * swell, 35);
    paint(0.64, 0.6, 0.05 * swell, 0.06 * swell, 35);
  }
  paint(0.5, 0.66, 0.05, 0.05, 600);
  paint(0.5, 0.7, 0.02, 0.02, 20);
  paint(0.48, 0.59, 0.025, 0.025, 140);
  return canvas;
}
