import { integer, list } from '../shape.ts';
import { type Geometry, type Image, impossible, VALUES_MAX, type Vector } from './image.ts';

const SIDE_MAX = 8192;

/** [rows, columns], or [slices, rows, columns]. */
export const sizeShape = list(integer(1, SIDE_MAX), 2, 3);

export type Size = { slices: number; rows: number; columns: number };

/** A size as all three axes: what is not said of slices stays. */
export function sizeOf(size: readonly number[], image: Size): Size {
  const [slices, rows, columns] = size.length === 3 ? size : [image.slices, ...size];
  const found = { slices: slices as number, rows: rows as number, columns: columns as number };
  if (found.slices * found.rows * found.columns > VALUES_MAX) impossible('more values than the limit');
  return found;
}

/** Where the first voxel lies after the grid began `by` voxels further on. */
export function moved(geometry: Geometry, by: Vector): Geometry {
  const position = geometry.position.map((value, dimension) =>
    geometry.axes.reduce(
      (sum, axis, index) =>
        sum + (axis[dimension] as number) * (geometry.spacing[index] as number) * (by[index] as number),
      value,
    ),
  );
  return { ...geometry, position: position as [number, number, number] };
}

/** Copy the part that both grids have; the rest is `value`. @param from first voxel taken, may be negative */
export function cut(image: Image, size: Size, from: Vector, value: number): Image {
  const { channels } = image;
  const out = new Float32Array(size.slices * size.rows * size.columns * channels).fill(value);
  const first = Math.max(0, -from[2]);
  const last = Math.min(size.columns, image.columns - from[2]);
  for (let slice = 0; slice < size.slices; slice++) {
    for (let row = 0; row < size.rows; row++) {
      const [z, y] = [slice + from[0], row + from[1]];
      if (z < 0 || z >= image.slices || y < 0 || y >= image.rows || last <= first) continue;
      const source = ((z * image.rows + y) * image.columns + first + from[2]) * channels;
      const part = image.data.subarray(source, source + (last - first) * channels);
      out.set(part, ((slice * size.rows + row) * size.columns + first) * channels);
    }
  }
  return { ...image, ...size, data: out, geometry: image.geometry && moved(image.geometry, from) };
}
