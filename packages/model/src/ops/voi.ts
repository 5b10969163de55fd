import { rangeOf } from '@acervo/dicom/pixel/samples.ts';
import { shadeOf, type Voi } from '@acervo/dicom/pixel/voi.ts';
import { number, type Of, object, oneOf, variants } from '../shape.ts';
import { each, type Image, mapped, type Operation } from './image.ts';

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
      const sorted = image.data.toSorted();
      return between(image, percentile(sorted, parameters.lo), percentile(sorted, parameters.hi));
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
  if (!(width > 0)) return new Float32Array(image.data.length);
  return mapped(image, (value) => Math.min(1, Math.max(0, (value - low) / width)));
}

function percentile(sorted: Float32Array, percent: number): number {
  const rank = (percent / 100) * (sorted.length - 1);
  const below = sorted[Math.floor(rank)] as number;
  const above = sorted[Math.ceil(rank)] as number;
  return below + (above - below) * (rank - Math.floor(rank));
}
