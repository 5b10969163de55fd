import { numbersOf } from '@acervo/dicom/data-set/access.ts';
import type { Plane } from '@acervo/dicom/seg/segmentation.ts';
import { T } from '@acervo/dicom/tags.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { readGeometry } from '../ops/geometry.ts';
import type { Geometry, Vector } from '../ops/image.ts';
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
  return images.map((placed) => ({
    segment,
    source: { sopClassUid: placed.image.sopClassUid, sopInstanceUid: placed.image.sopInstanceUid },
    position: placed.geometry.position,
    pixels: drawn(values, threshold, { ...grid, geometry }, placed),
  }));
}

type PlacedGrid = Grid & { geometry: Geometry };

function drawn(values: readonly number[], threshold: number, grid: PlacedGrid, placed: PlacedImage): Uint8Array {
  const { rows, columns, geometry: of } = placed;
  const sizes = [grid.slices, grid.rows, grid.columns] as const;
  const from = subtract(of.position, grid.geometry.position);
  // Along each axis of the grid: where the first pixel lies, and a step down a row or along a column, in voxels.
  const axes = sizes.map((size, axis): Axis => {
    const direction = grid.geometry.axes[axis] as Vector;
    const spacing = grid.geometry.spacing[axis] as number;
    const inVoxels = (vector: Vector, length: number): number =>
      size === 1 && spacing === 0 ? 0 : (dot(vector, direction) * length) / spacing;
    return {
      size,
      base: inVoxels(from, 1),
      row: inVoxels(of.axes[1], of.spacing[1]),
      column: inVoxels(of.axes[2], of.spacing[2]),
    };
  });
  const pixels = new Uint8Array(rows * columns);
  const [slices, lines, places] = axes as [Axis, Axis, Axis];
  // Along a row of the image, which voxel of each axis: asked for once where it is the same in every row.
  const along = [slices, lines, places].map((axis) => ({ axis, indices: new Int32Array(columns), isSet: false }));
  for (let row = 0; row < rows; row++) {
    for (const each of along) {
      if (each.isSet && each.axis.row === 0) continue;
      setIndices(each.indices, each.axis, row);
      each.isSet = true;
    }
    const [z, y, x] = along.map(({ indices }) => indices) as [Int32Array, Int32Array, Int32Array];
    for (let column = 0; column < columns; column++) {
      const [slice, line, place] = [z[column] as number, y[column] as number, x[column] as number];
      if (slice < 0 || line < 0 || place < 0) continue;
      const at = (slice * lines.size + line) * places.size + place;
      if ((values[at] as number) >= threshold) pixels[row * columns + column] = 1;
    }
  }
  return pixels;
}

type Axis = { size: number; base: number; row: number; column: number };

/** The voxel of each pixel of a row; -1 outside of the grid. */
function setIndices(indices: Int32Array, { size, base, row: byRow, column: byColumn }: Axis, row: number): void {
  const start = base + row * byRow;
  for (let column = 0; column < indices.length; column++) {
    const index = Math.floor(start + column * byColumn + 0.5);
    indices[column] = index >= 0 && index < size ? index : -1;
  }
}

const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const subtract = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
