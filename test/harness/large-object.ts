import { createHash } from 'node:crypto';
import { dataSetOf, numberElement, textElement } from '@acervo/dicom/data-set/build.ts';
import type { Tag } from '@acervo/dicom/data-set/model.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax, type TransferSyntax } from '@acervo/dicom/transfer-syntax.ts';

const MULTI_FRAME_TRUE_COLOR = '1.2.840.10008.5.1.4.1.1.7.4';
const JPEG_BASELINE = '1.2.840.10008.1.2.4.50';
const ROOT = '2.25.3003003003';
const MIB = 2 ** 20;

/** An object that is only ever made while it is sent. */
export type LargeObject = {
  sopClassUid: string;
  sopInstanceUid: string;
  studyUid: string;
  seriesUid: string;
  transferSyntaxUid: string;
  dataSetBytes: number;
  /** The data set, always the same; each chunk stays as it is until the next is asked for. */
  dataSet(): AsyncGenerator<Uint8Array>;
};

export type LargeFrames = LargeObject & {
  frameCount: number /** Digest of a frame, from 1. */;
  frameSha256(number: number): string;
};

const uids = { studyUid: ROOT, seriesUid: `${ROOT}.1`, sopClassUid: MULTI_FRAME_TRUE_COLOR };

/** Compressed frames of a MiB, one fragment each: what they hold is no picture, and nobody looks. */
export function largeFrames(frameCount: number): LargeFrames {
  const sopInstanceUid = `${ROOT}.1.1`;
  const header = headerOf(sopInstanceUid, frameCount, JPEG_BASELINE);
  const end = delimiter(0xe0dd, 0);
  return {
    ...uids,
    sopInstanceUid,
    transferSyntaxUid: JPEG_BASELINE,
    frameCount,
    dataSetBytes: header.length + PIXEL_DATA.length + 8 + frameCount * (8 + MIB) + end.length,
    async *dataSet() {
      yield Buffer.concat([header, PIXEL_DATA, delimiter(0xe000, 0)]);
      const frame = frameBytes(0);
      for (let number = 1; number <= frameCount; number++) {
        frame.writeUInt32LE(number, 0);
        yield delimiter(0xe000, MIB);
        yield frame;
      }
      yield end;
    },
    frameSha256: (number) => createHash('sha256').update(frameBytes(number)).digest('hex'),
  };
}

/** An object of which one private value before anything that says what it is has these many bytes. */
export function largeValue(valueMib: number): LargeObject {
  const sopInstanceUid = `${ROOT}.1.2`;
  const transferSyntaxUid = '1.2.840.10008.1.2.1';
  const whole = headerOf(sopInstanceUid, 1, transferSyntaxUid);
  const creator = Buffer.from([0x09, 0, 0x10, 0, ...Buffer.from('LO'), 4, 0, ...Buffer.from('TEST')]);
  const value = Buffer.from([0x09, 0, 0x01, 0x10, ...Buffer.from('OB'), 0, 0, 0, 0, 0, 0]);
  value.writeUInt32LE(valueMib * MIB, 8);
  const at = afterGroup8(whole);
  return {
    ...uids,
    sopInstanceUid,
    transferSyntaxUid,
    dataSetBytes: whole.length + creator.length + value.length + valueMib * MIB,
    async *dataSet() {
      yield Buffer.concat([whole.subarray(0, at), creator, value]);
      const chunk = frameBytes(1);
      for (let count = 0; count < valueMib; count++) yield chunk;
      yield whole.subarray(at);
    },
  };
}

/** Pixel Data of undefined length (PS3.5 A.4). */
const PIXEL_DATA = Buffer.from([0xe0, 0x7f, 0x10, 0, ...Buffer.from('OB'), 0, 0, 0xff, 0xff, 0xff, 0xff]);

function delimiter(element: number, length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(0xfffe, 0);
  bytes.writeUInt16LE(element, 2);
  bytes.writeUInt32LE(length, 4);
  return bytes;
}

function frameBytes(number: number): Buffer {
  const bytes = Buffer.alloc(MIB, 'not quite a JPEG stream, but as incompressible as one: \u00f1\u00e9');
  bytes.writeUInt32LE(number, 0);
  return bytes;
}

function headerOf(sopInstanceUid: string, frameCount: number, transferSyntaxUid: string): Uint8Array {
  const text = (tag: Tag, vr: 'UI' | 'CS' | 'LO' | 'PN' | 'DA', value: string) => textElement(tag, vr, value);
  const dataSet = dataSetOf([
    text(T.SOPClassUID, 'UI', uids.sopClassUid),
    text(T.SOPInstanceUID, 'UI', sopInstanceUid),
    text(T.StudyDate, 'DA', '20260102'),
    text(T.Modality, 'CS', 'OT'),
    text(T.PatientName, 'PN', 'GRANDE^OBJETO'),
    text(T.PatientID, 'LO', 'LARGE-1'),
    text(T.StudyInstanceUID, 'UI', uids.studyUid),
    text(T.SeriesInstanceUID, 'UI', uids.seriesUid),
    numberElement(T.SamplesPerPixel, 'US', [3]),
    text(T.PhotometricInterpretation, 'CS', 'YBR_FULL_422'),
    numberElement(T.NumberOfFrames, 'IS', [frameCount]),
    numberElement(T.Rows, 'US', [1024]),
    numberElement(T.Columns, 'US', [1024]),
    numberElement(T.BitsAllocated, 'US', [8]),
    numberElement(T.BitsStored, 'US', [8]),
    numberElement(T.HighBit, 'US', [7]),
    numberElement(T.PixelRepresentation, 'US', [0]),
  ]);
  return writeDataSet(dataSet, findTransferSyntax(transferSyntaxUid) as TransferSyntax);
}

/** Where group 0010 begins: Patient's Name is the first element of it here. */
function afterGroup8(header: Uint8Array): number {
  const at = Buffer.from(header).indexOf(Buffer.from([0x10, 0, 0x10, 0]));
  if (at < 0) throw new Error('the header has no group 0010');
  return at;
}
