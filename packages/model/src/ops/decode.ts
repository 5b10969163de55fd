import { rgbOf } from '@acervo/dicom/pixel/colour.ts';
import { object, oneOf } from '../shape.ts';
import { type DecodedFrame, dot, type Image, impossible } from './image.ts';

/** The first step of every pipeline. Decoding itself is the archive's; it has no choices. */
export const decode = { name: 'decode', parameters: object({ op: oneOf('decode') }, {}) };

/**
 * Stored values as they are, grey; RGB of 8 bits where the frame has colours (PS3.3 C.7.6.3.1.2).
 * @param data  where to put them: as many as the frame has, of colours three times its pixels
 */
export function imageOf(frame: DecodedFrame, data = new Float32Array(valuesIn(frame))): Image {
  const { samples, description, presentation, geometry } = frame;
  const { rows, columns, samplesPerPixel, photometricInterpretation, bitsStored, isSigned, isFloat } = description;
  const alike = { slices: 1, rows, columns, presentation, geometry };
  if (photometricInterpretation !== 'MONOCHROME1' && photometricInterpretation !== 'MONOCHROME2') {
    data.set(rgbOf(samples, description, presentation.palette));
    return { ...alike, data, channels: 3, photometric: 'RGB', range: [0, 255] };
  }
  if (samplesPerPixel !== 1 || isFloat)
    impossible(`${samplesPerPixel} samples, ${isFloat ? 'floating point' : 'grey'}`);
  const range = isSigned
    ? ([-(2 ** (bitsStored - 1)), 2 ** (bitsStored - 1) - 1] as const)
    : ([0, 2 ** bitsStored - 1] as const);
  data.set(samples);
  return { ...alike, data, channels: 1, photometric: photometricInterpretation, range };
}

function valuesIn({ description: { rows, columns, photometricInterpretation: kind } }: DecodedFrame): number {
  return rows * columns * (kind === 'MONOCHROME1' || kind === 'MONOCHROME2' ? 1 : 3);
}

/** Images of one block of memory, as they lie along the normal of the first: to stack them then moves nothing. */
export function imagesOf(frames: readonly DecodedFrame[]): Image[] {
  const normal = frames[0]?.geometry?.axes[0];
  const along = ({ geometry }: DecodedFrame): number =>
    normal === undefined || geometry === undefined ? 0 : dot(geometry.position, normal);
  const block = new Float32Array(frames.reduce((sum, frame) => sum + valuesIn(frame), 0));
  const images = new Map<DecodedFrame, Image>();
  let at = 0;
  for (const frame of frames.toSorted((one, other) => along(one) - along(other))) {
    const end = at + valuesIn(frame);
    images.set(frame, imageOf(frame, block.subarray(at, end)));
    at = end;
  }
  return frames.map((frame) => images.get(frame) as Image);
}
