import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kept } from './kept.ts';

/** Values of their own length in bytes; `made` tells what was made, in order. */
function lengths(bytesMax: number) {
  const made: string[] = [];
  const kept = new Kept<string>(bytesMax, (value) => (value.startsWith('!') ? undefined : value.length));
  const get = (key: string): Promise<string> =>
    kept.get(key, async () => {
      made.push(key);
      if (key === 'fails') throw new Error(key);
      return key;
    });
  return { kept, made, get };
}

test('the least recently used goes first', async () => {
  const { kept, made, get } = lengths(10);
  for (const key of ['aaaa', 'bbbb', 'aaaa', 'cccc', 'aaaa', 'bbbb']) assert.equal(await get(key), key);
  assert.deepEqual(made, ['aaaa', 'bbbb', 'cccc', 'bbbb']);
  assert.equal(kept.bytes, 8);
});

test('who asks for what is being made waits for it', async () => {
  const { made, get } = lengths(10);
  assert.deepEqual(await Promise.all([get('a'), get('a'), get('a')]), ['a', 'a', 'a']);
  assert.deepEqual(made, ['a']);
});

test('failures, what is too large and what must not be kept are made again', async () => {
  const { kept, made, get } = lengths(4);
  for (const key of ['fails', 'fails']) await assert.rejects(get(key));
  for (const key of ['toolong', 'toolong', '!a', '!a']) await get(key);
  assert.deepEqual(made, ['fails', 'fails', 'toolong', 'toolong', '!a', '!a']);
  assert.equal(kept.bytes, 0);
});
