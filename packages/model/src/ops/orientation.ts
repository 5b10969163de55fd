import { type Of, object, oneOf, text } from '../shape.ts';
import { each, type Geometry, type Image, impossible, notApplicable, type Operation, type Vector } from './image.ts';

const parameters = object(
  {
    op: oneOf('orientation'),
    /**
     * Three letters: where columns, rows and slices increase **towards** (L or R, A or P, S or I). DICOM's own axes
     * are `LPS`. ITK names where they come **from**: its RAI is LPS here.
     */
    to: text({ pattern: /^[LRAPSI]{3}$/ }),
  },
  {},
);

/** Axis of the patient, and the sign of the direction (x to the left, y to the back, z to the head). */
const LETTERS: Record<string, readonly [axis: 0 | 1 | 2, sign: 1 | -1]> = {
  L: [0, 1],
  R: [0, -1],
  P: [1, 1],
  A: [1, -1],
  S: [2, 1],
  I: [2, -1],
};

/**
 * Axes exchanged and turned so that they run as named; values are moved, never computed. An oblique volume goes by
 * the nearest axes, and is refused where two of its own are nearest to the same one.
 */
export const orientation: Operation<Of<typeof parameters>> = {
  name: 'orientation',
  parameters,
  apply: each((image, { to }) => {
    const { geometry } = image;
    if (geometry === undefined) return notApplicable('orientation/no-position', 'an image without orientation');
    // The letters begin with columns; the axes of an image with slices.
    const wanted = [...to].reverse().map((letter) => LETTERS[letter] as readonly [0 | 1 | 2, 1 | -1]);
    if (new Set(wanted.map(([axis]) => axis)).size !== 3) impossible(`orientation ${to} names an axis twice`);
    const nearest = geometry.axes.map(nearestAxis);
    if (new Set(nearest).size !== 3) notApplicable('orientation/oblique', 'no axis of the patient is nearest to each');
    const sources = wanted.map(([axis, sign]) => {
      const index = nearest.indexOf(axis) as 0 | 1 | 2;
      return { index, isFlipped: Math.sign(geometry.axes[index][axis]) !== sign };
    });
    return turned(image, geometry, sources as [Source, Source, Source]);
  }),
};

type Source = { index: 0 | 1 | 2; isFlipped: boolean };
type Sources = readonly [Source, Source, Source];

function nearestAxis(direction: Vector): 0 | 1 | 2 {
  const sizes = direction.map(Math.abs);
  return sizes.indexOf(Math.max(...sizes)) as 0 | 1 | 2;
}

function turned(image: Image, geometry: Geometry, sources: Sources): Image {
  const { channels, data } = image;
  const lengths = [image.slices, image.rows, image.columns] as const;
  const strides = [image.rows * image.columns, image.columns, 1] as const;
  const [slices, rows, columns] = sources.map(({ index }) => lengths[index]) as [number, number, number];
  const steps = sources.map(({ index, isFlipped }) => strides[index] * (isFlipped ? -1 : 1));
  const [bySlice, byRow, byColumn] = steps as [number, number, number];
  const start = sources.reduce(
    (at, { index, isFlipped }) => at + (isFlipped ? (lengths[index] - 1) * strides[index] : 0),
    0,
  );
  const placed = { ...image, slices, rows, columns, geometry: turnedGeometry(geometry, lengths, sources) };
  // As it lies already: nothing moves.
  if (sources.every(({ index, isFlipped }, axis) => index === axis && !isFlipped)) return placed;
  const out = new Float32Array(data.length);
  for (let slice = 0, to = 0; slice < slices; slice++) {
    for (let row = 0; row < rows; row++, to += columns * channels) {
      copyRow(out, to, data, { from: (start + slice * bySlice + row * byRow) * channels, columns, byColumn, channels });
    }
  }
  return { ...placed, data: out };
}

type Row = { from: number; columns: number; byColumn: number; channels: number };

function copyRow(out: Float32Array, to: number, data: Float32Array, { from, columns, byColumn, channels }: Row): void {
  for (let column = 0; column < columns; column++) {
    const [at, place] = [from + column * byColumn * channels, to + column * channels];
    for (let channel = 0; channel < channels; channel++) out[place + channel] = data[at + channel] as number;
  }
}

function turnedGeometry(geometry: Geometry, lengths: Vector, sources: Sources): Geometry {
  const position = [...geometry.position] as [number, number, number];
  const axes = sources.map(({ index, isFlipped }) => {
    const axis = geometry.axes[index];
    if (!isFlipped) return axis;
    const reach = (lengths[index] - 1) * geometry.spacing[index];
    for (const dimension of [0, 1, 2] as const) position[dimension] += axis[dimension] * reach;
    return axis.map((cosine) => 0 - cosine) as [number, number, number];
  });
  const spacing = sources.map(({ index }) => geometry.spacing[index]);
  return { position, axes: axes as [Vector, Vector, Vector], spacing: spacing as [number, number, number] };
}
