import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { silentLog, temporaryDatabase, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { migrate } from './migrate.ts';

const refuses = (word: string) => (thrown: unknown) =>
  thrown instanceof Failure && thrown.code === 'config/invalid' && thrown.detail.includes(word);

test('forward only: each step once, an edited or unknown one refuses, a failed one leaves nothing', async (t) => {
  const database = await temporaryDatabase(t);
  const folder = temporaryDirectory();
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
  const run = (): Promise<string[]> => migrate(database, silentLog, folder);

  write('0001-create-fact.sql', 'create table fact (a int);\ngrant select, insert on fact to acervo_app;');
  assert.deepEqual(await Promise.all([run(), run()]).then((both) => both.flat()), ['create-fact']);
  await database.query('insert into fact values (1)');
  await assert.rejects(database.query('delete from fact'), /42501/);
  assert.deepEqual(await run(), []);

  write('0002-add-column.sql', 'alter table fact add b int; alter table nothing add c int;');
  await assert.rejects(run(), /step 2 add-column: .*nothing/);
  write('0002-add-column.sql', 'alter table fact add b int;');
  assert.deepEqual(await run(), ['add-column']);
  assert.deepEqual(await database.query('select number, name from schema_migration order by number'), [
    { number: 1, name: 'create-fact' },
    { number: 2, name: 'add-column' },
  ]);

  write('0001-create-fact.sql', 'create table fact (a int8);');
  await assert.rejects(run(), refuses('step 1 was edited'));
  await assert.rejects(migrate(database, silentLog, temporaryDirectory()), refuses('newer than this code'));
  write('0004-skip-number.sql', 'select 1;');
  await assert.rejects(run(), refuses('0004-skip-number.sql'));
});

test("grants go to the application's role, whatever its name", async (t) => {
  const database = await temporaryDatabase(t);
  const folder = temporaryDirectory();
  writeFileSync(join(folder, '0001-create-fact.sql'), 'create table fact (a int); grant select on fact to acervo_app;');
  await migrate({ appRole: 'acervo_owner', asOwner: (work) => database.asOwner(work) }, silentLog, folder);
  await assert.rejects(database.query('select * from fact'), /42501/);
});
