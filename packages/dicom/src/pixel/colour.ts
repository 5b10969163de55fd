import { Failure } from '@acervo/kernel/failure.ts';
import type { ImageDescription } from './description.ts';
import type { Palette } from './palette.ts';
import type { Samples } from './samples.ts';

/**
 * Samples of a colour image as RGB of 8 bits by pixel (PS3.3 C.7.6.3.1.2).
 * @param palette of PALETTE COLOR
 * @throws {Failure} pixel/unsupported for another photometric interpretation
 */
export function rgbOf(samples: Samples, description: ImageDescription, palette: Palette | undefined): Uint8Array {
  switch (description.photometricInterpretation) {
    case 'PALETTE COLOR':
      if (palette === undefined) throw new Failure('pixel/malformed', 'PALETTE COLOR without a palette');
      return coloured(samples, palette);
    case 'RGB':
    case 'YBR_RCT':
    case 'YBR_ICT':
      // The last two name transformations within JPEG 2000, which its decoder has undone.
      return eightBits(samples, description.bitsStored);
    case 'YBR_FULL':
    case 'YBR_FULL_422':
      return fromFull(eightBits(samples, description.bitsStored));
    case 'YBR_PARTIAL_422':
    case 'YBR_PARTIAL_420':
      return fromPartial(eightBits(samples, description.bitsStored));
    default:
      throw new Failure('pixel/unsupported', `photometric interpretation of ${description.samplesPerPixel} samples`);
  }
}

function coloured(samples: Samples, { first, red, green, blue }: Palette): Uint8Array {
  const out = new Uint8Array(samples.length * 3);
  const last = red.length - 1;
  for (let pixel = 0; pixel < samples.length; pixel++) {
    const index = Math.min(last, Math.max(0, (samples[pixel] as number) - first));
    out[pixel * 3] = red[index] as number;
    out[pixel * 3 + 1] = green[index] as number;
    out[pixel * 3 + 2] = blue[index] as number;
  }
  return out;
}

function eightBits(samples: Samples, bitsStored: number): Uint8Array {
  if (samples instanceof Uint8Array && bitsStored === 8) return samples;
  const factor = 255 / (2 ** bitsStored - 1);
  const out = new Uint8Array(samples.length);
  for (let index = 0; index < samples.length; index++) out[index] = Math.round((samples[index] as number) * factor);
  return out;
}

/** C.7.6.3.1.2, YBR_FULL: the inverse of ITU-T T.871. */
function fromFull(samples: Uint8Array): Uint8Array {
  return fromYbr(samples, 1, 0, [1.402, -0.344136, -0.714136, 1.772]);
}

/** YBR_PARTIAL: luma from 16 to 235, chroma from 16 to 240. */
function fromPartial(samples: Uint8Array): Uint8Array {
  const luma = 255 / 219;
  const chroma = 255 / 224;
  return fromYbr(samples, luma, 16, [1.402 * chroma, -0.344136 * chroma, -0.714136 * chroma, 1.772 * chroma]);
}

function fromYbr(
  samples: Uint8Array,
  luma: number,
  black: number,
  [redOfCr, greenOfCb, greenOfCr, blueOfCb]: readonly [number, number, number, number],
): Uint8Array {
  const out = new Uint8ClampedArray(samples.length);
  for (let at = 0; at < samples.length; at += 3) {
    const y = luma * ((samples[at] as number) - black);
    const cb = (samples[at + 1] as number) - 128;
    const cr = (samples[at + 2] as number) - 128;
    out[at] = y + redOfCr * cr;
    out[at + 1] = y + greenOfCb * cb + greenOfCr * cr;
    out[at + 2] = y + blueOfCb * cb;
  }
  return new Uint8Array(out.buffer);
}
