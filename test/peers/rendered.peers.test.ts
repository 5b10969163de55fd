import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLossyCoding, PIXEL_CODINGS } from '@acervo/dicom/pixel/codings.ts';
import { readPresentation } from '@acervo/dicom/pixel/presentation.ts';
import { rangeOf, samplesOf } from '@acervo/dicom/pixel/samples.ts';
import { modalityOf } from '@acervo/dicom/pixel/voi.ts';
import { T } from '@acervo/dicom/tags.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { needsShared } from '@acervo/testkit/shared.ts';
import sharp from 'sharp';
import { scratch, startArchive } from '../harness/archive-process.ts';
import { type CorpusFile, headOf, objectOf } from '../harness/corpus.ts';
import { dctInColour, decodedByPeer, kindsOfPixels, type Pixels, pixelsOf } from '../harness/pixel-peers.ts';
import { convertedToRgb, needsPydicom } from '../harness/pydicom.ts';
import { instanceUrl } from '../harness/retrieved.ts';
import { runPeer } from '../harness/run-peer.ts';
import { stow } from '../harness/stow.ts';
import { institutionOf } from './corpus-outcome.ts';

/** Grey levels between two pictures. */
const LOSSLESS_MOST = 1;
const DCT_MEAN = 0.5;
const DCT_MOST = 3;

/** What no peer shows as it is, and why: there is a picture all the same. */
const ALONE: Readonly<Record<string, string>> = {
  'by-modality/CT/rt-utils__one_slice_data_0.dcm': 'slope 0.001: DCMTK rounds modality values to whole numbers',
  'by-modality/OT/pydicom-data__data_SC_rgb_32bit.dcm': 'DCMTK shows no 32 bits a sample',
  'by-modality/OT/pydicom-data__data_SC_rgb_expb_32bit.dcm': 'DCMTK shows no 32 bits a sample',
  'by-modality/SEG/pydicom-data__data_liver_deflate.dcm': 'neither DCMTK nor GDCM inflates single frames',
  'by-modality/SEG/pydicom-data__data_liver_nonbyte_aligned_rle.dcm': 'dcmdrle takes no single bits',
};
/** What has no picture, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  'derived/edge/bits_allocated_invalid.dcm': '406: Bits Allocated is one that no pixels have',
};

type Shown = { width: number; height: number; channels: number; data: Uint8Array };

/** A binary PGM or PPM of 8 bits. */
function pnm(bytes: Uint8Array): Shown {
  const text = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  const [head = '', kind, width, height] = /^P([56])\s+(?:#[^\n]*\n)*(\d+)\s+(\d+)\s+\d+\s/.exec(text) ?? [];
  return {
    width: Number(width),
    height: Number(height),
    channels: kind === '5' ? 1 : 3,
    data: bytes.subarray(head.length),
  };
}

/** What is asked of us and of DCMTK, so that both show the same: which window, where an object has none for both. */
function windowsOf({ description, dataSet, frames }: Pixels): { query: string; options: string[] } {
  if (!description.photometricInterpretation.startsWith('MONOCHROME')) return { query: '', options: [] };
  const { voi, modality, padding } = readPresentation(dataSet, description, 1);
  // DCMTK sees rescaling in functional groups, but not their windows.
  const isEnhanced = dataSet.elements.has(T.SharedFunctionalGroupsSequence);
  if (voi.kind === 'window' && !isEnhanced) return { query: '', options: ['+Wi', '1'] };
  if (voi.kind === 'table') return { query: '', options: ['+Wl', '1'] };
  const [low, high] = rangeOf(samplesOf({ description, bytes: frames[0] as Uint8Array }), padding);
  const [center, width] = [Math.round((low + high) / 2), Math.max(2, high - low)];
  const inModality = modalityOf(modality);
  const [c, w] = [inModality(center), Math.max(1, Math.abs(inModality(center + width) - inModality(center)))];
  // LINEAR of a window that is one wider and half a value higher is LINEAR_EXACT.
  return { query: `?window=${c},${w},linear-exact`, options: ['+Ww', `${c + 0.5}`, `${w + 1}`] };
}

function difference(ours: Shown, theirs: Shown): { most: number; mean: number } {
  let [most, sum] = [0, 0];
  const pixels = ours.width * ours.height;
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const [a, b] = [ours, theirs].map(
        ({ data, channels }) => data[pixel * channels + Math.min(channel, channels - 1)] ?? 0,
      );
      const apart = Math.abs((a as number) - (b as number));
      most = Math.max(most, apart);
      sum += apart;
    }
  }
  return { most, mean: sum / pixels / 3 };
}

/**
 * What a peer makes of native pixels: DCMTK, and of Y Cb Cr pydicom, since DCMTK cuts each product to a whole number
 * before it adds them. DCMTK shows no 32 bits a sample.
 */
async function shownByPeer(
  folder: string,
  native: Uint8Array,
  { description }: Pixels,
  options: readonly string[],
): Promise<Shown | undefined> {
  const [from, to] = [join(folder, 'shown.dcm'), join(folder, 'shown.pnm')];
  writeFileSync(from, native);
  writeFileSync(to, '');
  const isYbr = description.photometricInterpretation.startsWith('YBR');
  const isDone = isYbr ? await convertedToRgb(from, to) : (await runPeer('dcm2pnm', [...options, from, to])).code === 0;
  const shown = pnm(new Uint8Array(readFileSync(to)));
  return isDone && shown.data.length > 0 ? shown : undefined;
}

async function shown(png: Uint8Array): Promise<Shown> {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  return { ...info, data };
}

/**
 * How far apart two pictures may be. One grey level apart is the same, since DCMTK cuts shades to whole numbers where
 * we round them: of 12 bits of DCT that is a mean of 0.8. Of DCT more may be rounding of the decoders. Edges of
 * subsampled chroma are not left out: the decoders of both spread it alike.
 */
function complaintOf(ours: Shown, theirs: Shown, transferSyntaxUid: string): string | undefined {
  if (theirs.width !== ours.width || theirs.height !== ours.height) return `${ours.width} x ${ours.height}`;
  const { most, mean } = difference(ours, theirs);
  const isDct = isLossyCoding(transferSyntaxUid) && PIXEL_CODINGS.get(transferSyntaxUid) === 'jpeg';
  const isAlike = most <= LOSSLESS_MOST || (isDct && most <= DCT_MOST && mean <= DCT_MEAN);
  return isAlike ? undefined : `most ${most}, mean ${mean.toFixed(3)}`;
}

/** One file of each kind, and every stream of DCT in colour: chroma is subsampled in more than one way. */
function compared(): CorpusFile[] {
  const kinds = kindsOfPixels();
  const known = new Set(kinds.map(({ path }) => path));
  return [...kinds, ...dctInColour().filter(({ path }) => !known.has(path))];
}

test('every kind of pixels is shown as DCMTK and pydicom show it', async (t) => {
  const commands = ['dcm2pnm', 'dcmdrle', 'dcmdjpeg', 'dcmdjpls', 'gdcmconv'];
  if (!needsShared(t) || !commands.every((command) => needsPeer(t, command)) || !(await needsPydicom(t))) return;
  const folder = scratch(t, 'rendered');
  const archive = await startArchive(t, join(folder, 'data'));
  const complaints: string[] = [];
  const alone: string[] = [];
  const refused: string[] = [];
  for (const [index, file] of compared().entries()) {
    const institution = institutionOf('RD', index);
    if ((await stow({ http: archive.http, institution }, [file.bytes])).status !== 200) continue;
    const native = await decodedByPeer(folder, file.bytes);
    const reference = native === undefined ? undefined : await pixelsOf(native).catch(() => undefined);
    const { query, options } = reference === undefined ? { query: '', options: [] } : windowsOf(reference);
    const url = `${instanceUrl(archive.http, objectOf(file), institution)}/rendered${query}`;
    const answer = await fetch(url, { headers: { accept: 'image/png' } });
    const body = new Uint8Array(await answer.arrayBuffer());
    const theirs =
      native === undefined || reference === undefined || file.path in ALONE
        ? undefined
        : await shownByPeer(folder, native, reference, options);
    if (answer.status === 406) {
      refused.push(file.path);
      continue;
    }
    assert.equal(answer.status, 200, file.path);
    const complaint = theirs && complaintOf(await shown(body), theirs, headOf(file.bytes).transferSyntaxUid);
    if (complaint !== undefined) complaints.push(`${file.path}: ${complaint}`);
    else if (theirs === undefined) alone.push(file.path);
  }
  assert.deepEqual(complaints, []);
  assert.deepEqual(alone, Object.keys(ALONE));
  assert.deepEqual(refused, Object.keys(REFUSED));
});
