import { integer, number, type Of, object, oneOf } from '../shape.ts';
import {
  dot,
  type Geometry,
  type Image,
  impossible,
  notApplicable,
  type Operation,
  VALUES_MAX,
  type Vector,
} from './image.ts';

const parameters = object(
  { op: oneOf('volume') },
  {
    /** How far a distance between slices may be from their median, as a part of it; 0.05 where it is absent. */
    spacingTolerance: number(0, 0.5),
    slicesMin: integer(1, 10_000),
    slicesMax: integer(1, 10_000),
  },
);

const TOLERANCE = 0.05;
/** Cosines of one series differ by their rounding in DS, no more. */
const COSINE_TOLERANCE = 1e-3;
const PLANE_MM_TOLERANCE = 0.1;

type Placed = { image: Image; geometry: Geometry; along: number };

/**
 * One volume of the slices of a series (PS3.3 C.7.6.2.1.1), in the order in which they lie along their normal: the
 * cross product of the row's and the column's direction. What is no regular grid is refused, each reason by its name.
 */
export const volume: Operation<Of<typeof parameters>> = {
  name: 'volume',
  parameters,
  apply: (images, { spacingTolerance = TOLERANCE, slicesMin = 2, slicesMax = 10_000 }) => {
    if (images.length < slicesMin || images.length > slicesMax) {
      notApplicable('volume/slice-count', `${images.length} slices, ${slicesMin} to ${slicesMax} expected`);
    }
    const placed = placedAlongNormal(images);
    const spacing = regularSpacing(placed, spacingTolerance);
    return [stacked(placed, spacing)];
  },
};

function placedAlongNormal(images: readonly Image[]): Placed[] {
  const [first] = images as readonly [Image, ...Image[]];
  const base = first.geometry ?? notApplicable('volume/no-position', 'a slice without position or orientation');
  const normal = base.axes[0];
  const placed = images.map((image) => {
    const geometry = image.geometry ?? notApplicable('volume/no-position', 'a slice without position or orientation');
    sameGrid(image, geometry, first, base);
    return { image, geometry, along: dot(geometry.position, normal) };
  });
  return placed.sort((a, b) => a.along - b.along);
}

function sameGrid(image: Image, geometry: Geometry, first: Image, base: Geometry): void {
  if (image.slices !== 1) impossible('volume of what is a volume already');
  if (image.rows !== first.rows || image.columns !== first.columns || image.photometric !== first.photometric) {
    notApplicable('volume/mixed-size', `${image.rows} x ${image.columns} among ${first.rows} x ${first.columns}`);
  }
  const turned = geometry.axes.some((axis, index) => dot(axis, base.axes[index] as Vector) < 1 - COSINE_TOLERANCE);
  if (turned) notApplicable('volume/mixed-orientation', 'slices that are not parallel');
  const isOther = [1, 2].some(
    (axis) => Math.abs((geometry.spacing[axis] as number) - (base.spacing[axis] as number)) > 1e-3,
  );
  if (isOther) notApplicable('volume/mixed-spacing', 'slices of different pixel spacing');
}

/** @returns the distance between slices, mm */
function regularSpacing(placed: readonly Placed[], tolerance: number): number {
  const gaps = placed.slice(1).map(({ along }, index) => along - (placed[index] as Placed).along);
  if (gaps.length === 0) return 0;
  const median = gaps.toSorted((a, b) => a - b)[Math.floor((gaps.length - 1) / 2)] as number;
  const least = Math.min(...gaps);
  if (!(least > 1e-3)) notApplicable('volume/duplicate-position', `two slices within ${least.toFixed(4)} mm`);
  tilted(placed);
  for (const [index, gap] of gaps.entries()) {
    if (Math.abs(gap - median) <= tolerance * median) continue;
    const steps = gap / median;
    const isWhole = steps > 1.5 && Math.abs(steps - Math.round(steps)) <= tolerance * Math.round(steps);
    if (isWhole) notApplicable('volume/missing-slice', `${Math.round(steps) - 1} missing after slice ${index + 1}`);
    notApplicable('volume/uneven-spacing', `${gap.toFixed(3)} mm after slice ${index + 1}, else ${median.toFixed(3)}`);
  }
  const [first, last] = [placed[0] as Placed, placed.at(-1) as Placed];
  return (last.along - first.along) / gaps.length;
}

/** With a gantry tilt the slices are parallel, but do not lie above each other: the grid would be a sheared one. */
function tilted(placed: readonly Placed[]): void {
  const [{ geometry: base }] = placed as readonly [Placed, ...Placed[]];
  for (const { geometry } of placed) {
    const aside = [1, 2].map((axis) => {
      const direction = base.axes[axis] as Vector;
      return Math.abs(dot(geometry.position, direction) - dot(base.position, direction));
    });
    const most = Math.max(...aside);
    if (most > PLANE_MM_TOLERANCE)
      notApplicable('volume/gantry-tilt', `slices shifted by ${most.toFixed(2)} mm in their plane`);
  }
}

function stacked(placed: readonly Placed[], spacing: number): Image {
  const [{ image, geometry }] = placed as readonly [Placed, ...Placed[]];
  const perSlice = image.data.length;
  if (perSlice * placed.length > VALUES_MAX) impossible('more values than the limit');
  const data = adjacent(placed) ?? joined(placed);
  const range = [
    Math.min(...placed.map((each) => each.image.range[0])),
    Math.max(...placed.map((each) => each.image.range[1])),
  ] as const;
  const [, row, column] = geometry.spacing;
  return { ...image, data, slices: placed.length, range, geometry: { ...geometry, spacing: [spacing, row, column] } };
}

/** Slices that lie behind each other in one block of memory already, as those of `imagesOf` do: the block itself. */
function adjacent(placed: readonly Placed[]): Float32Array | undefined {
  const [{ image: first }] = placed as readonly [Placed, ...Placed[]];
  const { buffer, byteOffset, byteLength, length } = first.data;
  const isOne = placed.every(
    ({ image: { data } }, index) => data.buffer === buffer && data.byteOffset === byteOffset + index * byteLength,
  );
  return isOne ? new Float32Array(buffer, byteOffset, length * placed.length) : undefined;
}

function joined(placed: readonly Placed[]): Float32Array {
  const [{ image: first }] = placed as readonly [Placed, ...Placed[]];
  const data = new Float32Array(first.data.length * placed.length);
  for (const [index, { image }] of placed.entries()) data.set(image.data, index * first.data.length);
  return data;
}
