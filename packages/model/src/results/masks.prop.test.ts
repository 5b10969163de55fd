import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataSetOf } from '@acervo/dicom/data-set/build.ts';
import fc from 'fast-check';
import { dot, type Geometry, type Vector } from '../ops/image.ts';
import { type PlacedImage, planesOf } from './masks.ts';

const AXES: readonly Vector[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];
const source = { dataSet: dataSetOf([]), sopClassUid: '1', sopInstanceUid: '1.2', seriesUid: '1.1', dataSetSha256: '' };

const directions = (permuted: readonly Vector[], turn: number): Geometry['axes'] => {
  const [slice, row, column] = permuted as [Vector, Vector, Vector];
  const mix = (a: Vector, b: Vector, by: readonly [number, number]): Vector =>
    AXES.map((_, index) => (a[index] as number) * by[0] + (b[index] as number) * by[1]) as unknown as Vector;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return [slice, mix(row, column, [cos, sin]), mix(row, column, [-sin, cos])];
};
const geometry = (turns: readonly number[]): fc.Arbitrary<Geometry> =>
  fc
    .record({
      permuted: fc.shuffledSubarray([...AXES], { minLength: 3 }),
      turn: fc.constantFrom(...turns),
      spacing: fc.tuple(fc.constantFrom(1, 2.5), fc.constantFrom(0.5, 0.7), fc.constantFrom(0.6, 3)),
      position: fc.tuple(...AXES.map(() => fc.integer({ min: -3, max: 3 }))),
    })
    .map(({ permuted, turn, spacing, position }) => ({
      axes: directions(permuted, turn),
      spacing,
      position: position as unknown as Vector,
    }));

const size = fc.integer({ min: 1, max: 5 });
const given = fc.record({
  grid: fc.record({ slices: size, rows: size, columns: size, geometry: geometry([0]) }),
  // As scanners do it: along the grid, turned over, and aslant in it.
  image: fc.record({
    rows: fc.integer({ min: 1, max: 9 }),
    columns: fc.integer({ min: 1, max: 9 }),
    geometry: geometry([0, Math.PI, 0.4]),
  }),
  seed: fc.integer({ min: 0, max: 0xffff }),
});

/** By the definition: where the pixel's centre lies, in voxels along each axis. Undefined on an edge between two. */
function valueAt(image: Omit<PlacedImage, 'image'>, grid: Grid, place: [number, number], values: number[]) {
  const { position, axes, spacing } = image.geometry;
  const [, down, along] = axes;
  const centre = AXES.map(
    (_, index) =>
      (position[index] as number) -
      (grid.geometry.position[index] as number) +
      place[0] * spacing[1] * (down[index] as number) +
      place[1] * spacing[2] * (along[index] as number),
  ) as unknown as Vector;
  const voxel = grid.geometry.axes.map((axis, index) => dot(centre, axis) / (grid.geometry.spacing[index] as number));
  if (voxel.some((each) => Math.abs(each + 0.5 - Math.round(each + 0.5)) < 1e-6)) return undefined;
  const [slice = 0, row = 0, column = 0] = voxel.map(Math.round);
  const isWithin = slice >= 0 && slice < grid.slices && row >= 0 && row < grid.rows && column >= 0;
  return isWithin && column < grid.columns ? (values[(slice * grid.rows + row) * grid.columns + column] as number) : 0;
}

type Grid = { slices: number; rows: number; columns: number; geometry: Geometry };

test('each pixel is that of the voxel in which its centre lies, however the image lies in the grid', () =>
  fc.assert(
    fc.property(given, ({ grid, image, seed }) => {
      const voxels = grid.slices * grid.rows * grid.columns;
      const values = Array.from({ length: voxels }, (_, index) => ((seed >> (index % 16)) & 1 ? 0.9 : 0.1));
      const [plane] = planesOf(values, 0.5, grid, { images: [{ ...image, image: source }], spacing: undefined }, 1);
      for (let row = 0; row < image.rows; row++) {
        for (let column = 0; column < image.columns; column++) {
          const value = valueAt(image, grid, [row, column], values);
          if (value === undefined) continue;
          const set = plane?.pixels[row * image.columns + column];
          assert.equal(set, value >= 0.5 ? 1 : 0, `row ${row}, column ${column}`);
        }
      }
    }),
  ));
