import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isVr, VRS, type Vr } from './vr.ts';

const withWhere = (is: (vr: Vr) => boolean): string => Object.keys(VRS).filter(isVr).filter(is).sort().join(' ');

test('all 34 value representations of PS3.5 6.2', () => {
  assert.equal(Object.keys(VRS).length, 34);
  for (const vr of ['AE', 'OV', 'SV', 'UV', 'UC', 'UR', 'UN']) assert.ok(isVr(vr), vr);
  for (const not of ['', 'ae', 'XX', 'OX', 'toString', 'NONE']) assert.ok(!isVr(not), not);
});

test('32-bit lengths in explicit VR (PS3.5 7.1.2)', () => {
  assert.equal(
    withWhere((vr) => VRS[vr].lengthBytes === 4),
    'OB OD OF OL OV OW SQ SV UC UN UR UT UV',
  );
});

test('what Specific Character Set governs (PS3.5 6.1.2.3)', () => {
  assert.equal(
    withWhere((vr) => VRS[vr].charset),
    'LO LT PN SH ST UC UT',
  );
});

test('widths of byte order (PS3.5 7.3)', () => {
  assert.equal(
    withWhere((vr) => VRS[vr].swapBytes === 2),
    'AT OW SS US',
  );
  assert.equal(
    withWhere((vr) => VRS[vr].swapBytes === 4),
    'FL OF OL SL UL',
  );
  assert.equal(
    withWhere((vr) => VRS[vr].swapBytes === 8),
    'FD OD OV SV UV',
  );
});

test('texts of one value, where a backslash is a backslash', () => {
  assert.equal(
    withWhere((vr) => VRS[vr].kind === 'text' && !VRS[vr].multi),
    'LT ST UR UT',
  );
});

test('padding: spaces for text but for UI (PS3.5 6.2)', () => {
  assert.equal(
    withWhere((vr) => VRS[vr].kind === 'text' && VRS[vr].pad === 0),
    'UI',
  );
  assert.equal(
    withWhere((vr) => VRS[vr].kind !== 'text' && VRS[vr].pad !== 0),
    '',
  );
});
