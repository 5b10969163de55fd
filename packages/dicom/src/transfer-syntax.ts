/** How a data set and its pixel data are encoded (PS3.5 10 and annex A). */
export type TransferSyntax = {
  uid: string;
  name: string;
  explicitVr: boolean;
  littleEndian: boolean;
  /** The whole data set is deflated (PS3.5 A.5); a compression of single frames is `encapsulated`. */
  deflated: boolean;
  /** Pixel Data is a sequence of fragments (PS3.5 A.4). */
  encapsulated: boolean;
  retired: boolean;
  /** Every image in this syntax has the pixels it was made from. False also where both are possible. */
  lossless: boolean;
};

export const IMPLICIT_LE = '1.2.840.10008.1.2';
export const EXPLICIT_LE = '1.2.840.10008.1.2.1';
export const EXPLICIT_BE = '1.2.840.10008.1.2.2';
export const DEFLATED_LE = '1.2.840.10008.1.2.1.99';

type Flags = Partial<Omit<TransferSyntax, 'uid' | 'name'>>;

const native = (uid: string, name: string, flags: Flags = {}): TransferSyntax => ({
  uid,
  name,
  explicitVr: true,
  littleEndian: true,
  deflated: false,
  encapsulated: false,
  retired: false,
  lossless: true,
  ...flags,
});
const JPEG_FAMILY = '1.2.840.10008.1.2.4.';
const lossless = (last: string, name: string, flags: Flags = {}): TransferSyntax =>
  native(JPEG_FAMILY + last, name, { encapsulated: true, ...flags });
const lossy = (last: string, name: string, flags: Flags = {}): TransferSyntax =>
  lossless(last, name, { lossless: false, ...flags });
const RETIRED: Flags = { retired: true };
/** A JPIP server decides what it sends, so neither way of the pixels is certain (PS3.5 A.6, A.7, A.11). */
const JPIP: Flags = { encapsulated: false };

/** Every transfer syntax of PS3.6 table A-1, the retired ones and those added up to 2025 included. */
export const TRANSFER_SYNTAXES: readonly Readonly<TransferSyntax>[] = [
  native(IMPLICIT_LE, 'Implicit VR Little Endian', { explicitVr: false }),
  native(EXPLICIT_LE, 'Explicit VR Little Endian'),
  native('1.2.840.10008.1.2.1.98', 'Encapsulated Uncompressed Explicit VR Little Endian', { encapsulated: true }),
  native(DEFLATED_LE, 'Deflated Explicit VR Little Endian', { deflated: true }),
  native(EXPLICIT_BE, 'Explicit VR Big Endian', { littleEndian: false, retired: true }),
  lossy('50', 'JPEG Baseline (Process 1)'),
  lossy('51', 'JPEG Extended (Process 2 and 4)'),
  lossy('52', 'JPEG Extended (Process 3 and 5)', RETIRED),
  lossy('53', 'JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)', RETIRED),
  lossy('54', 'JPEG Spectral Selection, Non-Hierarchical (Process 7 and 9)', RETIRED),
  lossy('55', 'JPEG Full Progression, Non-Hierarchical (Process 10 and 12)', RETIRED),
  lossy('56', 'JPEG Full Progression, Non-Hierarchical (Process 11 and 13)', RETIRED),
  lossless('57', 'JPEG Lossless, Non-Hierarchical (Process 14)'),
  lossless('58', 'JPEG Lossless, Non-Hierarchical (Process 15)', RETIRED),
  lossy('59', 'JPEG Extended, Hierarchical (Process 16 and 18)', RETIRED),
  lossy('60', 'JPEG Extended, Hierarchical (Process 17 and 19)', RETIRED),
  lossy('61', 'JPEG Spectral Selection, Hierarchical (Process 20 and 22)', RETIRED),
  lossy('62', 'JPEG Spectral Selection, Hierarchical (Process 21 and 23)', RETIRED),
  lossy('63', 'JPEG Full Progression, Hierarchical (Process 24 and 26)', RETIRED),
  lossy('64', 'JPEG Full Progression, Hierarchical (Process 25 and 27)', RETIRED),
  lossless('65', 'JPEG Lossless, Hierarchical (Process 28)', RETIRED),
  lossless('66', 'JPEG Lossless, Hierarchical (Process 29)', RETIRED),
  lossless('70', 'JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 [Selection Value 1])'),
  lossless('80', 'JPEG-LS Lossless Image Compression'),
  lossy('81', 'JPEG-LS Lossy (Near-Lossless) Image Compression'),
  lossless('90', 'JPEG 2000 Image Compression (Lossless Only)'),
  lossy('91', 'JPEG 2000 Image Compression'),
  lossless('92', 'JPEG 2000 Part 2 Multi-component Image Compression (Lossless Only)'),
  lossy('93', 'JPEG 2000 Part 2 Multi-component Image Compression'),
  lossy('94', 'JPIP Referenced', JPIP),
  lossy('95', 'JPIP Referenced Deflate', { ...JPIP, deflated: true }),
  lossy('100', 'MPEG2 Main Profile / Main Level'),
  lossy('100.1', 'Fragmentable MPEG2 Main Profile / Main Level'),
  lossy('101', 'MPEG2 Main Profile / High Level'),
  lossy('101.1', 'Fragmentable MPEG2 Main Profile / High Level'),
  lossy('102', 'MPEG-4 AVC/H.264 High Profile / Level 4.1'),
  lossy('102.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1'),
  lossy('103', 'MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1'),
  lossy('103.1', 'Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1'),
  lossy('104', 'MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video'),
  lossy('104.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video'),
  lossy('105', 'MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video'),
  lossy('105.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video'),
  lossy('106', 'MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2'),
  lossy('106.1', 'Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2'),
  lossy('107', 'HEVC/H.265 Main Profile / Level 5.1'),
  lossy('108', 'HEVC/H.265 Main 10 Profile / Level 5.1'),
  lossless('110', 'JPEG XL Lossless'),
  // Gives back the JPEG stream bit by bit, but that stream was lossy.
  lossy('111', 'JPEG XL JPEG Recompression'),
  lossy('112', 'JPEG XL'),
  lossless('201', 'High-Throughput JPEG 2000 Image Compression (Lossless Only)'),
  lossless('202', 'High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)'),
  lossy('203', 'High-Throughput JPEG 2000 Image Compression'),
  lossy('204', 'JPIP HTJ2K Referenced', JPIP),
  lossy('205', 'JPIP HTJ2K Referenced Deflate', { ...JPIP, deflated: true }),
  native('1.2.840.10008.1.2.5', 'RLE Lossless', { encapsulated: true }),
  native('1.2.840.10008.1.2.6.1', 'RFC 2557 MIME encapsulation', RETIRED),
  native('1.2.840.10008.1.2.6.2', 'XML Encoding', RETIRED),
  native('1.2.840.10008.1.2.7.1', 'SMPTE ST 2110-20 Uncompressed Progressive Active Video'),
  native('1.2.840.10008.1.2.7.2', 'SMPTE ST 2110-20 Uncompressed Interlaced Active Video'),
  native('1.2.840.10008.1.2.7.3', 'SMPTE ST 2110-30 PCM Digital Audio'),
  native('1.2.840.10008.1.2.8.1', 'Deflated Image Frame Compression', { encapsulated: true }),
  native('1.2.840.10008.1.20', 'Papyrus 3 Implicit VR Little Endian', { explicitVr: false, retired: true }),
];

const BY_UID = new Map(TRANSFER_SYNTAXES.map((syntax) => [syntax.uid, syntax]));

/** The transfer syntax of a UID; undefined for a private or unknown one. */
export function findTransferSyntax(uid: string): Readonly<TransferSyntax> | undefined {
  return BY_UID.get(uid);
}
