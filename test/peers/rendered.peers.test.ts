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
import { headOf, objectOf } from '../harness/corpus.ts';
import { decodedByPeer, kindsOfPixels, type Pixels, pixelsOf } from '../harness/pixel-peers.ts';
import { instanceUrl } from '../harness/retrieved.ts';
import { runPeer } from '../harness/run-peer.ts';
import { stow } from '../harness/stow.ts';
import { institutionOf } from './corpus-outcome.ts';

const COMPARED_MIN = 45;
const LOSSLESS_MOST = 1;
/** DCMTK cuts each product of Y Cb Cr to a whole number before it adds them. */
const YBR_MOST = 2;
const YBR_MEAN = 1;
const DCT_MEAN = 0.5;
const DCT_MOST = 3;

/** Where the peer is not followed, and why. */
const APART: Readonly<Record<string, string>> = {
  'by-modality/CT/rt-utils__one_slice_data_0.dcm': 'slope 0.001: DCMTK rounds modality values to whole numbers',
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

/** DCMTK shows neither 32 bits a sample nor what it cannot decode. */
async function shownByPeer(folder: string, native: Uint8Array, options: readonly string[]): Promise<Shown | undefined> {
  const [from, to] = [join(folder, 'shown.dcm'), join(folder, 'shown.pnm')];
  writeFileSync(from, native);
  writeFileSync(to, '');
  const { code } = await runPeer('dcm2pnm', [...options, from, to]);
  const shown = pnm(new Uint8Array(readFileSync(to)));
  return code === 0 && shown.data.length > 0 ? shown : undefined;
}

async function shown(png: Uint8Array): Promise<Shown> {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  return { ...info, data };
}

function complaintOf(
  ours: Shown,
  theirs: Shown,
  transferSyntaxUid: string,
  { description }: Pixels,
): string | undefined {
  if (theirs.width !== ours.width || theirs.height !== ours.height) return `${ours.width} x ${ours.height}`;
  const { most, mean } = difference(ours, theirs);
  const isDct = isLossyCoding(transferSyntaxUid) && PIXEL_CODINGS.get(transferSyntaxUid) === 'jpeg';
  const isYbr = description.photometricInterpretation.startsWith('YBR');
  const limit = isDct ? DCT_MOST : isYbr ? YBR_MOST : LOSSLESS_MOST;
  const meanMax = isYbr ? YBR_MEAN : DCT_MEAN;
  // At the edges of subsampled chroma two decoders differ: one repeats it, the other one spreads it.
  // DCMTK cuts shades to whole numbers where we round them: one apart is the same.
  const isApart = (isDct && most > 1 && mean > meanMax) || (most > limit && !(isDct && isYbr));
  return isApart ? `most ${most}, mean ${mean.toFixed(3)}` : undefined;
}

test('every kind of pixels is shown as DCMTK shows it', async (t) => {
  const commands = ['dcm2pnm', 'dcmdrle', 'dcmdjpeg', 'dcmdjpls', 'gdcmconv'];
  if (!needsShared(t) || !commands.every((command) => needsPeer(t, command))) return;
  const folder = scratch(t, 'rendered');
  const archive = await startArchive(t, join(folder, 'data'));
  const complaints: string[] = [];
  let compared = 0;
  for (const [index, file] of kindsOfPixels().entries()) {
    const institution = institutionOf('RD', index);
    if ((await stow({ http: archive.http, institution }, [file.bytes])).status !== 200) continue;
    const native = await decodedByPeer(folder, file.bytes);
    const reference = native === undefined ? undefined : await pixelsOf(native).catch(() => undefined);
    if (native === undefined || reference === undefined || file.path in APART) continue;
    const { query, options } = windowsOf(reference);
    const answer = await fetch(`${instanceUrl(archive.http, objectOf(file), institution)}/rendered${query}`, {
      headers: { accept: 'image/png' },
    });
    const body = new Uint8Array(await answer.arrayBuffer());
    if (answer.status !== 200) {
      complaints.push(`${file.path}: ${answer.status}`);
      continue;
    }
    const theirs = await shownByPeer(folder, native, options);
    if (theirs === undefined) continue;
    compared += 1;
    const complaint = complaintOf(await shown(body), theirs, headOf(file.bytes).transferSyntaxUid, reference);
    if (complaint !== undefined) complaints.push(`${file.path}: ${complaint}`);
  }
  assert.deepEqual(complaints, []);
  assert.ok(compared >= COMPARED_MIN, `${compared} compared`);
});
