import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { composed } from '../data-set/compose.ts';
import { readDataSet } from '../data-set/read.ts';
import { writeDataSet } from '../data-set/write.ts';
import { packBits, unpackBits } from './pack.ts';
import { readSegmentation } from './read.ts';
import type { Plane, Segmentation } from './segmentation.ts';
import { segmentationValues } from './write.ts';

const EXPLICIT = { explicitVr: true, littleEndian: true };
const bit = fc.integer({ min: 0, max: 1 });
const frames = (pixels: number, least = 1) =>
  fc.array(
    fc.array(bit, { minLength: pixels, maxLength: pixels }).map((each) => Uint8Array.from(each)),
    { minLength: least, maxLength: 6 },
  );

test('bits are unpacked as they were packed, whatever a frame has of pixels', () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 41 }).chain((pixels) => frames(pixels)),
      (given) => {
        const packed = packBits(given);
        const pixels = given[0]?.length ?? 0;
        assert.equal(packed.length, 2 * Math.ceil((pixels * given.length) / 16));
        for (const [index, frame] of given.entries()) assert.deepEqual(unpackBits(packed, index, pixels), frame);
      },
    ),
  ));

test('the order of bits is that of PS3.5 8.1.1: least significant first, on through the frames', () => {
  assert.deepEqual(
    packBits([Uint8Array.of(1, 0, 0), Uint8Array.of(1, 1, 0), Uint8Array.of(0, 0, 1)]),
    Uint8Array.of(0b0001_1001, 1),
  );
  assert.throws(
    () => unpackBits(Uint8Array.of(1), 1, 5),
    (thrown) => thrown instanceof Failure && thrown.code === 'parse/truncated',
  );
});

const CODE = { value: '4147007', scheme: 'SCT', meaning: 'Mass' };
const algorithm = { family: CODE, name: 'x', version: '1' };

const given = (rows: number, columns: number, pixels: readonly Uint8Array[]): Segmentation => ({
  rows,
  columns,
  orientation: [1, 0, 0, 0, 1, 0],
  pixelSpacing: [1, 2],
  sliceThickness: 3,
  dimensionOrganizationUid: '2.25.1',
  segments: [1, 2].map((number) => ({
    number,
    label: 's',
    category: CODE,
    property: CODE,
    algorithm,
    cielab: [1, 2, 3],
  })),
  planes: pixels.map((each, index) => ({
    segment: (index % 2) + 1,
    source: { sopClassUid: '1.2', sopInstanceUid: `1.2.${index}` },
    position: [0, 0, 100 - index],
    pixels: each,
  })),
});

const isDrawn = ({ pixels }: Plane): boolean => pixels.includes(1);
const inOrder = (planes: readonly Plane[]): Plane[] =>
  planes.filter(isDrawn).sort((a, b) => a.segment - b.segment || a.position[2] - b.position[2]);

test('a segmentation is read as it was written, without its empty frames', () =>
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: 7 })
        .chain((rows) =>
          fc
            .integer({ min: 1, max: 7 })
            .chain((columns) => frames(rows * columns).map((each) => given(rows, columns, each))),
        ),
      (segmentation) => {
        fc.pre(segmentation.planes.some(isDrawn));
        const bytes = writeDataSet(composed(segmentationValues(segmentation), ['ISO_IR 6']), EXPLICIT);
        const { rows, columns, frames: found } = readSegmentation(readDataSet(bytes, { syntax: EXPLICIT }).dataSet);
        assert.deepEqual([rows, columns], [segmentation.rows, segmentation.columns]);
        assert.deepEqual(found, inOrder(segmentation.planes));
      },
    ),
  ));

test('what cannot be is refused', () => {
  const good = given(1, 2, [Uint8Array.of(0, 1)]);
  const bad: readonly Segmentation[] = [
    { ...good, planes: [] },
    given(1, 2, [Uint8Array.of(0, 0)]),
    given(2, 2, [Uint8Array.of(0, 1)]),
    { ...good, segments: good.segments.toReversed() },
    { ...good, segments: good.segments.slice(0, 0) },
    { ...good, segments: good.segments.map((each) => ({ ...each, cielab: [0, 0, 65536] as const })) },
  ];
  for (const each of bad) assert.throws(() => segmentationValues(each), RangeError);
  const written = composed(segmentationValues(good), ['ISO_IR 6']);
  for (const tag of written.elements.keys()) {
    const elements = new Map(written.elements);
    elements.delete(tag);
    try {
      readSegmentation({ ...written, elements });
    } catch (thrown) {
      assert.ok(thrown instanceof Failure && thrown.code.startsWith('parse/'), String(thrown));
    }
  }
});
