import { concat, equalBytes, latin1Bytes } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { numberOf, uidOf } from './data-set/access.ts';
import { decodeHeader, type Encoding, type Header, newHeader, UNDEFINED_LENGTH } from './data-set/header.ts';
import { PARSE_LIMITS } from './data-set/limits.ts';
import type { DataSet } from './data-set/model.ts';
import { dataSetOf, element, numberElement, textElement, writeDataSet } from './data-set/write.ts';
import { sniffTransferSyntax } from './sniff.ts';
import { T } from './tags.ts';

/** `2.25.` and a UUID of this implementation as a decimal number (PS3.5 B.2); it changes with none of its versions. */
export const IMPLEMENTATION_CLASS_UID = '2.25.176596530258504769312000467965326931320';
/** At most 16 characters (SH). */
export const IMPLEMENTATION_VERSION_NAME = 'ACERVO_0.1';

const PREAMBLE_BYTES = 128;
const MAGIC = latin1Bytes('DICM');
const META_GROUP = 0x0002;
const HEADER_BYTES = 8;
const EXPLICIT_LITTLE: Encoding = { explicitVr: true, littleEndian: true };

/** What stands in a DICOM file before its data set (PS3.10 7.1). */
export type FileHead = {
  /** Group 0002 as found; values are views of the bytes given. Empty where there is none. */
  meta: DataSet;
  /** As the file meta information says, or, where it does not, as the data set shows. */
  transferSyntaxUid: string;
  mediaStorageSopClassUid?: string;
  mediaStorageSopInstanceUid?: string;
  /** In bytes. */
  dataSetOffset: number;
  hasPreamble: boolean;
  /** The transfer syntax was not declared but concluded from the data set. */
  isSniffed: boolean;
  /** Nothing missing and the group length right: a head worth keeping verbatim. */
  complete: boolean;
};

/**
 * Read the head of a DICOM file from its first bytes. Tolerates a missing preamble, a wrong or missing
 * group length, meta information in implicit VR or big endian or without a transfer syntax, and no meta
 * information at all; then the data set's first elements must leave no doubt what they are.
 *
 * @param bytes the first bytes of the file; call again with more when they do not suffice.
 * @param isWhole there are no more bytes.
 * @returns the head, or how many first bytes it takes to go on.
 * @throws {Failure} parse/not-part10; parse/truncated; parse/malformed; parse/limit.
 */
export function readFileHead(bytes: Uint8Array, isWhole = false): FileHead | { need: number } {
  const wanted = PREAMBLE_BYTES + MAGIC.length;
  if (bytes.length < wanted && !isWhole) return { need: wanted };
  const hasPreamble = startsWith(bytes, PREAMBLE_BYTES, MAGIC);
  const start = hasPreamble ? wanted : startsWith(bytes, 0, MAGIC) ? MAGIC.length : 0;
  const meta = readMeta(bytes, start, isWhole);
  if ('need' in meta) return meta;
  const declared = uidOf(meta.dataSet, T.TransferSyntaxUID);
  const sniffed = declared ?? sniffTransferSyntax(bytes.subarray(meta.end), isWhole);
  if (sniffed === undefined) return notKnown(bytes.length, meta.end, start);
  if (typeof sniffed !== 'string') return { need: meta.end + sniffed.need };
  return headOf(meta, sniffed, declared === undefined, hasPreamble);
}

function startsWith(bytes: Uint8Array, at: number, prefix: Uint8Array): boolean {
  return equalBytes(bytes.subarray(at, at + prefix.length), prefix);
}

function notKnown(length: number, metaEnd: number, start: number): never {
  if (metaEnd === 0) throw new Failure('parse/not-part10', 'no File Meta Information, and no data set that is sure');
  if (length - metaEnd < HEADER_BYTES) throw new Failure('parse/truncated', 'ends before its data set');
  throw new Failure('parse/malformed', `no transfer syntax after the magic at ${start}, and none to be seen`);
}

function headOf(meta: Meta, transferSyntaxUid: string, isSniffed: boolean, hasPreamble: boolean): FileHead {
  const sopClassUid = uidOf(meta.dataSet, T.MediaStorageSOPClassUID);
  const sopInstanceUid = uidOf(meta.dataSet, T.MediaStorageSOPInstanceUID);
  const hasRequired =
    meta.dataSet.elements.has(T.FileMetaInformationVersion) &&
    sopClassUid !== undefined &&
    sopInstanceUid !== undefined &&
    uidOf(meta.dataSet, T.ImplementationClassUID) !== undefined;
  return {
    meta: meta.dataSet,
    transferSyntaxUid,
    ...(sopClassUid !== undefined && { mediaStorageSopClassUid: sopClassUid }),
    ...(sopInstanceUid !== undefined && { mediaStorageSopInstanceUid: sopInstanceUid }),
    dataSetOffset: meta.end,
    hasPreamble,
    isSniffed,
    complete: hasPreamble && hasRequired && !isSniffed && meta.isRegular,
  };
}

type Meta = {
  dataSet: DataSet;
  end: number;
  /** Explicit VR little endian with a right group length. */
  isRegular: boolean;
};

/**
 * The elements of group 0002 from `start` on. Where the group length is right it decides; else the first
 * tag of another group does.
 */
function readMeta(bytes: Uint8Array, start: number, isWhole: boolean): Meta | { need: number } {
  if (bytes.length < start + HEADER_BYTES && !isWhole) return { need: start + HEADER_BYTES };
  const encoding = metaEncoding(bytes, start);
  const dataSet: DataSet = { elements: new Map(), littleEndian: encoding.littleEndian };
  const header = newHeader();
  let at = start;
  let declaredEnd: number | undefined;
  while (at !== declaredEnd) {
    const lack = decodeHeader(bytes, at, bytes.length, encoding, header, isWhole);
    if (lack > 0 && !isWhole) return { need: at + lack };
    if (lack > 0 || header.tag >>> 16 !== META_GROUP) break;
    const end = valueEnd(header, at, start);
    if (end > bytes.length && !isWhole) return { need: end };
    if (end > bytes.length) throw new Failure('parse/truncated', 'ends inside of the File Meta Information');
    take(dataSet, header, bytes, at);
    at = end;
    const groupLength = numberOf(dataSet, T.FileMetaInformationGroupLength);
    if (header.tag === T.FileMetaInformationGroupLength && groupLength !== undefined) declaredEnd = at + groupLength;
  }
  return { dataSet, end: at, isRegular: at === declaredEnd && encoding.explicitVr && encoding.littleEndian };
}

function valueEnd(header: Header, at: number, start: number): number {
  const { length } = header;
  if (length === UNDEFINED_LENGTH) throw new Failure('parse/malformed', 'undefined length in File Meta Information');
  const end = at + header.headerBytes + length;
  const { metaBytesMax } = PARSE_LIMITS;
  if (end - start > metaBytesMax) throw new Failure('parse/limit', `more than metaBytesMax ${metaBytesMax}`);
  return end;
}

function take(dataSet: DataSet, header: Header, bytes: Uint8Array, at: number): void {
  const { tag, vr, length } = header;
  const offset = at + header.headerBytes;
  if (dataSet.elements.has(tag)) return;
  dataSet.elements.set(tag, { tag, vr, length, offset, value: bytes.subarray(offset, offset + length) });
}

/**
 * PS3.10 7.1: explicit VR little endian.
 * DEVIATION: some writers used the encoding of the data set: big endian shows in the group, implicit VR in
 * the missing letters.
 */
function metaEncoding(bytes: Uint8Array, start: number): Encoding {
  if (bytes[start] === 0 && bytes[start + 1] === META_GROUP) return { explicitVr: true, littleEndian: false };
  const isLetter = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x41 && byte <= 0x5a;
  const explicitVr = isLetter(bytes[start + 4]) && isLetter(bytes[start + 5]);
  return { explicitVr, littleEndian: true };
}

/**
 * A preamble of zeros, the magic and complete File Meta Information (PS3.10 7.1), to be followed by the
 * data set in the transfer syntax that is named.
 */
export function writeFileHead(of: {
  sopClassUid: string;
  sopInstanceUid: string;
  transferSyntaxUid: string;
  sourceAet?: string;
}): Uint8Array {
  const elements = [
    element(T.FileMetaInformationVersion, 'OB', Uint8Array.of(0, 1)),
    textElement(T.MediaStorageSOPClassUID, 'UI', of.sopClassUid),
    textElement(T.MediaStorageSOPInstanceUID, 'UI', of.sopInstanceUid),
    textElement(T.TransferSyntaxUID, 'UI', of.transferSyntaxUid),
    textElement(T.ImplementationClassUID, 'UI', IMPLEMENTATION_CLASS_UID),
    textElement(T.ImplementationVersionName, 'SH', IMPLEMENTATION_VERSION_NAME),
  ];
  if (of.sourceAet !== undefined) elements.push(textElement(T.SourceApplicationEntityTitle, 'AE', of.sourceAet));
  const body = writeDataSet(dataSetOf(elements), EXPLICIT_LITTLE);
  const groupLength = dataSetOf([numberElement(T.FileMetaInformationGroupLength, 'UL', [body.length])]);
  return concat([new Uint8Array(PREAMBLE_BYTES), MAGIC, writeDataSet(groupLength, EXPLICIT_LITTLE), body]);
}
