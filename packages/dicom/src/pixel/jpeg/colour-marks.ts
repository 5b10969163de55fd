import { concat } from '@acervo/kernel/bytes.ts';

const JFIF = 0xe0;
const ADOBE = 0xee;
const START_OF_SCAN = 0xda;
/** APP14 of Adobe: version 100, no flags, colour transform 0. */
const NO_TRANSFORM = Uint8Array.of(0xff, ADOBE, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0);

/**
 * The same JPEG stream, saying that its components are no Y Cb Cr: a decoder that would convert by its own guess then
 * gives out what was coded. Segments up to the first scan are rewritten, the coded data stay.
 */
export function withoutColourMarks(stream: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [stream.subarray(0, 2), NO_TRANSFORM];
  let at = 2;
  while (at + 4 <= stream.length) {
    const marker = stream[at + 1] as number;
    // Fill bytes, or no marker at all: what follows is the decoder's to judge.
    if (stream[at] !== 0xff || marker === 0xff || marker === START_OF_SCAN) break;
    const end = at + 2 + (((stream[at + 2] as number) << 8) | (stream[at + 3] as number));
    if (end > stream.length) break;
    if (marker !== JFIF && marker !== ADOBE) parts.push(stream.subarray(at, end));
    at = end;
  }
  parts.push(stream.subarray(at));
  return concat(parts);
}
