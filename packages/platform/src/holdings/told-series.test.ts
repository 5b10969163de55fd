import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GroupRows } from './index.repo.ts';
import { ToldSeries } from './told-series.ts';

function rowsOf(source: string, modality: string | null = 'CT'): GroupRows {
  const uids = { study_key: 'study', series_key: 1, series_uid: '1.2' };
  const facts = { modality, series_number: 1, charset_default: '', attributes: {} };
  return { instances: [], series: [{ ...uids, ...facts, source, stored: source }], studies: [] };
}

test('of a known series only what is earlier, or of another modality, is told again', () => {
  const told = new ToldSeries();
  assert.equal(told.covers(rowsOf('2')), false);
  told.note(rowsOf('2'));
  assert.equal(told.covers(rowsOf('2')), true);
  assert.equal(told.covers(rowsOf('3')), true);
  assert.equal(told.covers(rowsOf('3', 'SR')), false);
  // Committed before what is known, and projected after it: the earliest instance of a series tells of it.
  assert.equal(told.covers(rowsOf('1')), false);
  told.note(rowsOf('1'));
  told.note(rowsOf('3'));
  assert.equal(told.covers(rowsOf('2')), true);
  told.forget();
  assert.equal(told.covers(rowsOf('2')), false);
});
