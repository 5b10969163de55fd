import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { imageOf } from './decode.ts';
import type { DecodedFrame } from './image.ts';
import { runPipeline, type Step, tensorAtEnd } from './pipeline.ts';

const description = {
  rows: 2,
  columns: 3,
  samplesPerPixel: 1,
  photometricInterpretation: 'MONOCHROME2',
  planarConfiguration: 0,
  bitsAllocated: 16,
  bitsStored: 16,
  highBit: 15,
  isSigned: true,
  isFloat: false,
} as const;
const presentation = {
  modality: { kind: 'rescale', slope: 2, intercept: -1 },
  voi: { kind: 'range' },
  padding: undefined,
  isInverse: false,
  palette: undefined,
  overlays: [],
} as const;
const frameAt = (z: number, samples: readonly number[]): DecodedFrame => ({
  samples: Int16Array.from(samples),
  description,
  presentation,
  geometry: {
    position: [0, 0, z],
    axes: [
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ],
    spacing: [0, 1, 1],
  },
});
const samples = fc.array(fc.integer({ min: -2048, max: 4095 }), { minLength: 6, maxLength: 6 });
const STEPS: readonly Step[] = [
  { op: 'decode' },
  { op: 'modalityLut' },
  { op: 'volume' },
  { op: 'orientation', to: 'LPI' },
  { op: 'layout', to: 'NCDHW' },
];

test('a volume is the same whether its frames share a block of memory or not, in whatever order they come', () =>
  fc.assert(
    fc.property(
      fc.array(samples, { minLength: 2, maxLength: 5 }).chain((slices) =>
        fc.shuffledSubarray(
          slices.map((values, z) => frameAt(z, values)),
          { minLength: slices.length },
        ),
      ),
      (frames) => {
        const apart = tensorAtEnd(
          STEPS,
          frames.map((frame) => imageOf(frame)),
        );
        assert.deepEqual(runPipeline(STEPS, frames).tensor, apart);
        const byPlace = frames.toSorted(
          (one, other) => (other.geometry?.position[2] ?? 0) - (one.geometry?.position[2] ?? 0),
        );
        assert.deepEqual(
          Array.from(apart.data),
          byPlace.flatMap((frame) => Array.from(frame.samples, (value) => 2 * value - 1)),
        );
      },
    ),
  ));
