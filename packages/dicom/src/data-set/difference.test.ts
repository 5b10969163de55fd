import assert from 'node:assert/strict';
import { test } from 'node:test';
import { T } from '../tags.ts';
import { composed, type Values } from './compose.ts';
import { firstDifference } from './difference.ts';

const of = (values: Values) => composed(values, ['ISO_IR 100']);
const nested = (name: string, ...more: Values[]) =>
  of([
    [T.PatientName, 'A'],
    [T.ContentSequence, [[[T.TextValue, 'x']], [[T.TextValue, name]], ...more]],
  ]);

test('the first difference is named by its tags, without a value', () => {
  assert.equal(firstDifference(nested('y'), nested('y')), undefined);
  const inside = '0040A730[2].0040A160 TextValue: other value, 2 and 2 bytes';
  assert.equal(firstDifference(nested('y'), nested('z')), inside);
  assert.equal(firstDifference(nested('y'), nested('y', [])), '0040A730 ContentSequence: 2 items, then 3');
  assert.equal(firstDifference(of([]), of([[T.Rows, 1]])), '00280010 Rows: only in the second');
  assert.equal(firstDifference(of([[T.Rows, 1]]), of([])), '00280010 Rows: only in the first');
});
