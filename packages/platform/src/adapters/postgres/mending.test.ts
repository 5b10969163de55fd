import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryDatabase } from '@acervo/testkit/postgres.ts';

test('after a lost connection nobody is answered before what was lost is put right', async (t) => {
  const database = await temporaryDatabase(t);
  const order: string[] = [];
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  database.afterLoss(async (db) => {
    await db.query('select 1');
    order.push('mending');
    begun.resolve();
    await gate.promise;
    order.push('mended');
  });
  await database.query('select 1');
  assert.equal(order.length, 0, 'nothing was lost yet');
  await assert.rejects(database.query('select pg_terminate_backend(pg_backend_pid())'));
  const first = database.query('select 1').then(() => order.push('first'));
  await begun.promise;
  const second = database.query('select 1').then(() => order.push('second'));
  await database.asOwner((sql) => sql.query('select 1'));
  assert.equal(order.join(), 'mending');
  gate.resolve();
  await Promise.all([first, second]);
  assert.deepEqual(order.slice(0, 2), ['mending', 'mended']);
  assert.equal(order.length, 4);
});

test('mending that fails is tried again before the next answer', async (t) => {
  const database = await temporaryDatabase(t);
  let runs = 0;
  database.afterLoss(async () => {
    runs += 1;
    await Promise.resolve();
    if (runs === 1) throw new Error('not yet');
  });
  await assert.rejects(database.query('select pg_terminate_backend(pg_backend_pid())'));
  await assert.rejects(database.query('select 1'));
  await database.query('select 1');
  assert.equal(runs, 2);
});

test('who waited for a connection while one was lost waits for the mending, too', async (t) => {
  const database = await temporaryDatabase(t);
  let isMended = false;
  database.afterLoss(async (db) => {
    await db.query('select 1');
    isMended = true;
  });
  const gate = Promise.withResolvers<void>();
  const held = Array.from({ length: database.pool.options.max }, () =>
    database.transaction(async (sql) => {
      await sql.query('select 1');
      await gate.promise;
      await sql.query('select pg_terminate_backend(pg_backend_pid())');
    }),
  );
  const waiting = database.query('select 1').then(() => isMended);
  gate.resolve();
  await Promise.all(held.map((each) => assert.rejects(each)));
  assert.equal(await waiting, true);
});
