import type { TestContext } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import {
  dataSetOf,
  element,
  encapsulated,
  numberElement,
  sequence,
  textElement,
} from '@acervo/dicom/data-set/build.ts';
import type { Element } from '@acervo/dicom/data-set/model.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { concat, latin1Bytes } from '@acervo/kernel/bytes.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { loadConfig } from '../../apps/config.ts';
import { type RunningServer, startServer } from '../../apps/server.ts';
import type { Receipt } from '../../holdings/store.ts';

/** An archive behind its HTTP door, on a free port, ended and removed after the test. */
export type TestArchive = { server: RunningServer; url: string; directory: string };

export async function startArchive(t: TestContext, environment: Record<string, string> = {}): Promise<TestArchive> {
  const directory = temporaryDirectory();
  const server = await startServer(
    loadConfig({
      ACERVO_DATA_DIR: directory,
      ACERVO_HTTP_PORT: '0',
      ACERVO_DIMSE_PORT: '0',
      ACERVO_ACCESS: 'open',
      ACERVO_PG_WAL_SEGMENT_MIB: '1',
      ACERVO_PG_SHARED_BUFFERS_MIB: '16',
      ACERVO_DISK_FREE_MIN_MIB: '0',
      ...environment,
    }),
    silentLog,
  );
  t.after(() => server.close());
  return { server, url: `http://127.0.0.1:${server.httpPort}`, directory };
}

/** One image as it is sent: its identity, and its data set in a transfer syntax. */
export type Image = {
  sopClassUid: string;
  sopInstanceUid: string;
  studyUid: string;
  seriesUid: string;
  transferSyntaxUid: string;
  dataSet: Uint8Array;
};

export type ImageOptions = {
  study: string;
  series: number;
  number: number;
  transferSyntaxUid: string;
  frames?: number;
  rows?: number;
  columns?: number;
  bitsAllocated?: 1 | 8 | 16;
  modality?: string;
  patient?: { id: string; name: string };
  more?: readonly Element[];
  /** Compressed frames, each in fragments; with them pixel data are encapsulated. */
  fragments?: readonly Uint8Array[];
};

/** Samples of 16 bits in little endian that differ from frame to frame. */
export function pixelsOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) % 251);
}

/** A private binary value longer than what stands in metadata, and an icon with pixels in a sequence. */
export const PRIVATE_BULK = pixelsOf(4001 + 1);
export const ICON = pixelsOf(64 * 64);
const PRIVATE_TAG = 0x00291010;

/** An image invented by this code: text in Latin-1, a private value, an icon, and pixels. */
export function image(options: ImageOptions): Image {
  const { study, series, number, transferSyntaxUid, frames = 1, rows = 5, columns = 7, bitsAllocated = 16 } = options;
  const { modality = 'OT', patient = { id: 'P1', name: 'IBÁÑEZ^ÍÑIGO' } } = options;
  const syntax = findTransferSyntax(transferSyntaxUid);
  if (syntax === undefined) throw new RangeError(transferSyntaxUid);
  const uids = {
    sopClassUid: '1.2.840.10008.5.1.4.1.1.7',
    sopInstanceUid: `${study}.${series}.${number}`,
    studyUid: study,
    seriesUid: `${study}.${series}`,
  };
  const pixels = pixelsOf(Math.ceil((frames * rows * columns * bitsAllocated) / 8));
  const dataSet = dataSetOf([
    textElement(T.SpecificCharacterSet, 'CS', 'ISO_IR 100'),
    textElement(T.SOPClassUID, 'UI', uids.sopClassUid),
    textElement(T.SOPInstanceUID, 'UI', uids.sopInstanceUid),
    textElement(T.StudyDate, 'DA', '20260203'),
    textElement(T.Modality, 'CS', modality),
    textElement(T.PatientName, 'PN', latin1Bytes(patient.name)),
    textElement(T.PatientID, 'LO', patient.id),
    textElement(T.StudyInstanceUID, 'UI', study),
    textElement(T.SeriesInstanceUID, 'UI', uids.seriesUid),
    numberElement(T.SeriesNumber, 'IS', [series]),
    numberElement(T.InstanceNumber, 'IS', [number]),
    numberElement(T.SamplesPerPixel, 'US', [1]),
    textElement(T.PhotometricInterpretation, 'CS', 'MONOCHROME2'),
    numberElement(T.NumberOfFrames, 'IS', [frames]),
    numberElement(T.Rows, 'US', [rows]),
    numberElement(T.Columns, 'US', [columns]),
    numberElement(T.BitsAllocated, 'US', [bitsAllocated]),
    numberElement(T.BitsStored, 'US', [bitsAllocated]),
    numberElement(T.HighBit, 'US', [bitsAllocated - 1]),
    numberElement(T.PixelRepresentation, 'US', [0]),
    textElement(0x00290010, 'LO', 'ACERVO TEST'),
    element(PRIVATE_TAG, 'OB', PRIVATE_BULK),
    sequence(T.IconImageSequence, [
      dataSetOf([
        numberElement(T.Rows, 'US', [64]),
        numberElement(T.Columns, 'US', [64]),
        element(T.PixelData, 'OW', ICON),
      ]),
    ]),
    options.fragments === undefined
      ? element(T.PixelData, 'OW', pixels)
      : encapsulated(T.PixelData, [new Uint8Array(0), ...options.fragments]),
    ...(options.more ?? []),
  ]);
  const written = writeDataSet(dataSet, syntax);
  return { ...uids, transferSyntaxUid, dataSet: syntax.deflated ? evenDeflated(written) : written };
}

function evenDeflated(bytes: Uint8Array): Uint8Array {
  const deflated = deflateRawSync(bytes);
  return deflated.length % 2 === 0 ? deflated : concat([deflated, new Uint8Array(1)]);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

export function storeImage({ server }: TestArchive, sent: Image, institution = 'TEST'): Promise<Receipt> {
  return server.archive.holdings.store.store(testOp({ institution }), {
    form: 'dataset',
    sopClassUid: sent.sopClassUid,
    sopInstanceUid: sent.sopInstanceUid,
    transferSyntaxUid: sent.transferSyntaxUid,
    sourceAet: 'TESTSCU',
    body: once(sent.dataSet),
  });
}

export function storeFile({ server }: TestArchive, file: Uint8Array, institution = 'TEST'): Promise<Receipt> {
  return server.archive.holdings.store.store(testOp({ institution }), { form: 'file', body: once(file) });
}

type Uids = Pick<Image, 'studyUid' | 'seriesUid' | 'sopInstanceUid'>;

export const studyPath = ({ studyUid }: Uids): string => `/dicom-web/studies/${studyUid}`;
export const seriesPath = (uids: Uids): string => `${studyPath(uids)}/series/${uids.seriesUid}`;
export const instancePath = (uids: Uids): string => `${seriesPath(uids)}/instances/${uids.sopInstanceUid}`;

/** What came back: the body is held whole, which tests can afford. */
export type Answered = { status: number; headers: Headers; body: Uint8Array };

export async function get({ url }: TestArchive, path: string, headers: Record<string, string> = {}): Promise<Answered> {
  const answer = await fetch(path.startsWith('http') ? path : url + path, { headers });
  return { status: answer.status, headers: answer.headers, body: new Uint8Array(await answer.arrayBuffer()) };
}

export const jsonOf = <J>({ body }: Answered): J => JSON.parse(new TextDecoder().decode(body)) as J;

export type Part = { headers: Record<string, string>; body: Uint8Array };

/** The parts of a multipart answer, cut by a reader that knows nothing of the writer. */
export function partsOf({ headers, body }: Answered): Part[] {
  const type = headers.get('content-type') ?? '';
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
  if (!type.startsWith('multipart/related') || boundary === undefined) throw new Error(`not multipart: ${type}`);
  const bytes = Buffer.from(body);
  const delimiter = Buffer.from(`--${boundary}`);
  const parts: Part[] = [];
  for (let at = bytes.indexOf(delimiter) + delimiter.length; bytes.subarray(at, at + 2).toString() === '\r\n'; ) {
    const headEnd = bytes.indexOf('\r\n\r\n', at);
    const next = bytes.indexOf(Buffer.from(`\r\n--${boundary}`), headEnd);
    const lines = bytes
      .subarray(at + 2, headEnd)
      .toString()
      .split('\r\n');
    const entries = lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
    parts.push({ headers: Object.fromEntries(entries), body: new Uint8Array(bytes.subarray(headEnd + 4, next)) });
    at = next + 2 + delimiter.length;
  }
  return parts;
}

/** The only part of an answer. */
export function partOf(answered: Answered): Part {
  const [part, ...more] = partsOf(answered);
  if (part === undefined || more.length > 0) throw new Error(`${more.length + 1} parts`);
  return part;
}
