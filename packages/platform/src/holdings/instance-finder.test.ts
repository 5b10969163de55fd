import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sql, SqlValue } from '../ports/sql.ts';
import { InstanceFinder } from './instance-finder.ts';

const uids = (sop: string) => ({ study: '1.2', series: '1.2.3', sop });

/** Answers each question when it is told to: of each instance, that A and B hold it. */
function slowSql(): { sql: Sql; asked: SqlValue[][]; answer(error?: Error): Promise<void> } {
  const asked: SqlValue[][] = [];
  let waiting = Promise.withResolvers<void>();
  const query = async <Row extends object>(_text: string, values: readonly SqlValue[] = []): Promise<Row[]> => {
    const sops = values[2] as readonly string[];
    asked.push([...sops]);
    await waiting.promise;
    const rows = sops.flatMap((sopUid, index) =>
      ['A', 'B'].map((institution) => ({ at: index + 1, institution, segment: 7, sopUid })),
    );
    return rows as object[] as Row[];
  };
  const answer = async (error?: Error): Promise<void> => {
    const answered = waiting;
    waiting = Promise.withResolvers();
    if (error === undefined) answered.resolve();
    else answered.reject(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { sql: { query }, asked, answer };
}

test('what is asked while the database answers is asked together, and each gets its own', async () => {
  const { sql, asked, answer } = slowSql();
  const finder = new InstanceFinder(sql);
  const finds = ['1', '2', '3'].map((sop) => finder.find(uids(sop)));
  assert.deepEqual(asked, [['1']]);
  await answer();
  assert.deepEqual(asked, [['1'], ['2', '3']]);
  await answer();
  const found = await Promise.all(finds);
  assert.deepEqual(
    found.map((held) => held.map(({ institution, held: instance }) => [institution, instance?.sopUid])),
    ['1', '2', '3'].map((sop) => [
      ['A', sop],
      ['B', sop],
    ]),
  );
});

test('a question that fails fails for who asked it, not for who comes after', async () => {
  const { sql, answer } = slowSql();
  const finder = new InstanceFinder(sql);
  const failed = assert.rejects(finder.find(uids('1')), /lost/);
  const next = finder.find(uids('2'));
  await answer(new Error('lost'));
  await failed;
  await answer();
  assert.equal((await next).length, 2);
  const again = finder.find(uids('3'));
  await answer();
  assert.equal((await again).length, 2);
});
