import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeJpeg } from '@acervo/dicom/pixel/jpeg/decode.ts';
import { samplesOf } from '@acervo/dicom/pixel/samples.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { needsShared } from '@acervo/testkit/shared.ts';
import { scratch } from '../harness/archive-process.ts';
import { corpusFile } from '../harness/corpus.ts';
import { decodedByPeer, pixelsOf } from '../harness/pixel-peers.ts';
import { runPeer } from '../harness/run-peer.ts';

/** Grey of 12 and of 16 bits, and colours of 8. */
const SOURCES = [
  'by-modality/MR/dicom__testdata_3.dcm',
  'by-modality/MR/dicom2nifti__001_001.dcm',
  'by-modality/OT/dicom-test-files__pydicom_SC_rgb_small_odd.dcm',
];
/** Every predictor of lossless JPEG; then what loses: baseline, extended, spectral selection, full progression. */
const LOSSLESS = [1, 2, 3, 4, 5, 6, 7].map((predictor) => ['+el', '+sv', `${predictor}`]);
const LOSSY = [['+eb'], ['+ee'], ['+es'], ['+ep']].map((options) => [...options, '+s4']);
const CODED_MIN = 25;

test('what dcmcjpeg makes is decoded as dcmdjpeg decodes it', async (t) => {
  if (!needsShared(t) || !needsPeer(t, 'dcmcjpeg') || !needsPeer(t, 'dcmdjpeg')) return;
  const folder = scratch(t, 'jpeg');
  const [from, to] = [join(folder, 'from.dcm'), join(folder, 'to.dcm')];
  let coded = 0;
  for (const source of SOURCES) {
    writeFileSync(from, corpusFile(source).bytes);
    for (const options of [...LOSSLESS, ...LOSSY]) {
      // It refuses more bits than a process has; predictors are asked of what is not subsampled.
      const { code } = await runPeer('dcmcjpeg', [...options, from, to]);
      if (code !== 0) continue;
      coded += 1;
      const file = readFileSync(to);
      const [stream] = (await pixelsOf(file)).frames;
      const decoded = await decodedByPeer(folder, file);
      assert.ok(stream !== undefined && decoded !== undefined, source);
      const { description, frames } = await pixelsOf(decoded);
      const theirs = samplesOf({ description, bytes: frames[0] as Uint8Array });
      const { samples } = decodeJpeg(stream);
      const most = samples.reduce((max, sample, at) => Math.max(max, Math.abs(sample - (theirs[at] as number))), 0);
      assert.ok(most <= (options[0] === '+el' ? 0 : 1), `${source} ${options.join(' ')}: ${most} apart`);
    }
  }
  assert.ok(coded >= CODED_MIN, `${coded} coded`);
});
