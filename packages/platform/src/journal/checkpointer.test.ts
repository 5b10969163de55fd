import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { messageOf } from '@acervo/kernel/journal/signature.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { migratedDatabase, silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { verifyJournal } from '@acervo/verifier/journal.ts';
import { fileBlobStore } from '../adapters/fs/blob-store.ts';
import { publicKey, replaceKey, rotateKey } from '../features/journal/change-key.ts';
import type { JournalKeys, Signer } from '../ports/journal-keys.ts';
import { checkpointAgeSeconds, lastCheckpoint } from './checkpoint.repo.ts';
import { Checkpointer } from './checkpointer.ts';
import { envelopeOf } from './event.ts';
import { insertEvents } from './journal.repo.ts';
import { Sealer } from './sealer.ts';

const ARCHIVE = '0199d7a0-0000-7000-8000-00000000000a';

function signer(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = publicKey.export({ format: 'jwk' }).x as string;
  return { key, sign: (what, value) => sign(undefined, messageOf(what, value), privateKey).toString('base64url') };
}

async function prepared(t: TestContext) {
  const db = await migratedDatabase(t);
  const folder = join(temporaryDirectory(), 'journal');
  const blobs = fileBlobStore(folder);
  const sealer = new Sealer(db, blobs, silentLog);
  const held: Signer[] = [signer()];
  const keys: JournalKeys = { signers: () => held as [Signer, ...Signer[]] };
  const checkpointer = (): Checkpointer => new Checkpointer({ db, blobs, keys, log: silentLog }, ARCHIVE);
  const events = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++)
      await insertEvents(db, [envelopeOf(testOp(), 'query.executed', {}, {})]);
    await sealer.sealAll();
  };
  const check = async (...known: string[]) => {
    const found: string[] = [];
    const totals = await verifyJournal(folder, { checkpoints: [], keys: known, witnesses: [] }, ({ code, what }) =>
      found.push(`${code} ${what}`),
    );
    return { found, totals };
  };
  t.after(() => sealer.close());
  return { db, folder, keys, held, checkpointer, events, check };
}

test('what has come is signed, once; any process goes on where another one ended', async (t) => {
  const { db, folder, held, checkpointer, events, check } = await prepared(t);
  const [first, second] = [checkpointer(), checkpointer()];
  assert.equal(await first.checkpoint(), 0, 'of an empty journal there is none');
  await events(5);
  assert.ok((await checkpointAgeSeconds(db)) > 0);
  assert.deepEqual([await first.checkpoint(), await first.checkpoint(), await second.checkpoint()], [1, 0, 0]);
  assert.equal(await checkpointAgeSeconds(db), 0, 'nothing waits for one');
  await events(3);
  assert.equal(await second.checkpoint(), 1);
  await events(1);
  assert.equal(await first.checkpoint(), 1);
  await Promise.all([first.close(), second.close()]);
  const { found, totals } = await check(held[0]?.key ?? '');
  assert.deepEqual(found, []);
  assert.deepEqual([totals.checkpoints, totals.signedTo, totals.lines], [3, 9, 9]);

  await t.test('a checkpoint that is durable and whose row a crash kept out counts; a torn one does not', async () => {
    await db.asOwner((sql) => sql.query('delete from journal_checkpoint where number > 1'));
    appendFileSync(join(folder, 'checkpoints/000000000001.jsonl'), '{"checkpoint":{"archive"');
    await events(2);
    const third = checkpointer();
    assert.equal(await third.checkpoint(), 1);
    await third.close();
    assert.equal((await lastCheckpoint(db))?.number, 4);
    const after = await check(held[0]?.key ?? '');
    assert.deepEqual([after.found, after.totals.checkpoints, after.totals.signedTo], [[], 4, 11]);
  });

  await t.test('one that signed another journal is not taken up, nor is anything signed behind it', async () => {
    await db.asOwner((sql) =>
      sql.query(`delete from journal_checkpoint where number = 4;
        update journal_seal set hash = repeat('0', 64) where seq = 10`),
    );
    const other = checkpointer();
    await assert.rejects(
      other.checkpoint(),
      (thrown) =>
        thrown instanceof Failure && thrown.code === 'retrieve/damaged' && /signed another/.test(thrown.detail),
    );
    await other.close();
  });
});

test('the key changes with the event that says so, and without the right one nothing is signed', async (t) => {
  const { db, keys, held, checkpointer, events, check } = await prepared(t);
  const [old, next, third] = [held[0] as Signer, signer(), signer()];
  const made = checkpointer();
  await events(2);
  await made.checkpoint();
  held.push(next);
  await rotateKey({ db, keys }, testOp(), next);
  await events(2);
  assert.equal(await made.checkpoint(), 1);
  assert.deepEqual((await check(old.key)).found, []);

  held.splice(0, 2, third);
  await events(1);
  await assert.rejects(
    made.checkpoint(),
    (thrown) => thrown instanceof Failure && thrown.code === 'config/invalid' && thrown.detail.includes(next.key),
  );
  await assert.rejects(rotateKey({ db, keys }, testOp(), third), /is not here/);
  await replaceKey({ db, keys }, testOp(), third, 'the disk with the key was lost');
  await events(1);
  assert.equal(await made.checkpoint(), 1);
  await made.close();
  const told = await publicKey(db, keys, 'unused');
  assert.deepEqual([told.archive, told.key], [ARCHIVE, third.key]);
  assert.deepEqual(
    told.changes.map(({ previous, key }) => [previous, key]),
    [
      [old.key, next.key],
      [next.key, third.key],
    ],
  );
  assert.deepEqual((await check(old.key)).found, ['key.replaced 7']);
  assert.deepEqual((await check(old.key, third.key)).found, []);
});
