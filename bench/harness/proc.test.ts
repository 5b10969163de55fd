import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { cpuSecondsOf, processStatOf, residentOf, treeOf } from './proc.ts';

test('a name with blanks and brackets does not shift the fields', () => {
  const line = `42 (a) b (c) S 7 42 42 0 -1 4194560 1 2 3 4 11 22 33 44 20 0 1 0 100 1 1 ${'0 '.repeat(30)}`;
  assert.deepEqual(processStatOf(line), { pid: 42, parent: 7, ticks: 110 });
});

test('a tree is everybody that descends, once', () => {
  const stat = (pid: number, parent: number) => ({ pid, parent, ticks: 1 });
  const all = [stat(5, 3), stat(1, 0), stat(2, 1), stat(3, 2), stat(4, 1), stat(9, 8)];
  const pids = (roots: number[]): number[] =>
    treeOf(roots, all)
      .map(({ pid }) => pid)
      .toSorted((a, b) => a - b);
  assert.deepEqual(pids([2]), [2, 3, 5]);
  assert.deepEqual(pids([2, 3]), [2, 3, 5]);
  assert.deepEqual(pids([77]), []);
});

test('the time of a child counts while it runs and after it has ended', async () => {
  const before = cpuSecondsOf([process.pid]);
  const child = spawn(process.execPath, ['-e', 'for (const end = Date.now() + 300; Date.now() < end;);']);
  assert.ok(residentOf(child.pid ?? 0).bytes > 0);
  await once(child, 'exit');
  assert.ok(cpuSecondsOf([process.pid]) - before >= 0.05);
});
