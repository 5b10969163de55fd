import { rangeOf } from '@acervo/dicom/pixel/samples.ts';
import { shadeOf, type Voi } from '@acervo/dicom/pixel/voi.ts';
import { number, type Of, object, oneOf, variants } from '../shape.ts';
import { each, type Image, mapped, type Operation } from './image.ts';
import { valuesAt } from './ranks.ts';

const op = oneOf('voi');
const shapes = {
  /** The LINEAR function of PS3.3 C.11.2.1.2.1. */
  window: object({ op, mode: oneOf('window'), center: number(), width: number(1, 1e9) }, {}),
  /** What the object says: its first window with its function, or its table; without either as minmax. */
  header: object({ op, mode: oneOf('header') }, {}),
  /** In percent, linear between ranks (type 7 of Hyndman and Fan), over every value of the image. */
  percentile: object({ op, mode: oneOf('percentile'), lo: number(0, 100), hi: number(0, 100) }, {}),
  minmax: object({ op, mode: oneOf('minmax') }, {}),
  fixed: object({ op, mode: oneOf('fixed'), lo: number(), hi: number() }, {}),
};
type Parameters = Of<(typeof shapes)[keyof typeof shapes]>;

/** Values of interest (PS3.3 C.11.2) become 0 to 1; what lies outside of them becomes 0 or 1. */
export const voi: Operation<Parameters> = {
  name: 'voi',
  parameters: variants<Parameters>('mode', shapes),
  apply: each((image, parameters) => ({ ...image, data: shaded(image, parameters), range: [0, 1] })),
};

function shaded(image: Image, parameters: Parameters): Float32Array {
  switch (parameters.mode) {
    case 'window':
      return by(image, { kind: 'window', window: { ...parameters, function: 'LINEAR' } });
    case 'header':
      return by(image, image.presentation.voi);
    case 'percentile': {
      const [low, high] = percentiles(image.data, [parameters.lo, parameters.hi]);
      return between(image, low, high);
    }
    case 'minmax':
      return between(image, ...rangeOf(image.data));
    case 'fixed':
      return between(image, parameters.lo, parameters.hi);
  }
}

function by(image: Image, of: Voi): Float32Array {
  if (of.kind === 'range') return between(image, ...rangeOf(image.data));
  const shade = shadeOf(of, [0, 1], 1);
  return mapped(image, (value) => shade(value));
}

function between(image: Image, low: number, high: number): Float32Array {
  const width = high - low;
  // An image of one value has no contrast: all of it is 0.
  const { data } = image;
  if (!(width > 0)) return data.fill(0);
  for (let index = 0; index < data.length; index++) {
    const share = ((data[index] as number) - low) / width;
    data[index] = share <= 0 ? 0 : share >= 1 ? 1 : share;
  }
  return data;
}

function percentiles(data: Float32Array, percents: readonly [number, number]): [number, number] {
  const ranks = percents.map((percent) => (percent / 100) * (data.length - 1));
  const found = valuesAt(
    data,
    ranks.flatMap((rank) => [Math.floor(rank), Math.ceil(rank)]),
  );
  const [low, high] = ranks.map((rank, index) => {
    const [below, above] = [found[2 * index] as number, found[2 * index + 1] as number];
    return below + (above - below) * (rank - Math.floor(rank));
  });
  return [low as number, high as number];
}
