import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery } from '@acervo/interop/dicomweb/query.ts';
import type { Sql } from '../../ports/sql.ts';
import { EVERYTHING } from '../../ports/view.ts';
import { COMPARED_MAX, COUNT_MAX, findPage, OFFSET_MAX, type PageFound } from './find-page.ts';
import { placeKeys } from './keys.ts';
import { Many } from './many.ts';
import type { Search } from './search.repo.ts';

const searchOf = (raw: string): Search => ({
  level: 'study',
  view: EVERYTHING,
  study: undefined,
  series: undefined,
  keys: placeKeys(parseQuery(raw, 'study'), false),
  fuzzyMatching: false,
  withSopClasses: false,
});

/** Finds as if each statement had found so many among so many, in turn. Rows are as many as the page may have. */
function finding(...answers: readonly { total: number; candidates: number }[]): Sql & { asked: () => number } {
  let asked = 0;
  return {
    asked: () => asked,
    query: async <Row extends object>() => {
      const answer = answers[asked] ?? { total: 0, candidates: 0 };
      asked += 1;
      const rows = Math.max(1, Math.min(answer.total, 3));
      return Array.from({ length: rows }, () => ({ ...answer, ...(answer.total > 0 && { studyUid: '1.2' }) })) as Row[];
    },
  };
}

const find = (sql: Sql, raw: string, offset = 0, many = new Many()): Promise<PageFound> =>
  findPage(sql, many, searchOf(raw), { limit: 3, offset, after: undefined });
const foundBy = ({ rows, total, isExact }: PageFound): unknown => [rows.length, total, isExact];

test('what has no index is compared up to a bound, and refused where that does not answer it', async () => {
  const few = { total: 2, candidates: 500 };
  assert.deepEqual(foundBy(await find(finding(few), 'PatientSex=O')), [2, 2, true]);
  const many = { total: 900, candidates: COMPARED_MAX };
  assert.deepEqual(foundBy(await find(finding(many), 'PatientSex=F')), [3, 900, false]);
  const none = { total: 2, candidates: COMPARED_MAX };
  await assert.rejects(find(finding(none), 'PatientSex=O'), { code: 'query/too-broad' });
});

test('letters are looked for in the newest studies, then farther or in their index', async () => {
  const dense = finding({ total: 300, candidates: 10_000 });
  assert.deepEqual(foundBy(await find(dense, 'PatientName=*opez*')), [3, 300, false]);
  const all = finding({ total: 1, candidates: 9_000 });
  assert.deepEqual(foundBy(await find(all, 'PatientName=*opez*')), [1, 1, true]);
  const rare = finding({ total: 1, candidates: 10_000 }, { total: 2, candidates: 0 });
  assert.deepEqual(foundBy(await find(rare, 'PatientName=*opez*')), [2, 2, true]);
  assert.equal(rare.asked(), 2);
});

test('many matches are walked, from then on at once, and not passed over without end', async () => {
  const many = new Many();
  const first = finding({ total: COUNT_MAX + 1, candidates: 0 }, { total: 3, candidates: 0 });
  assert.deepEqual(foundBy(await find(first, 'PatientName=garcia*', 0, many)), [3, COUNT_MAX, false]);
  assert.equal(first.asked(), 2);
  const again = finding({ total: 3, candidates: 0 });
  assert.deepEqual(foundBy(await find(again, 'PatientName=garcia*', 0, many)), [3, COUNT_MAX, false]);
  assert.equal(again.asked(), 1);
  await assert.rejects(find(again, 'PatientName=garcia*', OFFSET_MAX + 1, many), { code: 'query/too-broad' });
});
