/** Halves of cosines of multiples of pi/16: what the inverse DCT multiplies by (T.81 A.3.3). */
const [C1, C2, C3, C4, C5, C6, C7] = [1, 2, 3, 4, 5, 6, 7].map((k) => Math.cos((k * Math.PI) / 16) / 2) as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

const work = new Float64Array(64);

/**
 * The samples of one block (T.81 A.3.3), in floating point, so that no rounding comes before the last.
 * @param quantization by position in the block, not in the stream
 * @param out where the samples go, 64 of them, not yet shifted to be positive
 */
export function inverseDct(coefficients: Int32Array, at: number, quantization: Float64Array, out: Float64Array): void {
  for (let index = 0; index < 64; index++) {
    work[index] = (coefficients[at + index] as number) * (quantization[index] as number);
  }
  for (let row = 0; row < 64; row += 8) transform(work, row, 1, work);
  for (let column = 0; column < 8; column++) transform(work, column, 8, out);
}

/** Eight values, `step` apart. */
function transform(from: Float64Array, at: number, step: number, to: Float64Array): void {
  const f0 = from[at] as number;
  const f1 = from[at + step] as number;
  const f2 = from[at + 2 * step] as number;
  const f3 = from[at + 3 * step] as number;
  const f4 = from[at + 4 * step] as number;
  const f5 = from[at + 5 * step] as number;
  const f6 = from[at + 6 * step] as number;
  const f7 = from[at + 7 * step] as number;
  const sum = C4 * (f0 + f4);
  const difference = C4 * (f0 - f4);
  const outer = C2 * f2 + C6 * f6;
  const inner = C6 * f2 - C2 * f6;
  const e0 = sum + outer;
  const e1 = difference + inner;
  const e2 = difference - inner;
  const e3 = sum - outer;
  const o0 = C1 * f1 + C3 * f3 + C5 * f5 + C7 * f7;
  const o1 = C3 * f1 - C7 * f3 - C1 * f5 - C5 * f7;
  const o2 = C5 * f1 - C1 * f3 + C7 * f5 + C3 * f7;
  const o3 = C7 * f1 - C5 * f3 + C3 * f5 - C1 * f7;
  to[at] = e0 + o0;
  to[at + step] = e1 + o1;
  to[at + 2 * step] = e2 + o2;
  to[at + 3 * step] = e3 + o3;
  to[at + 4 * step] = e3 - o3;
  to[at + 5 * step] = e2 - o2;
  to[at + 6 * step] = e1 - o1;
  to[at + 7 * step] = e0 - o0;
}
