import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageDescription } from './description.ts';
import { pictureOf } from './picture.ts';
import type { Presentation } from './presentation.ts';
import { IDENTITY } from './voi.ts';

const DESCRIPTION: ImageDescription = {
  rows: 1,
  columns: 3,
  samplesPerPixel: 1,
  photometricInterpretation: 'MONOCHROME2',
  planarConfiguration: 0,
  bitsAllocated: 16,
  bitsStored: 12,
  highBit: 11,
  isSigned: false,
  isFloat: false,
};
const PRESENTATION: Presentation = {
  modality: IDENTITY,
  voi: { kind: 'window', window: { center: 50.5, width: 101, function: 'LINEAR' } },
  padding: undefined,
  isInverse: false,
  palette: undefined,
  overlays: [],
};
const BYTES = new Uint8Array(Uint16Array.of(0, 50, 100).buffer);

const shades = (description: Partial<ImageDescription>, presentation: Partial<Presentation>): number[] => [
  ...pictureOf({ description: { ...DESCRIPTION, ...description }, bytes: BYTES }, { ...PRESENTATION, ...presentation })
    .data,
];

test('shades follow from what this picture says, whatever the one before said', () => {
  const plain = [0, 128, 255];
  for (const [description, presentation, expected] of [
    [{}, {}, plain],
    [{}, { isInverse: true }, [255, 128, 0]],
    [{}, { modality: { kind: 'rescale', slope: 2, intercept: 0 } }, [0, 255, 255]],
    [{}, { voi: { kind: 'window', window: { center: 101, width: 201, function: 'LINEAR' } } }, [0, 63, 127]],
    [{ isSigned: true }, {}, plain],
    [{ bitsStored: 16, highBit: 15 }, {}, plain],
  ] as const) {
    assert.deepEqual(shades(description, presentation), expected, JSON.stringify([description, presentation]));
    assert.deepEqual(shades({}, {}), plain);
  }
});
