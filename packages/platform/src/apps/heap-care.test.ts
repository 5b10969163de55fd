import assert from 'node:assert/strict';
import { test } from 'node:test';
import { careForHeap } from './heap-care.ts';

const MIB = 2 ** 20;

/** Looks at a heap that holds these bytes, one after the other, until all were seen. @returns when it was collected */
async function collectedAt(usedMib: readonly number[]): Promise<number[]> {
  const ending = new AbortController();
  const collected: number[] = [];
  let looks = 0;
  const usedBytes = (): number => {
    const used = usedMib[Math.min(looks, usedMib.length - 1)] ?? 0;
    looks += 1;
    if (looks >= usedMib.length) ending.abort();
    return used * MIB;
  };
  await careForHeap(ending.signal, { usedBytes, collect: () => void collected.push(looks) }, 1);
  return collected;
}

test('a heap that has grown in quiet moments is collected, another one is not', async () => {
  assert.deepEqual(await collectedAt([50, 60, 70, 81, 81]), [], 'not by 32 MiB yet');
  // Its size is asked again after the collection: what lives then is what it is held against.
  assert.deepEqual(await collectedAt([50, 83, 55, 80, 86, 88, 50, 50]), [2, 6]);
});
