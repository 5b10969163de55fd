import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lockSecondsOf } from './credentials.ts';
import { Browser, enrolBy, logIn, PASSWORD, sessionOf } from './login.fixture.ts';
import { startWithPeople, toldOf } from './people.fixture.ts';

test('each failure after the limit doubles the wait, up to a most', () => {
  const seconds = lockSecondsOf({ from: 5, firstS: 30, mostS: 900 });
  assert.deepEqual([1, 4, 5, 6, 7, 9, 10, 100].map(seconds), [0, 0, 30, 60, 120, 480, 900, 900]);
});

test('guessing is locked out, for strangers as for those who are known, and told without names', async (t) => {
  const { url, db, add } = await startWithPeople(t);
  const { id, link } = await add('rad', 'radiologist');
  await enrolBy(url, link, { code: '' });
  const guess = async (login: string, password = 'no es esta frase') =>
    (await logIn(new Browser(url), login, undefined, password)).answer.status;

  // All at once: none is judged before it is counted.
  const statuses = await Promise.all(Array.from({ length: 8 }, () => guess('rad')));
  assert.equal(statuses.filter((status) => status === 401).length, 4, statuses.join());
  assert.equal(await guess('rad', PASSWORD), 429, 'the right one, while locked');
  assert.equal((await sessionOf(new Browser(url))).person, null);
  const strangers = await Promise.all(Array.from({ length: 8 }, () => guess('nadie-de-aqui')));
  const locked = (all: readonly number[]): number => all.filter((status) => status === 429).length;
  assert.deepEqual([locked(strangers), locked(statuses)], [4, 4]);

  const told = await toldOf(db, id);
  assert.deepEqual(
    // Eight requests side by side: which row is written first is nobody's to say.
    told
      .map(({ kind }) => kind)
      .filter((kind) => kind.startsWith('login'))
      .sort(),
    ['login.failed', 'login.failed', 'login.locked'],
  );
  const counts = told.filter(({ kind }) => kind === 'login.failed').map(({ facts }) => Number(facts['count']));
  assert.ok(counts.reduce((sum, count) => sum + count, 0) >= 5, counts.join());
  const rows = await db.query<{ text: string }>(
    `select event as text from journal union all select subject from login_attempt`,
  );
  assert.ok(rows.every(({ text }) => !text.includes('nadie-de-aqui')));

  await t.test("the lock is the database's, and ends", async () => {
    await db.query(`update login_attempt set locked_until = now() - interval '1 second'`);
    const browser = new Browser(url);
    await logIn(browser, 'rad');
    assert.notEqual((await sessionOf(browser)).person, null);
  });
});
