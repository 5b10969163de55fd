import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery } from '@acervo/interop/dicomweb/query.ts';
import { viewOf } from '@acervo/testkit/fakes/op.ts';
import { EVERYTHING } from '../../ports/view.ts';
import { placeKeys } from './keys.ts';
import { Many } from './many.ts';
import type { Search } from './search.repo.ts';

const searchOf = (raw: string, institutions?: readonly string[]): Search => ({
  level: 'study',
  view: institutions === undefined ? EVERYTHING : viewOf(...institutions),
  study: undefined,
  series: undefined,
  keys: placeKeys(parseQuery(raw, 'study'), false),
  fuzzyMatching: false,
  withSopClasses: false,
});

test('that many match is remembered for a minute, for one search and one scope', () => {
  let nowMs = 0;
  const many = new Many(() => nowMs);
  many.note(searchOf('PatientName=GARCIA*'));
  assert.equal(many.has(searchOf('PatientName=GARCIA*')), true);
  assert.equal(many.has(searchOf('PatientName=GARCIA*', ['HGM'])), false);
  assert.equal(many.has(searchOf('PatientName=LOPEZ*')), false);
  nowMs = 60_001;
  assert.equal(many.has(searchOf('PatientName=GARCIA*')), false);
});
