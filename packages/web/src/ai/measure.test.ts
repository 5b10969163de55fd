import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureText } from './measure.ts';

test('numbers of a report are written as people write them', () => {
  for (const [value, unit, text] of [
    [69_120, 'mm3', '69.1 mL'],
    [120, 'mm3', '120 mm³'],
    [90, '%', '90 %'],
    [0.25, '1', '0.25'],
    [12.5, 'mm', '12.5 mm'],
    [3, null, '3'],
    [null, 'mm', ''],
  ] as const) {
    assert.equal(measureText(value, unit), text);
  }
});
