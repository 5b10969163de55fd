import { T } from '@acervo/dicom/tags.ts';
import type { Random } from '@acervo/kernel/random.ts';
import { imageAttributes, type Made, type Maker, pixelAttributes, type Series, studyAttributes } from './study.ts';

const US_MULTIFRAME_IMAGE = '1.2.840.10008.5.1.4.1.1.3.1';
const COLUMNS = 640;
const ROWS = 480;
const FRAME_TIME_MS = 40;

export type UsOptions = { frames: number; isColor: boolean; series: string; laterality: 'L' | 'R' };

/** A beating chamber in a sector of speckle, grey or with colour flow (PS3.3 A.7). */
export function us({ frames, isColor, series, laterality }: UsOptions): Maker {
  return function* make(study): Generator<Made> {
    const of: Series = { number: 1, modality: 'US', description: series, protocol: 'Ecografía ficticia' };
    const samples = isColor ? 3 : 1;
    const photometric = isColor ? 'RGB' : 'MONOCHROME2';
    const format = { rows: ROWS, columns: COLUMNS, bitsStored: 8, samples, photometric } as const;
    yield {
      sopClassUid: US_MULTIFRAME_IMAGE,
      sopInstanceUid: study.uid('1/1'),
      seriesUid: study.uid('series/1'),
      attributes: [
        ...studyAttributes(study),
        ...imageAttributes(study, of, 1, US_MULTIFRAME_IMAGE),
        [T.ImageType, 'ORIGINAL\\PRIMARY\\ABDOMINAL\\0001'],
        [T.PatientOrientation, ''],
        [T.NumberOfFrames, frames],
        [T.FrameTime, FRAME_TIME_MS],
        [T.FrameIncrementPointer, T.FrameTime],
        [T.LossyImageCompression, '00'],
        [T.BurnedInAnnotation, 'NO'],
        [T.Laterality, laterality],
        ...pixelAttributes(format, sectorFrames(frames, samples, study.random)),
      ],
    };
  };
}

const TEXTURE = 1 << 16;

function sectorFrames(frames: number, samples: 1 | 3, random: Random): Uint8Array {
  const speckle = Uint8Array.from({ length: TEXTURE }, () => 40 + random.below(60) + random.below(60));
  const mask = sectorMask();
  const pixels = new Uint8Array(frames * ROWS * COLUMNS * samples);
  for (let frame = 0; frame < frames; frame++) {
    const phase = Math.sin((2 * Math.PI * frame) / frames);
    const from = random.below(TEXTURE);
    for (let pixel = 0; pixel < mask.length; pixel++) {
      if (mask[pixel] === 0) continue;
      const inside = isInChamber(pixel % COLUMNS, Math.floor(pixel / COLUMNS), phase);
      const grey = (speckle[(from + pixel * 7) % TEXTURE] as number) >> (inside ? 3 : 0);
      const at = (frame * mask.length + pixel) * samples;
      pixels[at] = inside && samples === 3 ? grey + 90 + 90 * phase : grey;
      if (samples === 1) continue;
      pixels[at + 1] = grey;
      pixels[at + 2] = inside ? grey + 90 - 90 * phase : grey;
    }
  }
  return pixels;
}

function isInChamber(x: number, y: number, phase: number): boolean {
  const dx = (x - 330) / (70 + 18 * phase);
  const dy = (y - 250) / (95 + 25 * phase);
  return dx * dx + dy * dy < 1;
}

/** 1 inside of the sector that the probe, at the top, sees. */
function sectorMask(): Uint8Array {
  const mask = new Uint8Array(ROWS * COLUMNS);
  for (let y = 0; y < ROWS; y++) {
    for (let x = 0; x < COLUMNS; x++) {
      const [dx, dy] = [x - COLUMNS / 2, y + 40];
      const depth = Math.hypot(dx, dy);
      if (depth > 60 && depth < 500 && Math.abs(Math.atan2(dx, dy)) < 0.65) mask[y * COLUMNS + x] = 1;
    }
  }
  return mask;
}
