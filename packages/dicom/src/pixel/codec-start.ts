/** As many bytes as tell a codec from another. */
export const CODEC_START_BYTES = 12;

const STARTS: readonly (readonly number[])[] = [
  // SOI and the first byte of any marker: JPEG (ITU-T T.81 B.1.1) and JPEG-LS (T.87).
  [0xff, 0xd8, 0xff],
  // SOC and SIZ: a code stream of JPEG 2000 (T.800 A.4), also of HTJ2K.
  [0xff, 0x4f, 0xff, 0x51],
  // Signature box of JP2 (T.800 I.5.1), then that of JPEG XL (ISO/IEC 18181-2) and its bare code stream.
  [0x00, 0x00, 0x00, 0x0c, 0x6a, 0x50, 0x20, 0x20, 0x0d, 0x0a, 0x87, 0x0a],
  [0x00, 0x00, 0x00, 0x0c, 0x4a, 0x58, 0x4c, 0x20, 0x0d, 0x0a, 0x87, 0x0a],
  [0xff, 0x0a],
];

const RLE_SEGMENTS_MAX = 15;
const RLE_HEADER_BYTES = 64;

/** True where a compressed frame begins; false in the midst of one, and for codecs without a mark (video). */
export function isCodecStart(bytes: Uint8Array): boolean {
  return STARTS.some((start) => start.every((byte, index) => bytes[index] === byte)) || isRleStart(bytes);
}

/** PS3.5 G.5: the number of segments, then the offset of the first one, which follows the header. */
function isRleStart(bytes: Uint8Array): boolean {
  const [segments = 0, b1, b2, b3, offset, b5, b6, b7] = bytes;
  const isOffset = offset === RLE_HEADER_BYTES && [b1, b2, b3, b5, b6, b7].every((byte) => byte === 0);
  return isOffset && segments >= 1 && segments <= RLE_SEGMENTS_MAX;
}
