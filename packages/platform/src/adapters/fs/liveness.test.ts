import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { newId } from '@acervo/kernel/id.ts';
import { diskDirectory } from '@acervo/testkit/postgres.ts';
import { writerLiveness } from './liveness.ts';

test('a writer lives until it stops', async () => {
  const liveness = writerLiveness(diskDirectory());
  const [one, two] = [newId(), newId()];
  const first = await liveness.announce(one);
  const second = await liveness.announce(two);
  assert.deepEqual(
    [await liveness.isAlive(one), await liveness.others(one), await liveness.others(newId())],
    [true, 1, 2],
  );
  await second.stop();
  assert.deepEqual([await liveness.isAlive(two), await liveness.others(one)], [false, 0]);
  await first.stop();
});

test('what a killed process leaves is only a name, and goes', async () => {
  const directory = diskDirectory();
  const liveness = writerLiveness(directory);
  const writer = newId();
  const program = `
    import { writerLiveness } from '@acervo/platform/adapters/fs/liveness.ts';
    await writerLiveness(process.argv[1]).announce(process.argv[2]);
    process.stdout.write('there');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, directory, writer]);
  await once(child.stdout, 'data');
  assert.equal(await liveness.isAlive(writer), true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.deepEqual([await liveness.others(newId()), readdirSync(directory).length], [0, 0]);
});
