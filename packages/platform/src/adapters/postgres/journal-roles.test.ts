import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { newId } from '@acervo/kernel/id.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { embeddedOptions, migratedDatabase, silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { insertCheckpoints } from '../../journal/checkpoint.repo.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents, insertSeals } from '../../journal/journal.repo.ts';
import { type Database, openDatabase } from './database.ts';
import { embeddedPostgres } from './embedded.ts';
import { migrate } from './migrate.ts';

/** What the application may never do to what was recorded, and what the owner's rights would let somebody do. */
const TABLES = ['journal', 'journal_default', 'journal_seal', 'journal_checkpoint', 'journal_retired'];
const ATTEMPTS = TABLES.flatMap((table) => [
  `delete from ${table}`,
  `truncate ${table}`,
  `drop table ${table}`,
  `alter table ${table} disable trigger all`,
  `alter table ${table} owner to current_user`,
  `select * from ${table} for update`,
  `create trigger forget before insert on ${table} for each row execute function suppress_redundant_updates_trigger()`,
  `create rule forget as on insert to ${table} do instead nothing`,
]);
const UPDATES = [
  `update journal set event = ''`,
  `update journal set study = ''`,
  `insert into journal select * from journal on conflict (id) do update set event = ''`,
  `update journal_seal set hash = ''`,
  `insert into journal_seal select * from journal_seal on conflict (seq) do update set hash = ''`,
  `update journal_checkpoint set line = ''`,
  `insert into journal_checkpoint select * from journal_checkpoint on conflict (number) do update set line = ''`,
  `select drop_journal_month('2026-01-01')`,
  'alter table journal detach partition journal_default',
  `create table journal_1999_01 partition of journal for values from ('${newId(0)}') to ('${newId(1)}')`,
  'create or replace function journal_month_of(id uuid) returns date language sql as $$ select null::date $$',
  'set session_replication_role = replica',
  'copy journal from program $$cat /dev/null$$',
];

async function tryAll(database: Database): Promise<void> {
  const event = envelopeOf(testOp(), 'query.executed', {}, {});
  // The positive control: what the application must be able to do.
  await insertEvents(database, [event]);
  await insertSeals(database, [{ seq: 1, id: event.id, xid: '1', hash: 'a' }]);
  const checkpoint = { number: 1, size: 1, at: event.at, line: newId(), frontier: ['a'] };
  await insertCheckpoints(database, [checkpoint]);
  // Answered by a warning that nothing was granted: what follows proves it.
  await database.query('grant update, delete, truncate on journal, journal_seal, journal_checkpoint to current_user');
  for (const text of [...ATTEMPTS, ...UPDATES]) {
    await assert.rejects(database.query(text), /42501/, text);
  }
  const rows = await database.query('select event from journal');
  assert.equal(rows.length, 1);
  assert.deepEqual(await database.query('select hash from journal_seal'), [{ hash: 'a' }]);
  assert.deepEqual(await database.query('select line from journal_checkpoint'), [{ line: checkpoint.line }]);
}

test('our own server: the application cannot change or forget what was recorded', async (t) => {
  const database = await migratedDatabase(t);
  await tryAll(database);
});

async function openAs(t: TestContext, url: string, ownerUrl: string): Promise<Database> {
  const source = { kind: 'operator', url, ownerUrl } as const;
  const database = await openDatabase({
    source,
    role: 'test',
    connectionsMax: 2,
    statementTimeoutMs: 0,
    log: silentLog,
  });
  t.after(() => database.close());
  return database;
}

test('the application can make months ahead, and nothing but months', async (t) => {
  const database = await migratedDatabase(t);
  const months = ['2019-01-01', '2019-02-28'];
  // A table of the session's own does not stand in for the one that the function names.
  await database.transaction(async (sql) => {
    await sql.query('create temporary table journal_default (id uuid)');
    assert.deepEqual(await sql.query('select make_journal_months($1, $2) as made', months), [{ made: 2 }]);
  });
  for (const table of ['journal_2019_01', 'journal_2019_02']) {
    for (const text of [`delete from ${table}`, `drop table ${table}`, `insert into ${table} select * from journal`]) {
      await assert.rejects(database.query(text), /42501/, text);
    }
  }
  await assert.rejects(database.query('select make_journal_months($1, $2)', ['1999-12-01', '2020-01-01']), /22023/);
  await assert.rejects(database.query('select make_journal_months($1, $2)', ['2020-12-01', '2400-01-01']), /22023/);
});

test("an operator's server with a role for each: neither can the application there", async (t) => {
  const supervisor = embeddedPostgres(embeddedOptions(temporaryDirectory()));
  t.after(() => supervisor.stop());
  const { address } = await supervisor.ensureRunning();
  const urlOf = (user: string): string => `postgresql://${user}@/acervo?host=${encodeURIComponent(address.host)}`;
  const database = await openAs(t, urlOf('acervo_app'), urlOf('acervo_owner'));
  await migrate(database, silentLog);
  await tryAll(database);
});
