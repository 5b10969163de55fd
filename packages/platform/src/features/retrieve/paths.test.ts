import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { parsePath } from './bulkdata.route.ts';
import { frameNumbers } from './frames.route.ts';

const isInvalid = (thrown: unknown): boolean => thrown instanceof Failure && thrown.code === 'request/invalid';

test('lists of frames', () => {
  assert.deepEqual(frameNumbers('1'), [1]);
  assert.deepEqual(frameNumbers('3,1,3'), [3, 1, 3]);
  for (const list of ['', ',', '1,', '1 2', '1-3', '0x1', '1.0', '-1', '9999999999', `${'1,'.repeat(5000)}1`]) {
    assert.throws(() => frameNumbers(list), isInvalid, list.slice(0, 20));
  }
});

test('paths of bulk data', () => {
  assert.deepEqual(parsePath('7FE00010'), [0x7fe00010]);
  assert.deepEqual(parsePath('00880200/0/7fe00010'), [0x00880200, 0, 0x7fe00010]);
  for (const path of [
    '',
    '/',
    '7FE0001',
    '7FE00010/',
    '00880200/0',
    '00880200/x/7FE00010',
    '../../etc',
    `${'00880200/0/'.repeat(65)}7FE00010`,
  ]) {
    assert.throws(() => parsePath(path), isInvalid, path.slice(0, 30));
  }
});
