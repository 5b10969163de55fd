import { numbersOf } from '@acervo/dicom/data-set/access.ts';
import type { Plane } from '@acervo/dicom/seg/segmentation.ts';
import { T } from '@acervo/dicom/tags.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { readGeometry } from '../ops/geometry.ts';
import { dot, type Geometry, type Vector } from '../ops/image.ts';
import type { Grid } from '../ops/pipeline.ts';
import type { SourceImage } from './result.ts';

/** A source image as a grid of pixels in the patient. */
export type PlacedImage = { image: SourceImage; geometry: Geometry; rows: number; columns: number };

export type Stack = {
  images: readonly PlacedImage[];
  /** Between the centres of neighbouring slices, mm; undefined of one image. */
  spacing: number | undefined;
};

/** Where the images of a run lie. @throws {Failure} model/not-applicable where one does not say */
export function stackOf(images: readonly SourceImage[]): Stack {
  const placed = images.map((image): PlacedImage => {
    const { elements, littleEndian } = image.dataSet;
    const geometry = readGeometry(image.dataSet);
    const [rows = 0, columns = 0] = [T.Rows, T.Columns].map((tag) => numbersOf(elements.get(tag), littleEndian)[0]);
    if (geometry === undefined) throw new Failure('model/not-applicable', 'result/no-position: a mask has no place');
    return { image, geometry, rows, columns };
  });
  const normal = placed[0]?.geometry.axes[0] ?? [0, 0, 1];
  const along = placed.map(({ geometry }) => dot(geometry.position, normal));
  const gaps = placed.length - 1;
  return { images: placed, spacing: gaps > 0 ? (Math.max(...along) - Math.min(...along)) / gaps : undefined };
}

/**
 * A mask on the tensor's grid as planes of the source images: each of their pixels takes the value of the voxel in
 * which its centre lies, and is set where that is not below the threshold. Outside of the grid nothing is.
 * @param values [slices, rows, columns] of the grid
 * @throws {Failure} model/tensor: another number of values than the grid has; model/not-applicable: no place known
 */
export function planesOf(
  values: readonly number[],
  threshold: number,
  grid: Grid | undefined,
  { images }: Stack,
  segment: number,
): Plane[] {
  if (grid?.geometry === undefined)
    throw new Failure('model/not-applicable', 'result/no-position: a tensor without one');
  const voxels = grid.slices * grid.rows * grid.columns;
  if (values.length !== voxels) throw new Failure('model/tensor', `mask of ${values.length} values, not ${voxels}`);
  const { geometry } = grid;
  const isSet = Uint8Array.from(values, (value) => (value >= threshold ? 1 : 0));
  return images.map((placed) => ({
    segment,
    source: { sopClassUid: placed.image.sopClassUid, sopInstanceUid: placed.image.sopInstanceUid },
    position: placed.geometry.position,
    pixels: drawn(isSet, axesOf({ ...grid, geometry }, placed.geometry), placed),
  }));
}

/**
 * One axis of a grid, as an image goes through it: the voxel of its first pixel, and a step down a row or along a
 * column, in voxels. `stride`: values between two neighbours.
 */
type Axis = { size: number; stride: number; base: number; row: number; column: number };

function axesOf({ slices, rows, columns, geometry }: Grid & { geometry: Geometry }, of: Geometry): Axis[] {
  const from = subtract(of.position, geometry.position);
  const strides = [rows * columns, columns, 1] as const;
  return [slices, rows, columns].map((size, axis) => {
    const direction = geometry.axes[axis] as Vector;
    const spacing = geometry.spacing[axis] as number;
    const inVoxels = (vector: Vector, length: number): number =>
      size === 1 && spacing === 0 ? 0 : (dot(vector, direction) * length) / spacing;
    return {
      size,
      stride: strides[axis] as number,
      base: inVoxels(from, 1),
      row: inVoxels(of.axes[1], of.spacing[1]),
      column: inVoxels(of.axes[2], of.spacing[2]),
    };
  });
}

const OUTSIDE = -1;

/** Where the value of a pixel's voxel is, as far as these axes say; OUTSIDE of one of them. */
function offsetAt(axes: readonly Axis[], row: number, column: number): number {
  let offset = 0;
  for (const axis of axes) {
    const index = Math.floor(axis.base + row * axis.row + column * axis.column + 0.5);
    if (!(index >= 0 && index < axis.size)) return OUTSIDE;
    offset += index * axis.stride;
  }
  return offset;
}

const offsetsAlong = (axes: readonly Axis[], row: number, columns: number): Int32Array =>
  Int32Array.from({ length: columns }, (_, column) => offsetAt(axes, row, column));

/**
 * Unless an image lies aslant in the grid, columns move along other axes of it than rows do. A pixel's place is then a
 * part of its row's and one of its column's, and a row within the voxels of the one above it is its copy.
 */
function drawn(isSet: Uint8Array, axes: readonly Axis[], { rows, columns }: PlacedImage): Uint8Array {
  const pixels = new Uint8Array(rows * columns);
  const alongRow = axes.filter(({ column }) => column !== 0);
  const downColumn = axes.filter(({ column }) => column === 0);
  const isAslant = alongRow.some(({ row }) => row !== 0);
  let places = offsetsAlong(alongRow, 0, columns);
  let above: number | undefined;
  for (let row = 0; row < rows; row++) {
    const from = row * columns;
    const offset = offsetAt(downColumn, row, 0);
    if (isAslant) places = offsetsAlong(alongRow, row, columns);
    else if (offset === above) {
      pixels.copyWithin(from, from - columns, from);
      continue;
    }
    above = offset;
    if (offset === OUTSIDE) continue;
    for (let column = 0; column < columns; column++) {
      const place = places[column] as number;
      if (place !== OUTSIDE) pixels[from + column] = isSet[offset + place] as number;
    }
  }
  return pixels;
}

const subtract = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
