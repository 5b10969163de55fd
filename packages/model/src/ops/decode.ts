import { rgbOf } from '@acervo/dicom/pixel/colour.ts';
import { object, oneOf } from '../shape.ts';
import { type DecodedFrame, type Image, impossible } from './image.ts';

/** The first step of every pipeline. Decoding itself is the archive's; it has no choices. */
export const decode = { name: 'decode', parameters: object({ op: oneOf('decode') }, {}) };

/** Stored values as they are, grey; RGB of 8 bits where the frame has colours (PS3.3 C.7.6.3.1.2). */
export function imageOf({ samples, description, presentation, geometry }: DecodedFrame): Image {
  const { rows, columns, samplesPerPixel, photometricInterpretation, bitsStored, isSigned, isFloat } = description;
  const alike = { slices: 1, rows, columns, presentation, geometry };
  if (photometricInterpretation !== 'MONOCHROME1' && photometricInterpretation !== 'MONOCHROME2') {
    const data = Float32Array.from(rgbOf(samples, description, presentation.palette));
    return { ...alike, data, channels: 3, photometric: 'RGB', range: [0, 255] };
  }
  if (samplesPerPixel !== 1 || isFloat)
    impossible(`${samplesPerPixel} samples, ${isFloat ? 'floating point' : 'grey'}`);
  const range = isSigned
    ? ([-(2 ** (bitsStored - 1)), 2 ** (bitsStored - 1) - 1] as const)
    : ([0, 2 ** bitsStored - 1] as const);
  return { ...alike, data: new Float32Array(samples), channels: 1, photometric: photometricInterpretation, range };
}
