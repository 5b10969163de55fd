import { EXPLICIT_LE, IMPLICIT_LE, TRANSFER_SYNTAXES } from '../transfer-syntax.ts';

/** How the pixels of a transfer syntax are coded, as far as anything here decodes it. */
export type PixelCoding = 'native' | 'deflated' | 'rle' | 'jpeg' | 'jpegLs' | 'jpeg2000' | 'htj2k';

export const RLE_LOSSLESS = '1.2.840.10008.1.2.5';
export const JPEG_LS_LOSSLESS = '1.2.840.10008.1.2.4.80';
export const HTJ2K_LOSSLESS = '1.2.840.10008.1.2.4.201';

/** What is made of other transfer syntaxes, none of it with loss; the simplest first. */
export const TARGET_SYNTAXES: readonly string[] = [
  EXPLICIT_LE,
  IMPLICIT_LE,
  RLE_LOSSLESS,
  JPEG_LS_LOSSLESS,
  HTJ2K_LOSSLESS,
];

/** Whether pixels can come from one transfer syntax to another, as far as their syntaxes tell. */
export const canRecode = (fromSyntax: string, toSyntax: string): boolean =>
  fromSyntax === toSyntax || (PIXEL_CODINGS.has(fromSyntax) && TARGET_SYNTAXES.includes(toSyntax));

const JPEG_FAMILY = '1.2.840.10008.1.2.4.';
const FAMILY: readonly (readonly [PixelCoding, readonly string[]])[] = [
  ['jpeg', ['50', '51', '52', '53', '54', '55', '56', '57', '58', '70']],
  ['jpegLs', ['80', '81']],
  ['jpeg2000', ['90', '91']],
  ['htj2k', ['201', '202', '203']],
];
const NATIVE: readonly string[] = ['', '.1', '.2', '.1.99', '.1.98'].map((end) => `1.2.840.10008.1.2${end}`);

/** By Transfer Syntax UID; absent where nothing here decodes it: video, JPEG XL, hierarchical JPEG, JPIP. */
export const PIXEL_CODINGS: ReadonlyMap<string, PixelCoding> = new Map([
  ...NATIVE.map((uid): [string, PixelCoding] => [uid, 'native']),
  ['1.2.840.10008.1.2.8.1', 'deflated'],
  [RLE_LOSSLESS, 'rle'],
  ...FAMILY.flatMap(([coding, ends]) => ends.map((end): [string, PixelCoding] => [JPEG_FAMILY + end, coding])),
]);

/** Syntaxes in which pixels are lost by their definition: DCT and near-lossless ones. */
export const isLossyCoding = (transferSyntaxUid: string): boolean => {
  const coding = PIXEL_CODINGS.get(transferSyntaxUid);
  const isAlways = coding === 'jpeg' || coding === 'jpegLs';
  return isAlways && TRANSFER_SYNTAXES.some(({ uid, lossless }) => uid === transferSyntaxUid && !lossless);
};
