import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TemporalVr, temporalKey } from './temporal.ts';

const CASES: readonly (readonly [TemporalVr, string, ReturnType<typeof temporalKey>])[] = [
  ['DA', '20240229', '20240229'],
  ['DA', '20240101-20240131', { from: '20240101', to: '20240131' }],
  ['DA', '20240101 - 20240131', { from: '20240101', to: '20240131' }],
  ['DA', '20240101-', { from: '20240101' }],
  ['DA', '-20240131', { to: '20240131' }],
  ['DA', '-', undefined],
  ['DA', '2024', undefined],
  ['DA', '202413', undefined],
  ['DA', '20241301', undefined],
  ['DA', '20240431', undefined],
  ['DA', '20240100', undefined],
  ['DA', '2024-01-01', undefined],
  ['DA', '20240101-20240131-', undefined],
  ['DA', '２０２４0101', undefined],
  ['TM', '10', '10'],
  ['TM', '235960', '235960'],
  ['TM', '101530.123456', '101530.123456'],
  ['TM', '10-12', { from: '10', to: '12' }],
  ['TM', '-1200', { to: '1200' }],
  ['TM', '24', undefined],
  ['TM', '1060', undefined],
  ['TM', '10:15', undefined],
  ['TM', '10.5', undefined],
  ['DT', '2024', '2024'],
  ['DT', '202402', '202402'],
  ['DT', '20240229101530.5', '20240229101530.5'],
  ['DT', '20240229101530.123456+0100', '20240229101530.123456+0100'],
  ['DT', '20200101-0500', '20200101-0500'],
  ['DT', '20200101-0500-', { from: '20200101-0500' }],
  ['DT', '20200101-0500-20200102-0500', { from: '20200101-0500', to: '20200102-0500' }],
  ['DT', '20200101-20200102', { from: '20200101', to: '20200102' }],
  ['DT', '20200101-20200102-0600', { from: '20200101', to: '20200102-0600' }],
  ['DT', '2010-2015', { from: '2010', to: '2015' }],
  ['DT', '-2015', { to: '2015' }],
  ['DT', '2010+1500', undefined],
  ['DT', '20200101+0160', undefined],
  ['DT', '2020010125', undefined],
  ['DT', '', undefined],
];

for (const [vr, text, expected] of CASES) {
  test(`${vr} ${text}`, () => assert.deepEqual(temporalKey(vr, text), expected));
}
