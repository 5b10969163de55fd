import { closeSync, mkdirSync, openSync, readFileSync, writeSync, writevSync } from 'node:fs';
import { join } from 'node:path';
import { textElement } from '@acervo/dicom/data-set/build.ts';
import { headerBytes, writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE, findTransferSyntax, type TransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { concat, latin1Bytes } from '@acervo/kernel/bytes.ts';
import { createRandom } from '@acervo/kernel/random.ts';
import { type Charset, dataSetFrom } from '@acervo/platform/apps/demo/sample/attributes.ts';
import { headerOf, KINDS, type Kind, type Pixels } from './headers.ts';
import { type Uids, uidsOf } from './uids.ts';

const IMPLICIT_LE = '1.2.840.10008.1.2';
/** Every so many-th CT study is in implicit VR, as from an old scanner. */
const IMPLICIT_EVERY = 5;
const SERIES_PER_STUDY = 2;
/** Pixels of an object are a window into one buffer of noise; another object, another place. */
const POOL_SLACK_BYTES = 1 << 18;
const POOL_STEP_BYTES = 194;

/** One Part 10 file. Its UIDs are those of the stamp that it has now. */
export type ObjectFile = {
  path: string;
  transferSyntaxUid: string;
  place: { study: number; series: number; instance: number };
};

export type ObjectSetOptions = {
  kind: Kind;
  /** The same seed gives the same bytes. */
  seed: number;
  /** Folders, for one association each; no study is in two of them. */
  folders: number;
  studiesPerFolder: number;
  instancesPerStudy: number;
  /** 2 unless said. */
  seriesPerStudy?: number;
};

/** Files on the disk that can be sent again and again as new ones. */
export type ObjectSet = {
  folders: readonly string[];
  files: readonly ObjectFile[];
  bytes: number;
  /** Give every UID of every file another stamp, where it has not that stamp already. Costs one write for each. */
  restamp(stamp: number): void;
  /** UIDs of a file or, without series and instance, of its study, under the stamp that it has now. */
  uids(): Uids;
};

type Made = { file: ObjectFile; header: Uint8Array; stampAt: readonly number[] };

/** Write a set of made objects: 0.5 GB in about a second. */
export function writeObjects(directory: string, options: ObjectSetOptions): ObjectSet {
  const { kind, seed, folders, studiesPerFolder, instancesPerStudy, seriesPerStudy = SERIES_PER_STUDY } = options;
  let stamp = 0;
  const uids = uidsOf(seed, stamp);
  const pool = pixelPool(KINDS[kind].pixels);
  const all: Made[] = [];
  const names = Array.from({ length: folders }, (_, index) => join(directory, String(index)));
  let bytes = 0;
  for (const [index, folder] of names.entries()) {
    for (let nth = 0; nth < studiesPerFolder; nth++) {
      const study = index * studiesPerFolder + nth;
      mkdirSync(join(folder, String(study)), { recursive: true });
      for (let instance = 1; instance <= instancesPerStudy; instance++) {
        const series = 1 + Math.floor(((instance - 1) * seriesPerStudy) / instancesPerStudy);
        const path = join(folder, String(study), `${String(instance).padStart(6, '0')}.dcm`);
        const made = makeObject(kind, uids, { path, place: { study, series, instance } });
        bytes += writeFile(path, made.header, pool(study * instancesPerStudy + instance));
        all.push(made);
      }
    }
  }
  return {
    folders: names,
    files: all.map(({ file }) => file),
    bytes,
    restamp: (wanted) => {
      if (wanted === stamp) return;
      stamp = wanted;
      const text = latin1Bytes(uidsOf(seed, stamp).stampText);
      for (const each of all) overwriteStamp(each, text);
    },
    uids: () => uidsOf(seed, stamp),
  };
}

/** The bytes of a file as it is now. */
export const bytesOf = ({ path }: ObjectFile): Uint8Array => readFileSync(path);

function makeObject(kind: Kind, uids: Uids, { path, place }: Pick<ObjectFile, 'path' | 'place'>): Made {
  const isImplicit = kind === 'ct' && place.study % IMPLICIT_EVERY === IMPLICIT_EVERY - 1;
  const transferSyntaxUid = isImplicit ? IMPLICIT_LE : EXPLICIT_LE;
  const syntax = findTransferSyntax(transferSyntaxUid) as TransferSyntax;
  const charset: Charset =
    place.study % 2 === 0 ? { declared: 'ISO_IR 100', bytes: 'latin1' } : { declared: 'ISO_IR 192', bytes: 'utf8' };
  const dataSet = dataSetFrom(headerOf(kind, uids, place), charset);
  dataSet.elements.set(T.SpecificCharacterSet, textElement(T.SpecificCharacterSet, 'CS', charset.declared ?? ''));
  const { sopClassUid, pixels } = KINDS[kind];
  const head = writeFileHead({ sopClassUid, sopInstanceUid: uids.of(place), transferSyntaxUid });
  const pixelHead = headerBytes(T.PixelData, pixels.bits === 16 ? 'OW' : 'OB', byteLengthOf(pixels), syntax);
  const header = concat([head, writeDataSet(dataSet, syntax), pixelHead]);
  return { file: { path, transferSyntaxUid, place }, header, stampAt: placesOf(header, uids.stampText) };
}

function placesOf(header: Uint8Array, stampText: string): number[] {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.length);
  const places: number[] = [];
  for (let at = bytes.indexOf(stampText); at >= 0; at = bytes.indexOf(stampText, at + 1)) places.push(at);
  return places;
}

function overwriteStamp({ file, header, stampAt }: Made, text: Uint8Array): void {
  for (const at of stampAt) header.set(text, at);
  const descriptor = openSync(file.path, 'r+');
  writeSync(descriptor, header, 0, header.length, 0);
  closeSync(descriptor);
}

function writeFile(path: string, header: Uint8Array, pixels: Uint8Array): number {
  const descriptor = openSync(path, 'wx');
  const written = writevSync(descriptor, [header, pixels]);
  closeSync(descriptor);
  if (written !== header.length + pixels.length) throw new Error(`${path}: the disk is full`);
  return written;
}

const byteLengthOf = ({ rows, columns, samples, frames, bits }: Pixels): number =>
  (rows * columns * samples * frames * bits) / 8;

/** Noise over a slope, of 12 bits where there are 16: no two windows of it are equal. */
function pixelPool(pixels: Pixels): (number: number) => Uint8Array {
  const length = byteLengthOf(pixels);
  const pool = new Uint8Array(length + POOL_SLACK_BYTES);
  const words = new DataView(pool.buffer);
  const random = createRandom('pixels');
  for (let at = 0; at < pool.length; at += 2) {
    const noise = random.uint32();
    words.setInt16(at, pixels.bits === 16 ? ((at >> 8) + (noise % 256)) & 0xfff : noise & 0xffff, true);
  }
  return (number) => {
    const from = (number * POOL_STEP_BYTES) % POOL_SLACK_BYTES;
    return pool.subarray(from, from + length);
  };
}
