import assert from 'node:assert/strict';
import { test } from 'node:test';
import { swapped } from './swap.ts';

test('what is turned is a copy, also of a Buffer, whose slice is a view', () => {
  for (const bytes of [Uint8Array.of(1, 2, 3, 4, 5), Buffer.from([1, 2, 3, 4, 5])]) {
    assert.deepEqual([...swapped(bytes, 2)], [2, 1, 4, 3, 5]);
    assert.deepEqual([...bytes], [1, 2, 3, 4, 5]);
  }
});
