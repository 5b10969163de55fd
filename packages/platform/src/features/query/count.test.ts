import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery } from '@acervo/interop/dicomweb/query.ts';
import type { Sql } from '../../ports/sql.ts';
import { COUNT_MAX, Counter } from './count.ts';
import { placeKeys } from './keys.ts';
import type { Search } from './search.repo.ts';

const searchOf = (raw: string): Search => ({
  level: 'study',
  institutions: undefined,
  study: undefined,
  series: undefined,
  keys: placeKeys(parseQuery(raw, 'study'), false),
  fuzzyMatching: false,
  withSopClasses: false,
  firstGroupOnly: false,
});

test('that there are too many is remembered for a while; a number never', async () => {
  let nowMs = 0;
  let asked = 0;
  let count = COUNT_MAX + 1;
  const sql: Sql = {
    query: async <Row extends object>() => {
      asked += 1;
      return [{ count }] as Row[];
    },
  };
  const counter = new Counter(sql, () => nowMs);
  assert.equal(await counter.count(searchOf('PatientSex=F')), COUNT_MAX + 1);
  assert.equal(await counter.count(searchOf('PatientSex=F')), COUNT_MAX + 1);
  assert.equal(asked, 1);
  await counter.count(searchOf('PatientSex=M'));
  assert.equal(asked, 2);
  nowMs = 60_001;
  count = 7;
  assert.equal(await counter.count(searchOf('PatientSex=F')), 7);
  assert.equal(await counter.count(searchOf('PatientSex=F')), 7);
  assert.equal(asked, 4);
});

test('a beginning of a name is counted in the order of names first, and exactly where that is not enough', async () => {
  const texts: unknown[] = [];
  const sql: Sql = {
    query: async <Row extends object>(_: string, values: readonly unknown[] = []) => {
      texts.push(values[0]);
      return [{ count: 3 }] as Row[];
    },
  };
  await new Counter(sql).count(searchOf('PatientName=GARCIA*'));
  assert.deepEqual(texts, ['=GARCIA%', '%=GARCIA%']);
});
