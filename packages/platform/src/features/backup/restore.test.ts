import assert from 'node:assert/strict';
import { mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';
import { type CommandContext, EXIT } from '../../apps/command.ts';
import { restoreCommand } from '../../apps/commands/restore.ts';
import { loadConfig } from '../../apps/config.ts';
import { envelopeOf } from '../../journal/event.ts';
import { backUpTo, newFolder, openSmall, SMALL_BYTES, store, type TestArchive, tryRestore } from './backup.fixture.ts';

const OBJECTS = [
  ...[1, 2, 3, 4].map((number) => smallObject({ name: 'restore', study: 1, number })),
  smallObject({ name: 'restore', study: 2, series: 5, number: 1, pixelBytes: 3 * SMALL_BYTES }),
  smallObject({ name: 'restore', study: 3, number: 1, patientName: 'GÓMEZ^ANA' }),
  // Again, and other content under the same UIDs.
  smallObject({ name: 'restore', study: 1, number: 1 }),
  smallObject({ name: 'restore', study: 1, number: 2, fill: 77 }),
];

async function filled(t: Parameters<typeof openSmall>[0], folder: string): Promise<TestArchive> {
  const archive = await openSmall(t);
  for (const object of OBJECTS) await store(archive, object);
  await archive.signJournal();
  await archive.holdings.journal.record(envelopeOf(testOp(), 'query.executed', {}, { keys: 2 }));
  await backUpTo(archive, folder);
  return archive;
}

/** Run `acervo restore` into a data directory. */
async function restore(folder: string, dataDir: string) {
  const config = loadConfig({
    ACERVO_DATA_DIR: dataDir,
    ACERVO_PG_WAL_SEGMENT_MIB: '1',
    ACERVO_PG_SHARED_BUFFERS_MIB: '16',
  });
  const told: unknown[] = [];
  const context: CommandContext = {
    config,
    log: silentLog,
    signal: new AbortController().signal,
    isJson: true,
    print: (_, value) => void told.push(value),
  };
  const code = await restoreCommand.run({ values: { from: folder, deep: true }, positionals: [] }, context);
  return { code, told };
}

/** What the index says, with what is local to a database left out. */
async function rowsOf({ holdings: { db } }: TestArchive, lastSeq: number) {
  const ask = (text: string): Promise<object[]> => db.query(text);
  return {
    study: await ask('select s::text from study s order by study_key'),
    attributes: await ask('select * from study_attributes order by study_key'),
    identifiers: await ask('select * from study_identifier order by study_key, place'),
    series: await ask('select * from series order by study_key, series_key'),
    instance: await ask(`select i.*, t.uid as syntax, c.uid as class, 0 as transfer_syntax, 0 as sop_class
      from instance i join uid_code t on t.code = i.transfer_syntax join uid_code c on c.code = i.sop_class
      order by study_key, series_key, sop_uid, version`),
    journal: await ask(`select s.seq, s.hash, j.id, j.at, j.kind, j.institution, j.actor, j.study, j.event
      from journal_seal s join journal j on j.id = s.id where s.seq <= ${lastSeq} order by s.seq`),
    checkpoints: await ask(`select * from journal_checkpoint where size <= ${lastSeq} order by number`),
  };
}

async function objectsOf({ holdings: { db, files } }: TestArchive): Promise<string[]> {
  const rows = await db.query<{ sop: string; segment: number; at: number; bytes: number }>(
    'select sop_uid as sop, segment, file_at as at, file_bytes as bytes from instance order by sop_uid, version',
  );
  const found: string[] = [];
  for (const { sop, segment, at, bytes } of rows) {
    const chunks = await Array.fromAsync(files.stream(segment, at, bytes));
    found.push(`${sop} ${Buffer.concat(chunks).toString('base64')}`);
  }
  return found;
}

async function flip(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  await file.write(Buffer.of((byte[0] as number) ^ 1), 0, 1, at);
  await file.close();
}

test('a restored archive has the same rows, the same bytes, and goes on', async (t) => {
  const folder = newFolder();
  const archive = await filled(t, folder);
  const { files, into } = { files: await objectsOf(archive), into: newFolder() };
  const [seal] = await archive.holdings.db.query<{ seq: number }>(
    `select max(seq) as seq from journal_seal s join journal j on j.id = s.id where j.kind = 'query.executed'`,
  );
  const lastSeq = seal?.seq as number;
  const before = await rowsOf(archive, lastSeq);
  assert.equal(before.instance.length, OBJECTS.length - 1);
  assert.ok(lastSeq > 1);
  assert.ok(before.checkpoints.length > 0);
  const { code, told } = await restore(folder, into);
  assert.equal(code, EXIT.done, JSON.stringify(told));
  const restored = await openSmall(t, into);
  assert.deepEqual(await rowsOf(restored, lastSeq), before);
  assert.deepEqual(await objectsOf(restored), files);
  assert.notEqual(restored.node, archive.node);
  assert.equal((await store(restored, OBJECTS[0] as (typeof OBJECTS)[number])).kind, 'resent');
  assert.equal((await store(restored, smallObject({ name: 'restore', study: 8, number: 1 }))).kind, 'stored');
  const again = newFolder();
  await backUpTo(restored, again);
  assert.deepEqual((await tryRestore(again)).damaged, []);
  await assert.rejects(backUpTo(restored, folder), { code: 'request/invalid' }, 'the old backup must stay as it is');
});

test('flipped bytes and a missing file are named, and nothing is restored; --deep repairs the backup', async (t) => {
  const folder = newFolder();
  const archive = await filled(t, folder);
  const segments = (await readdir(join(folder, 'packs/0000'))).sort();
  const [first = '', second = ''] = segments;
  const [journal = ''] = await readdir(join(folder, 'journal'));
  await flip(join(folder, 'packs/0000', first), 2000);
  await flip(join(folder, 'journal', journal), 40);
  await rm(join(folder, 'packs/0000', second));
  const into = newFolder();
  const { code, told } = await restore(folder, into);
  assert.equal(code, EXIT.damaged);
  const named = told.map((each) => (each as { damaged: string | number }).damaged);
  assert.deepEqual(named, [`journal/${journal}`, `packs/0000/${first}`, `packs/0000/${second}`, 3]);
  const left = await readdir(into, { recursive: true, withFileTypes: true });
  assert.deepEqual(
    left.filter((entry) => entry.isFile()).map(({ name }) => name),
    [],
  );
  const { repaired } = await backUpTo(archive, folder, true);
  assert.equal(repaired, 3);
  assert.equal((await restore(folder, into)).code, EXIT.done);
});

test('nothing is restored over an archive, nor from what is no whole backup', async (t) => {
  const folder = newFolder();
  await filled(t, folder);
  const held = newFolder();
  await mkdir(join(held, 'packs/0000'), { recursive: true });
  await writeFile(join(held, 'packs/0000/00000000.tar'), 'mine');
  await assert.rejects(restore(folder, held), { code: 'config/invalid' });
  const indexed = newFolder();
  await mkdir(join(indexed, 'postgres'), { recursive: true });
  await assert.rejects(restore(folder, indexed), { code: 'config/invalid' });
  await assert.rejects(restore(join(folder, 'packs'), newFolder()), { code: 'request/invalid' });
  // Into itself.
  await assert.rejects(restore(folder, join(folder, 'data')), { code: 'request/invalid' });
});
