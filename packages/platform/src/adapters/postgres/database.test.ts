import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { embeddedOptions, silentLog, temporaryDatabase, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import type { Log } from '../../ports/log.ts';
import { type Database, openDatabase } from './database.ts';
import { sqlStateOf } from './database-failure.ts';
import { embeddedPostgres } from './embedded.ts';

const failsAs = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;

async function withTable(database: Database): Promise<void> {
  const ddl = 'create table t (a int8 unique, b text); grant select, insert on t to acervo_app';
  await database.asOwner((sql) => sql.query(ddl));
}

test('the application asks, in a type that loses nothing', async (t) => {
  const database = await temporaryDatabase(t);
  const text = `select $1::int8 as int8, '{1,null}'::int8[] as list, timestamptz '2026-11-22 10:00:00.123456Z' as at,
    date '2026-11-22' as day, '{"a": 1}'::jsonb as json, current_user::text as role`;
  const [row] = await database.query(text, [2 ** 53 - 1]);
  assert.deepEqual(row, {
    int8: 2 ** 53 - 1,
    list: [1, null],
    at: '2026-11-22 10:00:00.123456+00',
    day: '2026-11-22',
    json: { a: 1 },
    role: 'acervo_app',
  });
  await assert.rejects(database.query('select 9007199254740993::int8'), failsAs('internal'));
});

test('a transaction is whole or nothing', async (t) => {
  const database = await temporaryDatabase(t);
  await withTable(database);
  const count = async (): Promise<unknown> => (await database.query('select count(*) from t'))[0];
  const setting = await database.transaction(
    async (sql) => {
      await sql.query('insert into t values (1)');
      return await sql.query("select current_setting('synchronous_commit') as value");
    },
    { synchronousCommit: 'off' },
  );
  assert.deepEqual(setting, [{ value: 'off' }]);
  const refused = database.transaction(async (sql) => {
    await sql.query('insert into t values (2)');
    throw new Error('changed my mind');
  });
  await assert.rejects(refused, /changed my mind/);
  const swallowed = database.transaction(async (sql) => {
    await sql.query('insert into t values (3)');
    await sql.query('insert into t values (1)').catch(() => {});
  });
  await assert.rejects(swallowed, /went on after a failed statement/);
  assert.deepEqual(await count(), { count: 1 });
});

test('failures are ours, and do not quote values', async (t) => {
  const database = await temporaryDatabase(t, 200);
  await withTable(database);
  await assert.rejects(database.query('select pg_sleep(20)'), failsAs('query/too-costly'));
  await database.query("insert into t values (1, 'NUÑEZ^JOSE')");
  const doubled = await database.query("insert into t values (1, 'PEREZ^ANA')").catch((thrown: unknown) => thrown);
  assert.ok(failsAs('internal')(doubled));
  assert.equal(sqlStateOf(doubled), '23505');
  const number = await database.query('select $1::int', ['PEREZ^ANA']).catch((thrown: unknown) => thrown);
  assert.doesNotMatch(`${doubled} ${number}`, /PEREZ|\(1\)/);
  await assert.rejects(database.query('select nothing from nowhere'), /nowhere/);
});

test('a lost server fails what was under way, and the next question is answered', async (t) => {
  const dataDir = temporaryDirectory();
  let lost = 0;
  const { log, ...options } = embeddedOptions(dataDir);
  const database = await openDatabase({
    source: { kind: 'embedded', ...options },
    role: 'test',
    connectionsMax: 2,
    statementTimeoutMs: 0,
    log,
    onLost: () => (lost += 1),
  });
  t.after(() => database.close());
  const underWay = assert.rejects(database.query('select pg_sleep(60)'), failsAs('database/unavailable'));
  await t.waitFor(async () => {
    const asked = `select 1 from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()`;
    assert.equal((await database.query(asked)).length, 1, 'it is under way');
  });
  process.kill(Number.parseInt(readFileSync(join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8'), 10), 'SIGKILL');
  await underWay;
  await database.waitUntilReachable(new AbortController().signal);
  assert.deepEqual(await database.query('select 1 as one'), [{ one: 1 }]);
  assert.ok(lost > 0);
});

async function operators(t: TestContext): Promise<(user: string) => string> {
  const supervisor = embeddedPostgres(embeddedOptions(temporaryDirectory()));
  t.after(() => supervisor.stop());
  const { address } = await supervisor.ensureRunning();
  return (user) => `postgresql://${user}@/acervo?host=${encodeURIComponent(address.host)}`;
}

async function openAs(t: TestContext, log: Log, url: string, ownerUrl?: string): Promise<Database> {
  const source = { kind: 'operator', url, ...(ownerUrl !== undefined && { ownerUrl }) } as const;
  const database = await openDatabase({ source, role: 'test', connectionsMax: 2, statementTimeoutMs: 0, log });
  t.after(() => database.close());
  return database;
}

test("an operator's database: two users, one that steps down, or one alone with a warning", async (t) => {
  const urlOf = await operators(t);
  const warned: string[] = [];
  const log = { ...silentLog, warn: (event: string) => void warned.push(event) };
  const who = 'select current_user::text as role';

  const two = await openAs(t, log, urlOf('acervo_app'), urlOf('acervo_owner'));
  assert.deepEqual(
    [await two.query(who), await two.asOwner((sql) => sql.query(who)), two.appRole],
    [[{ role: 'acervo_app' }], [{ role: 'acervo_owner' }], 'acervo_app'],
  );
  const down = await openAs(t, log, urlOf('postgres'));
  assert.deepEqual(
    [await down.query(who), await down.asOwner((sql) => sql.query(who))],
    [[{ role: 'acervo_app' }], [{ role: 'postgres' }]],
  );
  assert.deepEqual(warned, []);
  const alone = await openAs(t, log, urlOf('acervo_owner'));
  assert.deepEqual([await alone.query(who), alone.appRole], [[{ role: 'acervo_owner' }], 'acervo_owner']);
  assert.deepEqual(warned, ['database.single-role']);
});

test('a database that is not there', async () => {
  const source = { kind: 'operator', url: 'postgresql://nobody@/acervo?host=/nonexistent' } as const;
  const opening = openDatabase({ source, role: 'test', connectionsMax: 1, statementTimeoutMs: 0, log: silentLog });
  await assert.rejects(opening, failsAs('database/unavailable'));
});
