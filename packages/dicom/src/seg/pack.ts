import { Failure } from '@acervo/kernel/failure.ts';

/**
 * Pixels of one bit, packed: the first pixel in the least significant bit of the first byte, and each frame right
 * behind the one before it, also within a byte (PS3.5 8.1.1, PS3.3 C.7.6.16.1.3). Padded to even length.
 * @param frames of equal length; what is not 0 is set.
 */
export function packBits(frames: readonly Uint8Array[]): Uint8Array {
  const bits = frames.reduce((sum, frame) => sum + frame.length, 0);
  const out = new Uint8Array(2 * Math.ceil(bits / 16));
  let at = 0;
  for (const frame of frames) {
    for (const pixel of frame) {
      if (pixel !== 0) out[at >> 3] = (out[at >> 3] as number) | (1 << (at & 7));
      at += 1;
    }
  }
  return out;
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
