import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import type { DataSet, Element } from '@acervo/dicom/data-set/model.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { sourceOf } from '@acervo/dicom/data-set/source.ts';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { isLossyCoding, PIXEL_CODINGS } from '@acervo/dicom/pixel/codings.ts';
import { type ImageDescription, readImageDescription } from '@acervo/dicom/pixel/description.ts';
import { frameBytes, readFrameIndex } from '@acervo/dicom/pixel/frames.ts';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { sharedPath } from '@acervo/testkit/shared.ts';
import { type CorpusFile, corpusFile, headOf, objectOf } from './corpus.ts';
import { runPeer } from './run-peer.ts';

export const JPEG_2000 = '1.2.840.10008.1.2.4.90';

/** Which command decodes what. GDCM's OpenJPEG reads HTJ2K where the transfer syntax says JPEG 2000. */
const DECODERS: Readonly<Record<string, readonly string[]>> = {
  rle: ['dcmdrle'],
  jpeg: ['dcmdjpeg', '+cn'],
  jpegLs: ['dcmdjpls'],
  jpeg2000: ['gdcmconv', '--raw'],
  htj2k: ['gdcmconv', '--raw'],
};

/** The same object without compression, as a peer decodes it; undefined where it does not. */
export async function decodedByPeer(folder: string, file: Uint8Array): Promise<Uint8Array | undefined> {
  const { transferSyntaxUid } = headOf(file);
  const coding = PIXEL_CODINGS.get(transferSyntaxUid) ?? '';
  if (coding === 'native') return file;
  const [command, ...options] = DECODERS[coding] ?? [];
  if (command === undefined) return undefined;
  const [from, to] = [join(folder, 'coded.dcm'), join(folder, 'native.dcm')];
  rmSync(to, { force: true });
  writeFileSync(from, coding === 'htj2k' ? renamed(file, JPEG_2000) : file);
  const { code } = await runPeer(command, [...options, from, to]);
  return code === 0 && existsSync(to) ? readFileSync(to) : undefined;
}

/** The same object under the name of another transfer syntax, for peers that do not know its own. */
export function renamed(file: Uint8Array, transferSyntaxUid: string): Uint8Array {
  const { sopClassUid, sopInstanceUid, dataSet } = objectOf({ path: 'renamed', bytes: file });
  return concat([writeFileHead({ sopClassUid, sopInstanceUid, transferSyntaxUid }), dataSet]);
}

/** What a file says of its pixels, and where they lie. */
export type Pixels = {
  dataSet: DataSet;
  description: ImageDescription;
  frames: Uint8Array[];
  pixelData: Element | undefined;
};

/** The frames of a file, as they stand in it. */
export async function pixelsOf(file: Uint8Array): Promise<Pixels> {
  const head = headOf(file);
  const syntax = findTransferSyntax(head.transferSyntaxUid);
  if (syntax === undefined) throw new Error(head.transferSyntaxUid);
  const body = file.subarray(head.dataSetOffset);
  const bytes = syntax.deflated ? new Uint8Array(inflateRawSync(body)) : body;
  const { dataSet } = readDataSet(bytes, { syntax });
  const source = sourceOf(bytes);
  const index = await readFrameIndex(dataSet, source);
  const frames: Uint8Array[] = [];
  for (let number = 1; number <= index.frameCount; number++) frames.push(await frameBytes(index, number, source));
  return { dataSet, description: readImageDescription(dataSet), frames, pixelData: dataSet.elements.get(0x7fe00010) };
}

type IndexEntry = Record<'path' | 'transferSyntax' | 'photometric' | 'bitsAllocated' | 'bitsStored', string> & {
  pixelRepresentation: string;
  hasPixelData?: boolean;
};

const usableIndex = (): IndexEntry[] =>
  (JSON.parse(readFileSync(sharedPath('corpus/index.json'), 'utf8')) as IndexEntry[]).filter(
    ({ path, transferSyntax, hasPixelData }) =>
      hasPixelData === true && !path.startsWith('malformed/') && PIXEL_CODINGS.has(transferSyntax),
  );

/** One file for each transfer syntax, photometric interpretation and depth of the corpus. */
export function kindsOfPixels(): CorpusFile[] {
  const kinds = new Map<string, string>();
  for (const entry of usableIndex()) {
    const { path, transferSyntax, photometric, bitsAllocated, bitsStored, pixelRepresentation } = entry;
    const key = [transferSyntax, photometric, bitsAllocated, bitsStored, pixelRepresentation].join();
    if (!kinds.has(key)) kinds.set(key, path);
  }
  return [...kinds.values()].map(corpusFile);
}

/** Every file of lossy JPEG in Y Cb Cr. */
export const dctInColour = (): CorpusFile[] =>
  usableIndex()
    .filter(({ transferSyntax, photometric }) => {
      const isJpeg = PIXEL_CODINGS.get(transferSyntax) === 'jpeg';
      return isJpeg && isLossyCoding(transferSyntax) && photometric.startsWith('YBR');
    })
    .map(({ path }) => corpusFile(path));
