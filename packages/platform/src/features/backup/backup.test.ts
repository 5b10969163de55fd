import assert from 'node:assert/strict';
import { appendFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { segmentPath } from '@acervo/kernel/pack/record.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { abandonSegment, segmentsAfter } from '../../holdings/segment.repo.ts';
import { type Envelope, envelopeOf } from '../../journal/event.ts';
import type { SqlValue } from '../../ports/sql.ts';
import {
  backUpTo,
  newFolder,
  openSmall,
  portsOf,
  readRestored,
  SMALL_BYTES,
  store,
  targetOf,
  tryRestore,
} from './backup.fixture.ts';
import { backUp } from './backup.ts';
import type { Copied } from './copy.ts';
import { MANIFEST, type Manifest } from './manifest.ts';
import { type BackupTarget, UNFINISHED } from './progress-record.ts';

const SENDERS = 4;
const BEFORE_BACKUP = 120;

const objectOf = (sender: number, number: number): SmallObject => {
  const pixelBytes = number % 7 === 0 ? 5 * SMALL_BYTES : 64;
  return smallObject({ name: 'backup', study: sender, series: number % 3, number, pixelBytes });
};

const manifestIn = async (folder: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')) as Manifest;

const UNHEARD = { damaged: () => {}, progress: () => {} };

test('while four senders keep storing, everything acknowledged before is in the backup, in whole groups', async (t) => {
  const archive = await openSmall(t);
  const folder = newFolder();
  const acknowledged: SmallObject[] = [];
  const warm = Promise.withResolvers<void>();
  const ending = new AbortController();
  const senders = Array.from({ length: SENDERS }, async (_, sender) => {
    for (let number = 1; !ending.signal.aborted; number++) {
      const object = objectOf(sender, number);
      await store(archive, object);
      acknowledged.push(object);
      if (acknowledged.length === BEFORE_BACKUP) warm.resolve();
    }
  });
  await warm.promise;
  const query = envelopeOf(testOp(), 'query.executed', {}, { keys: 1 });
  await archive.holdings.journal.record(query);
  const before = [...acknowledged];
  const summary = await backUpTo(archive, folder);
  const after = acknowledged.length;
  ending.abort();
  await Promise.all(senders);
  assert.ok(after > before.length, 'nobody sent meanwhile');
  t.diagnostic(`${before.length} before, ${after - before.length} meanwhile; ${summary.seconds} s`);
  const { damaged, into } = await tryRestore(folder);
  assert.deepEqual(damaged, []);
  const { members, lines } = await readRestored(into);
  for (const { sopInstanceUid } of before) assert.ok(members.has(sopInstanceUid), `${sopInstanceUid} is missing`);
  const events = lines.map(({ event }) => event as Envelope);
  assert.ok(
    events.some(({ id }) => id === query.id),
    'an event without bytes is missing',
  );
  for (const { kind, facts } of events) {
    if (kind !== 'instance.stored') continue;
    const uids = Object.values(facts['instances'] as Record<string, string[]>).flat();
    for (const uid of uids) assert.ok(members.has(uid), `an event tells of ${uid}, which is missing`);
  }
  const { journal, counts } = await manifestIn(folder);
  assert.equal(lines.at(-1)?.seq, journal.seq);
  assert.equal(counts.bytes, summary.bytes);
});

test('the next backup writes only what is new', async (t) => {
  const archive = await openSmall(t);
  const folder = newFolder();
  for (const number of [1, 2, 7]) await store(archive, objectOf(1, number));
  const first = await backUpTo(archive, folder);
  assert.equal(first.bytesCopied, first.bytes);
  const second = await backUpTo(archive, folder);
  const { journalFiles, segments, kept, extended, copied } = second;
  // The first one's own event came to the journal; nothing came to the segments.
  assert.deepEqual(
    { journalFiles, segments, kept, extended, copied },
    {
      journalFiles: 1,
      segments: 2,
      kept: 2,
      extended: 1,
      copied: 0,
    },
  );
  assert.equal(second.bytesCopied, second.bytes - first.bytes);
  await store(archive, objectOf(1, 3));
  const third = await backUpTo(archive, folder);
  assert.deepEqual([third.kept, third.extended, third.copied], [1, 2, 0]);
  assert.equal(third.bytesCopied, third.bytes - second.bytes);
  assert.deepEqual((await tryRestore(folder)).damaged, []);
  await assert.rejects(stat(join(folder, UNFINISHED)), 'the record of progress stays');
});

const gone = (): never => {
  throw new Error('the disk is gone');
};

/** Half of the first bytes that are added to a file are written. */
function failsWhileExtending({ folder, blobs }: BackupTarget): BackupTarget {
  const append: typeof blobs.append = async (name) => {
    const writer = await blobs.append(name);
    const write: typeof writer.write = async (pieces, at) => {
      if (name === UNFINISHED) return writer.write(pieces, at);
      await writer.write(
        pieces.map((piece) => piece.subarray(0, piece.length >> 1)),
        at,
      );
      gone();
    };
    return { ...writer, write };
  };
  return { folder, blobs: { ...blobs, append } };
}

const failsAtManifest = ({ folder, blobs }: BackupTarget): BackupTarget => ({
  blobs,
  folder: { ...folder, put: (name, body) => (name === MANIFEST ? gone() : folder.put(name, body)) },
});

const ENDINGS: readonly { name: string; target(whole: BackupTarget): BackupTarget; filesMax: number }[] = [
  { name: 'while a file grows', target: failsWhileExtending, filesMax: 99 },
  { name: 'before its manifest', target: failsAtManifest, filesMax: 99 },
  { name: 'between two files', target: (whole) => whole, filesMax: 2 },
];

test('a backup that ends anywhere leaves the one before valid, and the next one goes on', async (t) => {
  const archive = await openSmall(t);
  const folder = newFolder();
  await store(archive, objectOf(1, 1));
  await backUpTo(archive, folder);
  const old = await readFile(join(folder, MANIFEST), 'utf8');
  for (const [index, { name, target, filesMax }] of ENDINGS.entries()) {
    for (const number of [2, 7, 9]) await store(archive, objectOf(index + 2, number));
    const ending = new AbortController();
    let files = 0;
    const progress = ({ how }: Copied): void => {
      if (how !== 'kept') files += 1;
      if (files >= filesMax) ending.abort();
    };
    const op = testOp({ signal: ending.signal });
    const ended = backUp(portsOf(archive), op, target(targetOf(folder)), { deep: false }, { ...UNHEARD, progress });
    await assert.rejects(ended, name);
    assert.equal(await readFile(join(folder, MANIFEST), 'utf8'), old);
    assert.deepEqual((await tryRestore(folder)).damaged, [], name);
  }
  const { kept, repaired } = await backUpTo(archive, folder);
  assert.equal(repaired, 0);
  assert.ok(kept > 0, 'what the ended ones had done was done again');
  const { damaged, into } = await tryRestore(folder);
  assert.deepEqual(damaged, []);
  const { members } = await readRestored(into);
  const sent = ENDINGS.flatMap((_, index) => [2, 7, 9].map((number) => objectOf(index + 2, number)));
  for (const { sopInstanceUid } of sent) assert.ok(members.has(sopInstanceUid));
});

test('a first backup that ended is no backup, and the next one goes on behind a torn line of its record', async (t) => {
  const archive = await openSmall(t);
  const folder = newFolder();
  for (const number of [1, 7]) await store(archive, objectOf(1, number));
  await assert.rejects(backUpTo(archive, folder, false, failsAtManifest(targetOf(folder))));
  await assert.rejects(tryRestore(folder), { code: 'request/invalid' });
  await appendFile(join(folder, UNFINISHED), '{"path":"packs/0000/000');
  const { kept, copied } = await backUpTo(archive, folder);
  assert.deepEqual({ kept, copied }, { kept: 3, copied: 0 });
  assert.deepEqual((await tryRestore(folder)).damaged, []);
});

test('an abandoned segment is copied up to where it is void', async (t) => {
  const archive = await openSmall(t);
  const { db } = archive.holdings;
  await store(archive, objectOf(1, 1));
  const [row] = await segmentsAfter(db, -1, 1);
  assert.ok(row !== undefined && row.committed > 0);
  const name = segmentPath(row.segment);
  await appendFile(join(archive.dataDir, 'packs', name), new Uint8Array(4096).fill(7));
  await abandonSegment(db, row.segment, row.committed);
  const folder = newFolder();
  await backUpTo(archive, folder);
  const { size } = await stat(join(folder, 'packs', name));
  assert.equal(size, row.committed);
});

test('what the archive has lost is named, and its earlier copy stays', async (t) => {
  const archive = await openSmall(t);
  const folder = newFolder();
  await store(archive, objectOf(1, 1));
  await store(archive, objectOf(1, 7));
  await backUpTo(archive, folder);
  const path = `packs/${segmentPath(1)}`;
  await rm(join(archive.dataDir, path));
  const told: string[] = [];
  const damagedHears = { ...UNHEARD, damaged: (damage: { path: string }) => void told.push(damage.path) };
  const summary = await backUpTo(archive, folder, false, targetOf(folder), damagedHears);
  assert.deepEqual(told, [path]);
  assert.equal(summary.damaged, 1);
  const { files, damaged } = await manifestIn(folder);
  assert.equal(damaged.length, 1);
  assert.ok(
    files.some((file) => file.path === path),
    'the earlier copy was forgotten',
  );
  assert.deepEqual((await tryRestore(folder)).damaged, []);
});

test('groups that a crashed database has forgotten are waited for', async (t) => {
  const archive = await openSmall(t);
  const { db } = archive.holdings;
  await store(archive, objectOf(1, 1));
  const [row] = await segmentsAfter(db, -1, 1);
  assert.ok(row !== undefined);
  const { segment, committed, records, chain } = row;
  const setTo = (...values: SqlValue[]): Promise<unknown> =>
    db.query('update segment set committed = $2, records = $3, chain = $4 where segment = $1', [segment, ...values]);
  await setTo(0, 0, '');
  let asked = 0;
  const query: typeof db.query = async (text, values) => {
    // Its writer projects it again while it is being waited for.
    if (text.includes('from segment where segment = $1')) asked += 1;
    if (asked === 2) await setTo(committed, records, chain);
    return db.query(text, values);
  };
  const folder = newFolder();
  await backUp({ ...portsOf(archive), db: { ...db, query } }, testOp(), targetOf(folder), { deep: false }, UNHEARD);
  const { members } = await readRestored((await tryRestore(folder)).into);
  assert.ok(members.has(objectOf(1, 1).sopInstanceUid));
});

test('the backup of another archive, or of another past of this one, is left alone', async (t) => {
  const archive = await openSmall(t);
  const folder = newFolder();
  await store(archive, objectOf(1, 1));
  await backUpTo(archive, folder);
  const good = await readFile(join(folder, MANIFEST), 'utf8');
  const manifest = await manifestIn(folder);
  const [file, ...others] = manifest.files;
  assert.ok(file !== undefined);
  const differing: Partial<Manifest>[] = [
    { node: '00000000-0000-0000-0000-000000000001' },
    { journal: { ...manifest.journal, hash: 'f'.repeat(64) } },
    { files: [...others, { ...file, length: file.length + 10_000 }] },
    { files: [...manifest.files, { ...file, path: 'packs/0000/00009999.tar' }] },
    { files: manifest.files.map((each) => ({ ...each, chain: `${each.chain}0` })) },
    { files: [{ ...file, path: 'packs/../../etc/passwd' }] },
  ];
  for (const difference of differing) {
    const other = JSON.stringify({ ...manifest, ...difference });
    await writeFile(join(folder, MANIFEST), other);
    await assert.rejects(backUpTo(archive, folder), { code: 'request/invalid' });
    assert.equal(await readFile(join(folder, MANIFEST), 'utf8'), other);
  }
  await writeFile(join(folder, MANIFEST), good);
  await backUpTo(archive, folder);
  const foreign = newFolder();
  await mkdir(foreign);
  await writeFile(join(foreign, 'thesis.doc'), 'mine');
  await assert.rejects(backUpTo(archive, foreign), { code: 'request/invalid' });
});
