import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { rgbOf } from './colour.ts';
import type { ImageDescription } from './description.ts';
import { fitted } from './fit.ts';
import { rangeOf, samplesOf } from './samples.ts';

const GREY: ImageDescription = {
  rows: 1,
  columns: 4,
  samplesPerPixel: 1,
  photometricInterpretation: 'MONOCHROME2',
  planarConfiguration: 0,
  bitsAllocated: 16,
  bitsStored: 12,
  highBit: 11,
  isSigned: false,
  isFloat: false,
};
const COLOUR: ImageDescription = {
  ...GREY,
  columns: 2,
  samplesPerPixel: 3,
  photometricInterpretation: 'RGB',
  bitsAllocated: 8,
  bitsStored: 8,
  highBit: 7,
};
const cells = (...values: number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);

test('only the stored bits count, wherever they lie, with their sign', () => {
  const bytes = cells(0xf001, 0x0800, 0x7fff, 0x8000);
  assert.deepEqual([...samplesOf({ bytes, description: GREY })], [1, 0x800, 0xfff, 0]);
  assert.deepEqual([...samplesOf({ bytes, description: { ...GREY, isSigned: true } })], [1, -2048, -1, 0]);
  const high = { ...GREY, highBit: 15 };
  assert.deepEqual([...samplesOf({ bytes, description: high })], [0xf00, 0x80, 0x7ff, 0x800]);
});

test('bytes need not lie on a boundary, and may be a part of a larger buffer', () => {
  const within = Buffer.concat([Buffer.from([9]), cells(1, 2, 3, 4)]).subarray(1);
  assert.deepEqual([...samplesOf({ bytes: within, description: GREY })], [1, 2, 3, 4]);
});

test('planes, single bits and subsampled chroma come by pixel', () => {
  const planes = {
    bytes: Uint8Array.of(1, 2, 3, 4, 5, 6),
    description: { ...COLOUR, planarConfiguration: 1 as const },
  };
  assert.deepEqual([...samplesOf(planes)], [1, 3, 5, 2, 4, 6]);
  const bits = { ...GREY, columns: 9, bitsAllocated: 1, bitsStored: 1, highBit: 0 };
  assert.deepEqual([...samplesOf({ bytes: Uint8Array.of(0x81, 1), description: bits })], [1, 0, 0, 0, 0, 0, 0, 1, 1]);
  const half = {
    bytes: Uint8Array.of(10, 20, 30, 40),
    description: { ...COLOUR, photometricInterpretation: 'YBR_FULL_422' },
  };
  assert.deepEqual([...samplesOf(half)], [10, 30, 40, 20, 30, 40]);
});

test('a frame that is too short is malformed', () => {
  assert.throws(
    () => samplesOf({ bytes: new Uint8Array(7), description: GREY }),
    (thrown) => thrown instanceof Failure && thrown.code === 'pixel/malformed',
  );
});

test('padding does not count in the range', () => {
  assert.deepEqual(rangeOf(Int16Array.of(-2000, 5, 9, -1999), { from: -2000, to: -1999 }), [5, 9]);
  assert.deepEqual(rangeOf(Int16Array.of(-2000), { from: -2000, to: -2000 }), [0, 0]);
});

test('colours: full and partial range, deep samples', () => {
  const colours = (photometricInterpretation: string, ...bytes: number[]): number[] => [
    ...rgbOf(Uint8Array.from(bytes), { ...COLOUR, photometricInterpretation }, undefined),
  ];
  assert.deepEqual(colours('YBR_FULL', 76, 85, 255), [254, 0, 0]);
  assert.deepEqual(colours('YBR_PARTIAL_422', 235, 128, 128, 16, 128, 128), [255, 255, 255, 0, 0, 0]);
  const deep = { ...COLOUR, bitsAllocated: 16, bitsStored: 16, highBit: 15 };
  assert.deepEqual([...rgbOf(Uint16Array.of(0, 32_896, 65_535), deep, undefined)], [0, 128, 255]);
  assert.throws(() => colours('CMYK', 1, 2, 3), Failure);
});

test('a decoded stream becomes cells of the header, and more bits than it says only where they are used', () => {
  const coded = { rows: 1, columns: 4, components: 1, precision: 16, isSigned: false };
  const small = fitted({ ...coded, values: Uint16Array.of(1, 2, 3, 4095) }, GREY, 'stream');
  assert.equal(small.description.bitsStored, 12);
  const large = fitted({ ...coded, values: Uint16Array.of(1, 2, 3, 4096) }, GREY, 'stream');
  assert.deepEqual([large.description.bitsStored, large.description.highBit], [16, 15]);
  const kept = fitted({ ...coded, values: Uint16Array.of(1, 2, 3, 4096) }, GREY, 'header');
  assert.equal(kept.description.bitsStored, 12);
  const signed = fitted({ ...coded, precision: 8, isSigned: true, values: Int8Array.of(-1, 0, 1, 2) }, GREY, 'stream');
  assert.deepEqual(
    [...samplesOf({ ...signed, description: { ...signed.description, isSigned: true } })],
    [-1, 0, 1, 2],
  );
  assert.throws(() => fitted({ ...coded, columns: 5, values: new Uint16Array(5) }, GREY, 'stream'), Failure);
});
