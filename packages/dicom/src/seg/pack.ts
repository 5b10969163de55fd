import { Failure } from '@acervo/kernel/failure.ts';

/**
 * Pixels of one bit, packed: the first pixel in the least significant bit of the first byte, and each frame right
 * behind the one before it, also within a byte (PS3.5 8.1.1, PS3.3 C.7.6.16.1.3). Padded to even length.
 * @param frames of equal length; what is not 0 is set.
 */
export function packBits(frames: readonly Uint8Array[]): Uint8Array {
  const bits = frames.reduce((sum, frame) => sum + frame.length, 0);
  const out = new Uint8Array(2 * Math.ceil(bits / 16));
  let byte = 0;
  let bit = 0;
  for (const frame of frames) {
    let pixel = 0;
    // Eight at a time, where a frame begins with a byte.
    for (const whole = bit === 0 ? frame.length - 7 : 0; pixel < whole; pixel += 8)
      out[byte++] = eightFrom(frame, pixel);
    for (; pixel < frame.length; pixel++) {
      if (frame[pixel] !== 0) out[byte] = (out[byte] as number) | (1 << bit);
      bit = (bit + 1) & 7;
      if (bit === 0) byte += 1;
    }
  }
  return out;
}

function eightFrom(frame: Uint8Array, from: number): number {
  let bits = 0;
  for (let bit = 0; bit < 8; bit++) bits |= (frame[from + bit] === 0 ? 0 : 1) << bit;
  return bits;
}

/**
 * The pixels of one frame, 0 or 1.
 * @param index from 0
 * @throws {Failure} parse/truncated where the bytes end before it does
 */
export function unpackBits(packed: Uint8Array, index: number, pixels: number): Uint8Array {
  const from = index * pixels;
  if (from + pixels > packed.length * 8) throw new Failure('parse/truncated', `frame ${index + 1} of packed bits`);
  return Uint8Array.from({ length: pixels }, (_, pixel) => {
    const at = from + pixel;
    return ((packed[Math.floor(at / 8)] as number) >> (at % 8)) & 1;
  });
}
