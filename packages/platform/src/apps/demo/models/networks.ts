import { attribute, initializer, modelOf, node, value } from '@acervo/model/onnx/write-model.ts';
import type { Tensor } from '@acervo/model/ops/layout.ts';

/**
 * Two networks small enough to be computed by hand, twice: as ONNX, and as plain arithmetic that says what the runtime
 * must give. The last layer is fitted to two phantoms, so that one scores 0.1 and the other 0.9.
 */
export type Network = {
  dims: readonly number[];
  /** What the layers before the last one give. */
  response(tensor: Tensor): number;
  onnx(weight: number, bias: number): Uint8Array;
};

const KERNEL = 7;
const CENTRE = 3;

/** Bright in the middle, dark around: weights that add up to 0, so that a plain surface gives nothing. */
const spot = (() => {
  const inner = 9;
  const outer = KERNEL * KERNEL - inner;
  return Array.from({ length: KERNEL * KERNEL }, (_, at) => {
    const [row, column] = [Math.floor(at / KERNEL), at % KERNEL];
    const isInner = Math.max(Math.abs(row - CENTRE), Math.abs(column - CENTRE)) <= 1;
    return Math.fround(isInner ? 1 / inner : -1 / outer);
  });
})();

const end = (features: string): Uint8Array[] => [
  node({ type: 'Flatten', inputs: [features], outputs: ['flat'] }),
  node({ type: 'Gemm', inputs: ['flat', 'weight', 'bias'], outputs: ['logit'] }),
  node({ type: 'Sigmoid', inputs: ['logit'], outputs: ['p'] }),
];

/** The brightest spot of a film: convolution, global maximum, logistic regression. */
export const spotNetwork: Network = {
  dims: [1, 1, 64, 64],
  response: ({ data, dims }) => {
    const [, , rows = 0, columns = 0] = dims;
    let largest = Number.NEGATIVE_INFINITY;
    for (let row = 0; row + KERNEL <= rows; row++) {
      for (let column = 0; column + KERNEL <= columns; column++) {
        const sum = spot.reduce(
          (total, weight, at) =>
            total + weight * (data[(row + Math.floor(at / KERNEL)) * columns + column + (at % KERNEL)] as number),
          0,
        );
        largest = Math.max(largest, sum);
      }
    }
    return largest;
  },
  onnx: (weight, bias) =>
    modelOf([
      node({
        type: 'Conv',
        inputs: ['x', 'spot'],
        outputs: ['map'],
        attributes: [attribute('kernel_shape', [KERNEL, KERNEL])],
      }),
      node({ type: 'GlobalMaxPool', inputs: ['map'], outputs: ['largest'] }),
      ...end('largest'),
      initializer('spot', [1, 1, KERNEL, KERNEL], spot),
      initializer('weight', [1, 1], [weight]),
      initializer('bias', [1], [bias]),
      value(11, 'x', [1, 1, 64, 64]),
      value(12, 'p', [1, 1]),
    ]),
};

const SOFT = 0.8;

/** How much of a volume is denser than soft tissue, and where: 1 in what is denser, else 0. */
export const densityNetwork: Network = {
  dims: [1, 1, 8, 32, 32],
  response: ({ data }) => {
    const threshold = Math.fround(SOFT);
    return data.reduce((sum, each) => sum + Math.max(0, each - threshold), 0) / data.length;
  },
  onnx: (weight, bias) =>
    modelOf([
      node({ type: 'Sub', inputs: ['x', 'soft'], outputs: ['above'] }),
      node({ type: 'Relu', inputs: ['above'], outputs: ['dense'] }),
      node({ type: 'Sign', inputs: ['dense'], outputs: ['m'] }),
      node({ type: 'GlobalAveragePool', inputs: ['dense'], outputs: ['part'] }),
      ...end('part'),
      initializer('soft', [1], [SOFT]),
      initializer('weight', [1, 1], [weight]),
      initializer('bias', [1], [bias]),
      value(11, 'x', [1, 1, 8, 32, 32]),
      value(12, 'p', [1, 1]),
      value(12, 'm', [1, 1, 8, 32, 32]),
    ]),
};

const LOGIT_LOW = Math.log(0.1 / 0.9);

/** Weight and bias, as binary32, by which `low` scores 0.1 and `high` 0.9. */
export function fitted(low: number, high: number): [weight: number, bias: number] {
  const weight = (-2 * LOGIT_LOW) / (high - low);
  return [Math.fround(weight), Math.fround(LOGIT_LOW - weight * low)];
}

export const scoreOf = (response: number, weight: number, bias: number): number =>
  1 / (1 + Math.exp(-(weight * response + bias)));
