import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { readFileHead } from '@acervo/dicom/part10.ts';
import { readImageDescription } from '@acervo/dicom/pixel/description.ts';
import { readPresentation } from '@acervo/dicom/pixel/presentation.ts';
import { samplesOf } from '@acervo/dicom/pixel/samples.ts';
import { IDENTITY } from '@acervo/dicom/pixel/voi.ts';
import { T } from '@acervo/dicom/tags.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { imageOf } from './decode.ts';
import type { Geometry, Image } from './image.ts';
import { tensorBytes } from './layout.ts';
import { applied, type Step, tensorAtEnd } from './pipeline.ts';

type Given = {
  shape: number[];
  data: number[];
  photometric: Image['photometric'];
  range: [number, number];
  geometry?: Geometry;
};
type Vector = {
  name: string;
  steps: Step[];
  inputs?: Given[];
  dicom?: string;
  exact: boolean;
  output?: { shape: number[]; data: number[] };
  refused?: string;
  affine?: number[][];
  range?: [number, number];
  sha256?: string;
};

/** Made by test/vectors/make_ops_vectors.py: numpy and pydicom. */
const FOLDER = join(import.meta.dirname, 'vectors');
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.jsonl'));
const FLOAT_TOLERANCE = 1e-6;

const PLAIN: Image['presentation'] = {
  modality: IDENTITY,
  voi: { kind: 'range' },
  padding: undefined,
  isInverse: false,
  palette: undefined,
  overlays: [],
};

function given({ shape, data, photometric, range, geometry }: Given): Image {
  const [slices, rows, columns, channels] = shape as [number, number, number, number];
  const values = Float32Array.from(data);
  return { slices, rows, columns, channels, data: values, photometric, range, geometry, presentation: PLAIN };
}

function decoded(base64: string): Image {
  const file = new Uint8Array(Buffer.from(base64, 'base64'));
  const head = readFileHead(file, true);
  assert.ok('dataSetOffset' in head);
  const syntax = { explicitVr: true, littleEndian: true };
  const { dataSet } = readDataSet(file.subarray(head.dataSetOffset), { syntax });
  const description = readImageDescription(dataSet);
  const bytes = dataSet.elements.get(T.PixelData)?.value as Uint8Array;
  const presentation = readPresentation(dataSet, description, 1);
  return imageOf({ samples: samplesOf({ description, bytes }), description, presentation, geometry: undefined });
}

function affineOf({ position, axes, spacing }: Geometry): number[][] {
  return [0, 1, 2, 3].map((row) =>
    row === 3
      ? [0, 0, 0, 1]
      : [...axes.map((axis, index) => (axis[row] as number) * (spacing[index] as number)), position[row] as number],
  );
}

function near(found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number, what: string): void {
  assert.equal(found.length, wanted.length, what);
  for (let index = 0; index < found.length; index++) {
    const [a, b] = [found[index] as number, wanted[index] as number];
    const isNear = tolerance === 0 ? a === b : Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));
    assert.ok(isNear, `${what} [${index}]: ${a}, ${b} expected`);
  }
}

function check(vector: Vector): void {
  const { name, steps, exact, output, affine, range, sha256 } = vector;
  const images = vector.dicom === undefined ? (vector.inputs ?? []).map(given) : [decoded(vector.dicom)];
  const tolerance = exact ? 0 : FLOAT_TOLERANCE;
  const last = steps.at(-1);
  if (last?.op === 'layout') {
    const tensor = tensorAtEnd(steps, images);
    assert.deepEqual(tensor.dims, output?.shape, name);
    near(tensor.data, output?.data ?? [], tolerance, name);
    assert.equal(createHash('sha256').update(tensorBytes(tensor)).digest('hex'), sha256, name);
    return;
  }
  const results = steps.reduce<readonly Image[]>((now, step) => applied(step, now), images);
  assert.equal(results.length, 1, name);
  const [image] = results as readonly [Image];
  assert.deepEqual([image.slices, image.rows, image.columns, image.channels], output?.shape, name);
  near(image.data, output?.data ?? [], tolerance, name);
  if (range !== undefined) near(image.range, range, FLOAT_TOLERANCE, `${name}: range`);
  if (affine !== undefined) near(affineOf(image.geometry as Geometry).flat(), affine.flat(), 1e-9, `${name}: affine`);
}

for (const file of FILES) {
  test(`${file.slice(0, -6)} gives what numpy and pydicom give`, () => {
    const lines = readFileSync(join(FOLDER, file), 'utf8').trim().split('\n');
    const vectors = lines.map((line) => JSON.parse(line) as Vector);
    assert.ok(vectors.length > 0);
    for (const vector of vectors) {
      if (vector.refused === undefined) {
        check(vector);
        continue;
      }
      const isAsSaid = (thrown: unknown): boolean =>
        thrown instanceof Failure &&
        (thrown.code === vector.refused ||
          (thrown.code === 'model/not-applicable' && thrown.detail.startsWith(`${vector.refused}: `)));
      assert.throws(() => check(vector), isAsSaid, vector.name);
    }
  });
}

test('the vectors are those of the script, every operation has some', () => {
  const sums = readFileSync(join(FOLDER, 'SHA256SUMS'), 'utf8').trim().split('\n').toSorted();
  const found = FILES.map(
    (name) =>
      `${createHash('sha256')
        .update(readFileSync(join(FOLDER, name)))
        .digest('hex')}  ${name}`,
  );
  assert.deepEqual(found.toSorted(), sums);
  const operations = ['crop', 'decode', 'layout', 'modality-lut', 'normalise', 'orientation', 'pad', 'photometric'];
  assert.deepEqual(
    FILES.toSorted(),
    [...operations, 'resize', 'scale', 'voi', 'volume'].map((name) => `${name}.jsonl`),
  );
});
