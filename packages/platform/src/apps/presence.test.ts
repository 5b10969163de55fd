import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { enter } from './presence.ts';

test('processes come in one after the other, see each other, and are of one node', async () => {
  const dataDir = temporaryDirectory();
  let inside = 0;
  const come = () =>
    enter(dataDir, async ({ node, others }) => {
      inside += 1;
      assert.equal(inside, 1, 'two at once');
      const count = await others();
      inside -= 1;
      return { node, count };
    });
  const both = await Promise.all([come(), come()]);
  assert.deepEqual(
    both.map(({ begun }) => begun.count).toSorted((a, b) => a - b),
    [0, 1],
  );
  assert.equal(new Set(both.map(({ begun }) => begun.node)).size, 1);
  assert.equal(readFileSync(join(dataDir, 'node'), 'utf8').trim(), both[0].begun.node);
  for (const { presence } of both) await presence.leave();
});

test('who cannot begin is not there', async () => {
  const dataDir = temporaryDirectory();
  await assert.rejects(
    enter(dataDir, () => Promise.reject(new Error('no'))),
    /no/,
  );
  const { presence } = await enter(dataDir, async ({ others }) => assert.equal(await others(), 0));
  await presence.leave();
});
