import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { dataSetOf, element, numberElement } from '../data-set/build.ts';
import type { Element } from '../data-set/model.ts';
import { T } from '../tags.ts';
import { readPalette } from './palette.ts';

const DESCRIPTORS = [
  T.RedPaletteColorLookupTableDescriptor,
  T.GreenPaletteColorLookupTableDescriptor,
  T.BluePaletteColorLookupTableDescriptor,
];
const DATA = [T.RedPaletteColorLookupTableData, T.GreenPaletteColorLookupTableData, T.BluePaletteColorLookupTableData];
const SEGMENTED = [
  T.SegmentedRedPaletteColorLookupTableData,
  T.SegmentedGreenPaletteColorLookupTableData,
  T.SegmentedBluePaletteColorLookupTableData,
];

const paletteOf = (descriptor: readonly number[], data: (tag: number) => Element, tags: readonly number[]) =>
  readPalette(dataSetOf([...DESCRIPTORS.map((tag) => numberElement(tag, 'US', descriptor)), ...tags.map(data)]), false);
const words = (values: readonly number[]) => (tag: number) => numberElement(tag, 'OW', values);

test('entries of 16 bits are cut to 8; those that only have 8 are kept (PS3.3 C.7.6.3.1.5)', () => {
  assert.deepEqual([...paletteOf([3, 0, 16], words([0, 0x8000, 0xffff]), DATA).red], [0, 0x80, 0xff]);
  assert.deepEqual([...paletteOf([3, 0, 16], words([0, 0x80, 0xff]), DATA).green], [0, 0x80, 0xff]);
  const packed = paletteOf([4, 0, 8], (tag) => element(tag, 'OW', Uint8Array.of(1, 2, 3, 4)), DATA);
  assert.deepEqual([...packed.blue], [1, 2, 3, 4]);
});

test('0 entries are 65536, and the first value is kept', () => {
  const { first, red } = paletteOf([0, 5, 16], words(Array.from({ length: 65_536 }, (_, index) => index)), DATA);
  assert.deepEqual([first, red.length, red[0x1234]], [5, 65_536, 0x12]);
});

test('segments: discrete, linear, indirect (PS3.3 C.7.9.2)', () => {
  const segments = [0, 2, 0, 0x1000, 1, 3, 0x4000, 2, 1, 0, 0];
  const { red } = paletteOf([7, 0, 16], words(segments), SEGMENTED);
  // The indirect one repeats the discrete one at offset 0.
  assert.deepEqual([...red], [0, 0x10, 0x20, 0x30, 0x40, 0, 0x10]);
});

test('a palette that is missing, short or endless in itself is refused', () => {
  const refused = (thrown: unknown) => thrown instanceof Failure && thrown.code === 'pixel/malformed';
  assert.throws(() => readPalette(dataSetOf([]), false), refused);
  assert.throws(() => paletteOf([9, 0, 16], words([1, 2]), DATA), refused);
  assert.throws(() => paletteOf([9, 0, 16], words([2, 1, 0, 0]), SEGMENTED), refused);
  assert.throws(() => paletteOf([9, 0, 16], words([7, 1, 0, 0]), SEGMENTED), refused);
});
