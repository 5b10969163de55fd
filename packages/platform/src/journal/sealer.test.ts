import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { newId } from '@acervo/kernel/id.ts';
import { forgetfulBlobStore } from '@acervo/testkit/fakes/forgetful-blob-store.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { migratedDatabase, silentLog, type temporaryDatabase, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { fileBlobStore } from '../adapters/fs/blob-store.ts';
import type { Database } from '../adapters/postgres/database.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import { type Envelope, envelopeOf } from './event.ts';
import { insertEvents } from './journal.repo.ts';
import { Sealer } from './sealer.ts';
import { readLines, sealHash } from './segments.ts';

const event = (study: string): Envelope => envelopeOf(testOp(), 'instance.stored', { study }, {});
const put = (database: Pick<Database, 'query'>, study: string): Promise<void> => insertEvents(database, [event(study)]);

async function prepared(t: Parameters<typeof temporaryDatabase>[0]) {
  const database = await migratedDatabase(t);
  const blobs = fileBlobStore(join(temporaryDirectory(), 'journal'));
  return { database, blobs };
}

async function studiesIn(blobs: BlobStore): Promise<string[]> {
  const studies: string[] = [];
  let before = { seq: 0, hash: '' };
  for await (const line of readLines(blobs, 1)) {
    assert.equal(line.seq, before.seq + 1);
    assert.equal(line.prev, before.hash);
    assert.equal(line.hash, sealHash(line.seq, line.prev, line.event));
    before = line;
    studies.push((line.event as { study: string }).study);
  }
  return studies;
}

test('rows get gapless numbers in the order of commit, chained, in segments and in the database', async (t) => {
  const { database, blobs } = await prepared(t);
  const sealer = new Sealer(database, blobs, silentLog);
  for (const study of ['1', '2', '3']) await put(database, study);
  assert.equal(await sealer.sealAll(), 3);
  await put(database, '4');
  assert.equal(await sealer.sealAll(), 1);
  assert.equal(await sealer.sealAll(), 0);
  assert.deepEqual(await studiesIn(blobs), ['1', '2', '3', '4']);
  const seals = await database.query<{ seq: number }>('select seq from journal_seal order by seq');
  assert.deepEqual(
    seals.map(({ seq }) => seq),
    [1, 2, 3, 4],
  );
  await sealer.close();
});

test('a slow early transaction is never stepped over', async (t) => {
  const { database, blobs } = await prepared(t);
  const sealer = new Sealer(database, blobs, silentLog);
  const started = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const slow = database.transaction(async (sql) => {
    await insertEvents(sql, [event('slow')]);
    started.resolve();
    await gate.promise;
  });
  await started.promise;
  await put(database, 'fast');
  assert.equal(await sealer.sealAll(), 0, 'the fast one waits behind the slow one');
  gate.resolve();
  await slow;
  assert.equal(await sealer.sealAll(), 2);
  assert.deepEqual(await studiesIn(blobs), ['slow', 'fast']);
  await sealer.close();
});

test('two sealers take turns; a line whose number a crash kept out is adopted, a torn one is cut', async (t) => {
  const { database, blobs } = await prepared(t);
  const [first, second] = [new Sealer(database, blobs, silentLog), new Sealer(database, blobs, silentLog)];
  await put(database, 'a');
  assert.equal(await first.sealAll(), 1);
  await put(database, 'b');
  assert.equal(await second.sealAll(), 1);
  await put(database, 'c');
  assert.equal(await first.sealAll(), 1);
  await Promise.all([first.close(), second.close()]);
  // The crash: the last line is durable, its number is not, and half a line follows.
  await database.asOwner((sql) => sql.query('delete from journal_seal where seq = 3'));
  const [file] = await Array.fromAsync(blobs.list());
  const writer = await blobs.append(file as string);
  await writer.write([new TextEncoder().encode('{"event":{"v":1,')], (await blobs.sizeOf(file as string)) as number);
  await writer.close();
  await put(database, 'd');
  const third = new Sealer(database, blobs, silentLog);
  await third.sealAll();
  assert.deepEqual(await studiesIn(blobs), ['a', 'b', 'c', 'd']);
  const seals = await database.query<{ seq: number }>('select seq from journal_seal order by seq');
  assert.deepEqual(
    seals.map(({ seq }) => seq),
    [1, 2, 3, 4],
  );
  await third.close();
});

test('of a batch whose datasync failed nothing counts, and the next try writes it once', async (t) => {
  const database = await migratedDatabase(t);
  const blobs = forgetfulBlobStore();
  const sealer = new Sealer(database, blobs, silentLog);
  await put(database, 'a');
  assert.equal(await sealer.sealAll(), 1);
  for (const study of ['b', 'c']) await put(database, study);
  blobs.failDatasync(1);
  await assert.rejects(sealer.sealAll(), /EIO/);
  assert.deepEqual(await studiesIn(blobs), ['a']);
  await put(database, 'd');
  assert.equal(await sealer.sealAll(), 3);
  assert.deepEqual(await studiesIn(blobs), ['a', 'b', 'c', 'd']);
  await sealer.close();
});

test('the application may not change or delete what is in the journal', async (t) => {
  const { database } = await prepared(t);
  await put(database, 'x');
  for (const text of [
    'delete from journal',
    `update journal set study = '${newId()}'`,
    'delete from journal_seal',
    'truncate journal',
  ]) {
    await assert.rejects(database.query(text), /permission denied/, text);
  }
});
