import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { newId } from '@acervo/kernel/id.ts';
import { embeddedOptions, migratedDatabase, silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import pg from 'pg';
import { APP_ROLE } from './cluster.ts';
import { type Database, openDatabase } from './database.ts';
import { embeddedPostgres } from './embedded.ts';
import { migrate } from './migrate.ts';
import { SILENT_ROLE } from './silent.ts';

const INSERT = `insert into silent.result (task, package, institution, study_uid, sealed)
  values ($1, 'p', 'HGM', '1.2', $2)`;
const ATTEMPTS = [
  'select * from silent.result',
  'select count(*) from silent.result',
  'insert into silent.result (task, package) values (null, null)',
  'delete from silent.result',
  'create view public.seen as select * from silent.result',
  'grant usage on schema silent to current_user',
  'alter schema silent owner to current_user',
  `grant ${SILENT_ROLE} to current_user`,
];

/** The silent role keeps and reads; the application gets nothing, and the silent role nothing of the application's. */
async function keptApart(database: Database): Promise<void> {
  const silent = await database.openSilent();
  assert.ok(silent !== undefined);
  await silent.query(INSERT, [newId(), Buffer.from('sealed')]);
  assert.deepEqual(await silent.query('select institution from silent.result'), [{ institution: 'HGM' }]);
  for (const text of ATTEMPTS) await assert.rejects(database.query(text), /42501/, text);
  for (const table of ['study', 'journal', 'ai_task', 'schema_migration']) {
    await assert.rejects(silent.query(`select * from public.${table}`), /42501/, table);
  }
  await assert.rejects(silent.query('update silent.result set sealed = sealed'), /42501/);
  assert.ok((await database.openSilent()) !== undefined, 'and again');
}

/** Another server with a user that owns its database, and makes roles or does not. */
async function operators(t: TestContext, user: string, setup: string) {
  const supervisor = embeddedPostgres(embeddedOptions(temporaryDirectory()));
  t.after(() => supervisor.stop());
  const { address } = await supervisor.ensureRunning();
  const urlOf = (name: string, database: string): string =>
    `postgresql://${name}@/${database}?host=${encodeURIComponent(address.host)}`;
  const operator = new pg.Client(urlOf('postgres', 'postgres'));
  await operator.connect();
  for (const each of [`drop role ${SILENT_ROLE}`, `drop role ${APP_ROLE}`, setup, `create database vna owner ${user}`])
    await operator.query(each);
  await operator.end();
  return {
    urlOf: (name: string) => urlOf(name, 'vna'),
    open: async (url: string, ownerUrl?: string): Promise<Database> => {
      const source = { kind: 'operator', url, ...(ownerUrl !== undefined && { ownerUrl }) } as const;
      const use = { role: 'test', connectionsMax: 2, statementTimeoutMs: 0, log: silentLog };
      const database = await openDatabase({ source, ...use });
      t.after(() => database.close());
      await migrate(database, silentLog);
      return database;
    },
  };
}

test('our own server: what is silent is of a role of its own', async (t) => {
  const database = await migratedDatabase(t);
  await keptApart(database);
});

test("an operator's server with one user: its sessions step down to either role", async (t) => {
  const { open, urlOf } = await operators(t, 'clinica', 'create role clinica login createrole');
  await keptApart(await open(urlOf('clinica')));
});

test("an operator's server with two users: the owner's sessions step down; without the role no store", async (t) => {
  const setup = 'create role duena login; create role clinica login';
  const { open, urlOf } = await operators(t, 'duena', setup);
  const without = await open(urlOf('clinica'), urlOf('duena'));
  assert.equal(await without.openSilent(), undefined);
  const operator = new pg.Client(urlOf('postgres'));
  await operator.connect();
  await operator.query(`create role ${SILENT_ROLE} nologin; grant ${SILENT_ROLE} to duena`);
  await operator.end();
  await keptApart(await open(urlOf('clinica'), urlOf('duena')));
});

test('where the application is the owner, or was granted the role, nothing is kept', async (t) => {
  const { open, urlOf } = await operators(
    t,
    'clinica',
    `create role clinica login; create role ${SILENT_ROLE} nologin`,
  );
  const operator = new pg.Client(urlOf('postgres'));
  await operator.connect();
  await operator.query(`grant ${SILENT_ROLE} to clinica`);
  await operator.end();
  const database = await open(urlOf('clinica'));
  assert.equal(database.appRole, 'clinica', 'one role for both');
  assert.equal(await database.openSilent(), undefined);
});
