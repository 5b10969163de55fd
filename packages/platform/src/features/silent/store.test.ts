import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { recordOf } from './record.ts';
import { silentSeal } from './seal.ts';
import { openStore, report, said, taskOf } from './silent.fixture.ts';
import { silentFile, silentSink } from './store.ts';

const rowsOf = (sql: { query(text: string): Promise<unknown> }) =>
  sql.query('select task::text as task from silent.result');

test('what is sealed opens by its key for its task, package, study and part, and for nothing else', () => {
  const of = { task: 't', package: 'p', studyUid: '1.2' };
  const seal = silentSeal(randomBytes(32));
  const sealed = seal.seal('said', of, Buffer.from('hallazgo'));
  assert.equal(Buffer.from(seal.open('said', of, sealed) ?? []).toString(), 'hallazgo');
  for (const other of [
    { ...of, task: 'u' },
    { ...of, package: 'q' },
    { ...of, studyUid: '1.3' },
  ]) {
    assert.equal(seal.open('said', other, sealed), undefined);
  }
  assert.equal(seal.open('objects', of, sealed), undefined);
  assert.equal(silentSeal(randomBytes(32)).open('said', of, sealed), undefined);
  assert.equal(seal.open('said', of, sealed.subarray(0, 20)), undefined);
  for (let at = 0; at < sealed.length; at++) {
    const touched = Buffer.from(sealed);
    touched.writeUInt8(touched.readUInt8(at) ^ 1, at);
    assert.equal(seal.open('said', of, touched), undefined, `byte ${at}`);
  }
  assert.notDeepEqual(seal.seal('said', of, Buffer.from('hallazgo')), sealed, 'a nonce of its own each time');
});

test('a record is kept once: a crash between file and row, and another attempt, give the first one', async (t) => {
  const { store, sink, folder } = await openStore(t);
  const task = taskOf(1);
  const first = {
    said: said(0.9),
    objects: [report(task.studyUid), { ...report(task.studyUid), file: new Uint8Array() }],
  };
  const kept = await sink.keep(task, first);
  await store.sql.query('delete from silent.result');
  assert.deepEqual(await sink.keep(task, { said: said(0.1), objects: [] }), kept, 'what was kept first counts');
  assert.deepEqual(await sink.keep(task, first), kept);
  assert.deepEqual(await rowsOf(store.sql), [{ task: task.id }]);
  assert.deepEqual(readdirSync(join(folder, task.package)), [`${task.id}.sealed`], 'no draft is left');
  const bound = { task: task.id, package: task.package, studyUid: task.studyUid };
  const opened = store.seal.open('objects', bound, readFileSync(join(folder, silentFile(task))));
  const { studyKey: _studyKey, ...told } = task;
  assert.deepEqual(opened && recordOf(opened), { task: told, ...first });
});

test('two attempts at the same moment keep one; a damaged file is written anew', async (t) => {
  const { store, sink, folder } = await openStore(t);
  const task = taskOf(1);
  const result = { said: said(0.9), objects: [report(task.studyUid)] };
  const kept = await Promise.all([1, 2, 3, 4].map(() => sink.keep(task, result)));
  assert.equal(new Set(kept.map(({ sha256 }) => sha256)).size, 1);
  assert.equal(((await rowsOf(store.sql)) as object[]).length, 1);
  writeFileSync(join(folder, silentFile(task)), 'half');
  const again = await sink.keep(task, result);
  assert.notDeepEqual(again, kept[0]);
  assert.deepEqual(await sink.keep(task, result), again);
});

test('nothing in the store can be read without the key; the application cannot ask its table', async (t) => {
  const { db, sink, by, folder } = await openStore(t);
  const task = taskOf(1);
  await sink.keep(task, { said: said(0.123456), objects: [report(task.studyUid)] });
  const bytes = readFileSync(join(folder, silentFile(task))).toString('latin1');
  for (const word of ['HALLAZGO', 'opacidad', '0.123456', `${task.studyUid}.9`]) assert.ok(!bytes.includes(word), word);
  await assert.rejects(db.query('select * from silent.result'), /42501/);
  await assert.rejects(db.query(`set role acervo_silent`), /42501/);
  const other = silentSink(by(randomBytes(32)));
  assert.equal(await other.hasRoom(task), true);
});
