import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentileOf, slopeOf, summaryOf } from './statistics.ts';

test('a summary has least, middle and most', () => {
  assert.deepEqual(summaryOf([5, 1, 4, 2]), { min: 1, median: 3, max: 5 });
  assert.deepEqual(summaryOf([7]), { min: 7, median: 7, max: 7 });
  assert.throws(() => summaryOf([]), RangeError);
});

test('a percentile lies between the closest ranks', () => {
  const values = Array.from({ length: 101 }, (_, index) => 100 - index);
  assert.equal(percentileOf(values, 99), 99);
  assert.equal(percentileOf([10, 20], 75), 17.5);
  assert.equal(percentileOf([3, 9, 27], 0), 3);
  assert.equal(percentileOf([3, 9, 27], 100), 27);
});

test('the slope of a line through noise is that of the line', () => {
  const points = Array.from({ length: 40 }, (_, x) => [x, 5 + 0.25 * x + (x % 2 === 0 ? 1 : -1)] as const);
  assert.ok(Math.abs(slopeOf(points) - 0.25) < 0.01);
  assert.equal(
    slopeOf([
      [0, 4],
      [2, 4],
    ]),
    0,
  );
  assert.throws(
    () =>
      slopeOf([
        [1, 1],
        [1, 2],
      ]),
    RangeError,
  );
});
