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

const MR_IMAGE = '1.2.840.10008.5.1.4.1.1.4';
const SIZE = 256;
const VALUE_MAX = 4095;
const ECHO_TRAIN_LENGTH = 0x00180091;

/** A weighting: what the scanner is told, and how bright skull fat, grey and white matter, and water are. */
type Weighting = {
  description: string;
  repetitionMs: number;
  echoMs: number;
  fat: number;
  grey: number;
  white: number;
  water: number;
};
const T1: Weighting = {
  description: 'T1 SE axial',
  repetitionMs: 500,
  echoMs: 12,
  fat: 3200,
  grey: 1200,
  white: 1700,
  water: 300,
};
const T2: Weighting = {
  description: 'T2 TSE axial señal',
  repetitionMs: 4500,
  echoMs: 98,
  fat: 1800,
  grey: 1500,
  white: 900,
  water: 3400,
};

/** Two series of a head, T1 and T2 (PS3.3 A.4). */
export function mr({ slices }: { slices: number }): Maker {
  return function* make(study): Generator<Made> {
    const noise = newNoise(study.random, 40);
    for (const [index, weighting] of [T1, T2].entries()) {
      const of: Series = {
        number: index + 1,
        modality: 'MR',
        description: weighting.description,
        bodyPart: 'BRAIN',
        protocol: 'Cráneo ficticio',
      };
      for (let number = 1; number <= slices; number++) {
        const canvas = headSlice((number - 1) / (slices - 1), weighting);
        addNoise(canvas, noise, study.random, VALUE_MAX);
        const z = (number - 1) * 6;
        yield {
          sopClassUid: MR_IMAGE,
          sopInstanceUid: study.uid(`${of.number}/${number}`),
          seriesUid: study.uid(`series/${of.number}`),
          attributes: [
            ...studyAttributes(study),
            ...imageAttributes(study, of, number, MR_IMAGE),
            [T.ImageType, 'ORIGINAL\\PRIMARY\\OTHER'],
            [T.PatientPosition, 'HFS'],
            [T.PositionReferenceIndicator, ''],
            [T.FrameOfReferenceUID, study.uid('frame of reference')],
            [T.AcquisitionNumber, 1],
            [T.ImagePositionPatient, [-115, -115, z]],
            [T.ImageOrientationPatient, [1, 0, 0, 0, 1, 0]],
            [T.SliceLocation, z],
            [T.SliceThickness, 5],
            [T.SpacingBetweenSlices, 6],
            [T.PixelSpacing, [0.8984375, 0.8984375]],
            [T.ScanningSequence, 'SE'],
            [T.SequenceVariant, 'NONE'],
            [T.ScanOptions, ''],
            [T.MRAcquisitionType, '2D'],
            [T.RepetitionTime, weighting.repetitionMs],
            [T.EchoTime, weighting.echoMs],
            [ECHO_TRAIN_LENGTH, 1],
            [T.MagneticFieldStrength, 1.5],
            [T.FlipAngle, 90],
            [T.WindowCenter, 1500],
            [T.WindowWidth, 3000],
            ...pixelAttributes({ rows: SIZE, columns: SIZE, bitsStored: 12 }, bytes16(canvas.pixels)),
          ],
        };
      }
    }
  };
}

function headSlice(z: number, { fat, grey, white, water }: Weighting): Canvas {
  const canvas = newCanvas(SIZE, SIZE);
  const swell = Math.sin(Math.PI * (0.15 + 0.7 * z));
  const paint = (x: number, y: number, rx: number, ry: number, value: number): void =>
    paintEllipse(canvas, { x, y, rx: rx * swell, ry: ry * swell, value });
  paint(0.5, 0.5, 0.4, 0.46, fat);
  paint(0.5, 0.5, 0.375, 0.435, 60);
  paint(0.5, 0.5, 0.355, 0.415, water);
  paint(0.5, 0.5, 0.345, 0.405, grey);
  paint(0.37, 0.5, 0.15, 0.3, white);
  paint(0.63, 0.5, 0.15, 0.3, white);
  paint(0.45, 0.48, 0.03, 0.13, water);
  paint(0.55, 0.48, 0.03, 0.13, water);
  paint(0.62, 0.34, 0.05 * swell, 0.04 * swell, (water + grey) / 2);
  return canvas;
}
