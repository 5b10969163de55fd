import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { exclusively } from './exclusive.ts';
import { processIdentity } from './process-identity.ts';

const WAIT_MS = 10_000;

test('one at a time, whatever the interleaving', async () => {
  const directory = temporaryDirectory();
  let inside = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    inside += 1;
    await turn();
    assert.equal(inside, 1);
    inside -= 1;
    done += 1;
  };
  await Promise.all(Array.from({ length: 8 }, () => exclusively(directory, 'lock', WAIT_MS, work)));
  assert.equal(done, 8);
  assert.equal(readdirSync(directory).length, 1, 'older generations are cleared');
});

test('a failure releases it', async () => {
  const directory = temporaryDirectory();
  await assert.rejects(
    exclusively(directory, 'lock', WAIT_MS, () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await exclusively(directory, 'lock', WAIT_MS, () => Promise.resolve(1)), 1);
});

test('a holder that died does not keep it, one that lives does', async () => {
  const directory = temporaryDirectory();
  const lived = (processIdentity(process.pid) ?? '').replace(/\d+$/, '1');
  writeFileSync(join(directory, 'lock.4'), lived);
  assert.equal(await exclusively(directory, 'lock', WAIT_MS, () => Promise.resolve('taken')), 'taken');
  writeFileSync(join(directory, 'lock.9'), processIdentity(process.ppid) ?? '');
  await assert.rejects(
    exclusively(directory, 'lock', 50, () => Promise.resolve()),
    /held by another process/,
  );
});
