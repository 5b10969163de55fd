import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { goodManifest } from '@acervo/model/manifest/manifest.fixture.ts';
import type { Manifest, ManifestInput } from '@acervo/model/manifest/manifest.ts';
import { checkOnnx } from '@acervo/model/onnx/check.ts';
import { readOnnx } from '@acervo/model/onnx/read.ts';
import { filmAsCr } from '@acervo/testkit/fixtures/film.ts';
import { needsShared, sharedPath } from '@acervo/testkit/shared.ts';
import { InferencePool } from '../../adapters/onnx/pool.ts';
import { PIXEL_LIMITS, PixelPool } from '../../adapters/pixel/pool.ts';
import { readImageFile } from './images.ts';
import { sha256Of } from './intake.ts';
import { runModel } from './run.ts';

/** Made by test/vectors/make_real_vectors.py: numpy interprets the models, pydicom reads the MR objects. */
type Vector = { model: 'logreg' | 'tumour'; file: string; tensorSha256: string; outputs: number[] };
const VECTORS = readFileSync(join(import.meta.dirname, 'vectors/real.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);
const TOLERANCE = 1e-5;

function manifestOf(
  file: string,
  bytes: Uint8Array,
  opset: number,
  input: Pick<ManifestInput, 'name' | 'pipeline'>,
  shape: readonly number[],
  channels: number,
  output: Pick<Manifest['outputs'][number], 'name' | 'kind'>,
  modality: string,
): Manifest {
  const good = goodManifest();
  const [base] = good.inputs as readonly [ManifestInput];
  const monai = { ...base.monai, num_channels: channels, spatial_shape: shape };
  const select = { level: 'instance', all: [{ tag: '00080060', eq: modality }] } as const;
  return {
    ...good,
    artifact: { ...good.artifact, file, sha256: sha256Of(bytes), sizeBytes: bytes.length, opset },
    inputs: [{ ...base, ...input, monai, select }],
    outputs: [{ ...output, encode: [{ to: 'dicom-sr' }] }],
    resources: { cpu: 1, memoryMiB: 512, gpu: 0, deadlineMs: 60_000 },
  };
}

function logreg(bytes: Uint8Array): Manifest {
  const pipeline = [{ op: 'decode' }, { op: 'scale', to: [0, 1] }, { op: 'layout', to: 'NCHW' }] as const;
  const output = { name: 'p_abnormal', kind: 'score' } as const;
  return manifestOf('logreg.onnx', bytes, 13, { name: 'image', pipeline }, [64, 64], 1, output, 'CR');
}

function tumour(bytes: Uint8Array): Manifest {
  const pipeline = [
    { op: 'decode' },
    { op: 'voi', mode: 'minmax' },
    { op: 'resize', size: [224, 224], interp: 'bilinear', coord: 'half_pixel' },
    { op: 'photometric', to: 'RGB' },
    { op: 'layout', to: 'NHWC' },
  ] as const;
  const output = { name: 'Identity:0', kind: 'scores' } as const;
  return manifestOf('tumour.onnx', bytes, 15, { name: 'input_layer', pipeline }, [224, 224], 3, output, 'MR');
}

test('on real images tensors are those of numpy to the bit, and outputs within 1e-5', async (t) => {
  if (!needsShared(t)) return;
  const imaging = new PixelPool({ ...PIXEL_LIMITS, workers: 1, kept: 0 });
  const limits = { sandbox: 'required', workers: 1, memoryMiBMax: 1024, waitingMax: 10, idleMs: 60_000 } as const;
  const inference = new InferencePool(limits);
  t.after(() => Promise.all([imaging.close(), inference.close()]));
  const read = (name: string): Uint8Array => new Uint8Array(readFileSync(sharedPath('models', name)));
  const films = read('baseline_nih1000_logreg.onnx');
  const slices = read('brain-tumor-detection_anas436.onnx');
  const models = {
    logreg: { manifest: logreg(films), model: films },
    tumour: { manifest: tumour(slices), model: slices },
  };
  assert.deepEqual(new Set(VECTORS.map(({ model }) => model)), new Set(['logreg', 'tumour']));
  for (const { model, file, tensorSha256, outputs } of VECTORS) {
    const path = sharedPath(file);
    const bytes = model === 'logreg' ? await filmAsCr(path) : new Uint8Array(readFileSync(path));
    const of = models[model];
    const signal = new AbortController().signal;
    const result = await runModel(of, [readImageFile(file, bytes)], { imaging, inference }, signal);
    assert.ok(result.status === 'DONE', `${file}: ${JSON.stringify(result)}`);
    assert.equal(result.tensorSha256, tensorSha256, file);
    const [found = []] = Object.values(result.outputs);
    assert.equal(found.length, outputs.length);
    for (const [index, value] of found.entries()) {
      assert.ok(Math.abs(value - (outputs[index] as number)) <= TOLERANCE, `${file} [${index}]: ${value}, ${outputs}`);
    }
  }
});

test('the intake finds nothing against these two models', (t) => {
  if (!needsShared(t)) return;
  for (const [name, of] of [
    ['baseline_nih1000_logreg.onnx', logreg],
    ['brain-tumor-detection_anas436.onnx', tumour],
  ] as const) {
    const bytes = new Uint8Array(readFileSync(sharedPath('models', name)));
    const { artifact, inputs, outputs } = of(bytes);
    const names = (list: readonly { name: string }[]): string[] => list.map((each) => each.name);
    const claim = { file: name, opset: artifact.opset, domains: artifact.ops };
    assert.deepEqual(checkOnnx(readOnnx(bytes), { ...claim, inputs: names(inputs), outputs: names(outputs) }), []);
  }
});
