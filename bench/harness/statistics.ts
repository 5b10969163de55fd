/** What many numbers come to. */
export type Summary = { min: number; median: number; max: number };

export function summaryOf(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('a summary of nothing');
  return { min: Math.min(...values), median: percentileOf(values, 50), max: Math.max(...values) };
}

/** A percentile by linear interpolation between the two closest ranks. @param percent from 0 to 100 */
export function percentileOf(values: readonly number[], percent: number): number {
  const sorted = Float64Array.from(values).sort();
  const rank = (percent / 100) * (sorted.length - 1);
  const below = sorted[Math.floor(rank)];
  const above = sorted[Math.ceil(rank)];
  if (below === undefined || above === undefined) throw new RangeError('a percentile of nothing');
  return below + (above - below) * (rank - Math.floor(rank));
}

/** Slope of the straight line that lies closest to the points (least squares), in y per x. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [middleX, middleY] = [mean(0), mean(1)];
  let [covariance, variance] = [0, 0];
  for (const [x, y] of points) {
    covariance += (x - middleX) * (y - middleY);
    variance += (x - middleX) ** 2;
  }
  if (variance === 0) throw new RangeError('a slope takes two points');
  return covariance / variance;
}
