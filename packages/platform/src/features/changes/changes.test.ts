import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { seeing, testOp } from '@acervo/testkit/fakes/op.ts';
import { migratedDatabase, silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { fileBlobStore } from '../../adapters/fs/blob-store.ts';
import { type Envelope, type EventKind, envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import { Sealer } from '../../journal/sealer.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import { changesRoute } from './changes.route.ts';
import type { Changes } from './changes.ts';

const event = (study: string, kind: EventKind = 'instance.stored', institution = 'HGM'): Envelope =>
  envelopeOf(testOp(), kind, { institution, study }, { count: 1 });

async function journal(t: TestContext): Promise<{ db: Db; sealer: Sealer }> {
  const db = await migratedDatabase(t);
  return { db, sealer: new Sealer(db, fileBlobStore(temporaryDirectory()), silentLog) };
}

async function ask(db: Db, rawQuery: string, over: Partial<Op> = {}): Promise<Changes> {
  async function* nothing(): AsyncGenerator<never> {}
  const { body } = await changesRoute(db).handle(
    {
      method: 'GET',
      url: '/api/changes',
      rawQuery,
      params: {},
      query: new URLSearchParams(rawQuery),
      headers: {},
      body: nothing(),
      parts: () => nothing(),
    },
    testOp(over),
  );
  return JSON.parse(String(body)) as Changes;
}

const studies = ({ changes }: Changes): string[] => changes.map(({ study }) => study);

/** A transaction that goes on until it is told to end. */
function opened(db: Db, work: (sql: Sql) => Promise<void>): { begun: Promise<void>; commit(): Promise<void> } {
  const begun = Promise.withResolvers<void>();
  const wait = Promise.withResolvers<void>();
  const done = db.transaction(async (sql) => {
    await work(sql);
    begun.resolve();
    await wait.promise;
  });
  done.catch(begun.reject);
  return {
    begun: begun.promise,
    commit: async () => {
      wait.resolve();
      await done;
    },
  };
}

test('a slow early transaction is not skipped by one that comes later and is faster', async (t) => {
  const { db, sealer } = await journal(t);
  await insertEvents(db, [event('1.1')]);
  const slow = opened(db, (sql) => insertEvents(sql, [event('1.2')]));
  await slow.begun;
  await insertEvents(db, [event('1.3')]);
  await sealer.sealAll();
  const before = await ask(db, '');
  assert.deepEqual([studies(before), before.next, before.more], [['1.1'], 1, false]);
  await slow.commit();
  await sealer.sealAll();
  const after = await ask(db, `since=${before.next}`);
  assert.deepEqual([studies(after), after.next, after.more], [['1.2', '1.3'], 3, false]);
  assert.deepEqual(await ask(db, `since=${after.next}`), { changes: [], next: 3, more: false });
  await sealer.close();
});

test('pages meet every change once; other kinds and institutions are passed over', async (t) => {
  const { db, sealer } = await journal(t);
  const events = Array.from({ length: 60 }, (_, number) => {
    if (number % 3 === 1) return event(`1.${number}`, 'query.executed');
    return event(
      `1.${number}`,
      number % 5 === 0 ? 'instance.conflicted' : 'instance.stored',
      number % 2 === 0 ? 'HGM' : 'IMSS',
    );
  });
  for (const each of events) await insertEvents(db, [each]);
  await sealer.sealAll();
  const all = async (query: string, over: Partial<Op> = {}): Promise<string[]> => {
    const seen: string[] = [];
    for (let since = 0, more = true; more; ) {
      const page = await ask(db, `since=${since}&${query}`, over);
      seen.push(...studies(page));
      assert.ok(page.next > since || !page.more);
      ({ next: since, more } = page);
    }
    return seen;
  };
  const numbers = Array.from({ length: 60 }, (_, number) => number).filter((number) => number % 3 !== 1);
  const expected = (keep: (number: number) => boolean): string[] => numbers.filter(keep).map((number) => `1.${number}`);
  for (const limit of [1, 7, 60, 5000])
    assert.deepEqual(
      await all(`limit=${limit}`),
      expected(() => true),
    );
  assert.deepEqual(
    await all('limit=3', seeing('IMSS')),
    expected((number) => number % 2 === 1),
  );
  await assert.rejects(all('', seeing()), /access.denied/);
  assert.deepEqual(
    await all('kind=instance.conflicted'),
    expected((number) => number % 5 === 0),
  );
  assert.deepEqual(
    await all('kind=instance.conflicted,instance.stored&limit=2'),
    expected(() => true),
  );
  const [first] = (await ask(db, 'limit=1')).changes;
  assert.deepEqual(
    [first?.kind, first?.institution, first?.seq, first?.facts],
    ['instance.conflicted', 'HGM', 1, { count: 1 }],
  );
  await sealer.close();
});

test('what is not understood is refused', async (t) => {
  const { db } = await journal(t);
  for (const query of [
    'since=-1',
    'since=x',
    'since=1&since=2',
    'limit=0',
    'kind=query.executed',
    'kind=instance.stored,x',
    'since=1e3',
  ]) {
    await assert.rejects(
      ask(db, query),
      (thrown) => thrown instanceof Failure && thrown.code === 'request/invalid',
      query,
    );
  }
  const denied = seeing();
  await assert.rejects(ask(db, '', denied), /access\/denied/);
});
