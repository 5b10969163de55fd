import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { valuesAt } from './ranks.ts';

const few = fc.constantFrom(-1, -0, 0, 1, 2.5, 40, 41, Infinity, -Infinity, NaN);
const values = fc.array(fc.oneof(few, fc.float(), fc.integer({ min: -2048, max: 4095 })), { minLength: 1 });

test('values at ranks are those of the sorted array', () => {
  fc.assert(
    fc.property(values, (list) => {
      const data = Float32Array.from(list);
      const ranks = list.map((_, rank) => rank);
      assert.deepEqual(valuesAt(data, ranks), Array.from(data.toSorted()));
    }),
  );
});

test('of a part of a buffer only that part counts', () => {
  const all = Float32Array.of(9, 3, 1, 2, -9);
  assert.deepEqual(valuesAt(all.subarray(1, 4), [0, 1, 2]), [1, 2, 3]);
});
