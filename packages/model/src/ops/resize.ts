import { flag, number, type Of, object, oneOf } from '../shape.ts';
import { cut, moved, type Size, sizeOf, sizeShape } from './extent.ts';
import { each, type Geometry, type Image, impossible, type Operation } from './image.ts';

const parameters = object(
  {
    op: oneOf('resize'),
    size: sizeShape,
    interp: oneOf('nearest', 'bilinear'),
    /** Which place of the input an output stands for: the names of ONNX's Resize. */
    coord: oneOf('half_pixel', 'align_corners', 'asymmetric'),
  },
  {
    /** Of `bilinear` with `half_pixel`, where it shrinks: a triangle as wide as a pixel of the output. */
    antialias: flag,
    /** The largest size of the same proportions that fits; the rest, around it, is `padValue` (0). */
    keepAspect: oneOf('pad'),
    padValue: number(),
  },
);
type Parameters = Of<typeof parameters>;

/** Another number of rows, columns and slices. Axis by axis, columns first, in binary64 up to the end. */
export const resize: Operation<Parameters> = { name: 'resize', parameters, apply: each(apply) };

/** For each place of the output: the first place of the input that counts, and the weights from there on. */
type Taps = readonly { first: number; weights: readonly number[] }[];

function apply(image: Image, wanted: Parameters): Image {
  const { antialias = false, interp, coord, keepAspect, padValue = 0 } = wanted;
  if (antialias && (interp !== 'bilinear' || coord !== 'half_pixel'))
    impossible('antialias: bilinear, half_pixel only');
  const size = sizeOf(wanted.size, image);
  if (keepAspect === undefined) return resized(image, size, wanted);
  const inner = fitting(image, size);
  const from = [
    0,
    -Math.floor((size.rows - inner.rows) / 2) + 0,
    -Math.floor((size.columns - inner.columns) / 2) + 0,
  ] as const;
  const range = [Math.min(image.range[0], padValue), Math.max(image.range[1], padValue)] as const;
  return { ...cut(resized(image, inner, wanted), size, from, padValue), range };
}

function fitting(image: Size, { slices, rows, columns }: Size): Size {
  const factor = Math.min(rows / image.rows, columns / image.columns);
  // Halves go up.
  const side = (has: number, most: number): number => Math.min(most, Math.max(1, Math.floor(has * factor + 0.5)));
  return { slices, rows: side(image.rows, rows), columns: side(image.columns, columns) };
}

function resized(image: Image, size: Size, wanted: Parameters): Image {
  const { slices, rows, columns, channels } = image;
  const across = tapsOf(columns, size.columns, wanted);
  let values =
    channels === 1 && !isSame(across, columns)
      ? acrossColumns(image.data, columns, across)
      : along(new Float64Array(image.data), slices * rows, columns, channels, across);
  values = along(values, slices, rows, size.columns * channels, tapsOf(rows, size.rows, wanted));
  values = along(values, 1, slices, size.rows * size.columns * channels, tapsOf(slices, size.slices, wanted));
  return { ...image, ...size, data: new Float32Array(values), geometry: coarser(image.geometry, image, size, wanted) };
}

const isSame = (taps: Taps, length: number): boolean =>
  taps.length === length && taps.every(({ first, weights: [w] }, index) => first === index && w === 1);

/** As `along` for the fastest axis of one channel: sums in the same order, each kept until it is whole. */
function acrossColumns(data: Float32Array, length: number, taps: Taps): Float64Array {
  const flat = taps.map(({ first, weights }) => ({ first, weights: Float64Array.from(weights) }));
  const blocks = data.length / length;
  const out = new Float64Array(blocks * taps.length);
  for (let block = 0; block < blocks; block++) {
    for (let place = 0; place < flat.length; place++) {
      const { first, weights } = flat[place] as (typeof flat)[number];
      const from = block * length + first;
      let sum = 0;
      for (let tap = 0; tap < weights.length; tap++) sum += (data[from + tap] as number) * (weights[tap] as number);
      out[block * flat.length + place] = sum;
    }
  }
  return out;
}

/** @param inner values that lie between two neighbours of this axis */
function along(values: Float64Array, outer: number, length: number, inner: number, taps: Taps): Float64Array {
  if (isSame(taps, length)) return values;
  const out = new Float64Array(outer * taps.length * inner);
  for (let block = 0; block < outer; block++) {
    for (let place = 0; place < taps.length; place++) {
      const { first, weights } = taps[place] as Taps[number];
      const to = (block * taps.length + place) * inner;
      for (let tap = 0; tap < weights.length; tap++) {
        addScaled(out, to, values, (block * length + first + tap) * inner, inner, weights[tap] as number);
      }
    }
  }
  return out;
}

function addScaled(
  out: Float64Array,
  to: number,
  values: Float64Array,
  from: number,
  count: number,
  weight: number,
): void {
  for (let index = 0; index < count; index++)
    out[to + index] = (out[to + index] as number) + (values[from + index] as number) * weight;
}

function tapsOf(has: number, wants: number, { interp, coord, antialias = false }: Parameters): Taps {
  const ratio = has / wants;
  return Array.from({ length: wants }, (_, place) => {
    if (antialias && ratio > 1) return triangle((place + 0.5) * ratio, ratio, has);
    return interp === 'nearest' ? nearest(place, has, wants, coord) : linear(sourceOf(place, has, wants, coord), has);
  });
}

function sourceOf(place: number, has: number, wants: number, coord: Parameters['coord']): number {
  if (coord === 'half_pixel') return ((place + 0.5) * has) / wants - 0.5;
  if (coord === 'asymmetric') return (place * has) / wants;
  return wants === 1 ? 0 : (place * (has - 1)) / (wants - 1);
}

/** The pixel whose area holds the place; of align_corners the nearest one, halves up. */
function nearest(place: number, has: number, wants: number, coord: Parameters['coord']): Taps[number] {
  const source = sourceOf(place, has, wants, coord);
  const index = Math.floor(coord === 'asymmetric' ? source : source + 0.5);
  return { first: Math.min(has - 1, Math.max(0, index)), weights: [1] };
}

/** Beyond the outermost pixels their value goes on. */
function linear(source: number, has: number): Taps[number] {
  const within = Math.min(has - 1, Math.max(0, source));
  const first = Math.floor(within);
  const share = within - first;
  return share === 0 ? { first, weights: [1] } : { first, weights: [1 - share, share] };
}

function triangle(center: number, radius: number, has: number): Taps[number] {
  const first = Math.max(0, Math.floor(center - radius + 0.5));
  const end = Math.min(has, Math.floor(center + radius + 0.5));
  const raw = Array.from({ length: end - first }, (_, tap) =>
    Math.max(0, 1 - Math.abs((first + tap + 0.5 - center) / radius)),
  );
  const sum = raw.reduce((total, weight) => total + weight, 0);
  return { first, weights: raw.map((weight) => weight / sum) };
}

/** Distances grow as places become fewer; the first one moves, except where corners stay. */
function coarser(geometry: Geometry | undefined, has: Size, gets: Size, { coord }: Parameters): Geometry | undefined {
  if (geometry === undefined) return undefined;
  const pairs = [
    [has.slices, gets.slices] as const,
    [has.rows, gets.rows] as const,
    [has.columns, gets.columns] as const,
  ];
  const factors = pairs.map(([from, to]) =>
    coord === 'align_corners' ? (to === 1 ? 1 : (from - 1) / (to - 1)) : from / to,
  );
  const shift = pairs.map(([from, to]) => sourceOf(0, from, to, coord));
  const spacing = geometry.spacing.map((value, index) => value * (factors[index] as number));
  const [slice, row, column] = spacing as [number, number, number];
  return {
    ...geometry,
    position: moved(geometry, shift as [number, number, number]).position,
    spacing: [slice, row, column],
  };
}
