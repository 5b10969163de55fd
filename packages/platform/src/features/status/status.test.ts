import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { seeing, testOp } from '@acervo/testkit/fakes/op.ts';
import { FILLED, openFilledArchive } from '@acervo/testkit/filled-archive.ts';
import { Activity } from './activity.ts';
import { Remembered } from './remembered.ts';
import { ACTIVITY, DEVICES, HOLDERS, INSTITUTIONS, STORAGE } from './status.schema.ts';
import { Status } from './status.ts';

const DISK = { freeBytes: 10, totalBytes: 100, freeBytesMin: 1, takesObjects: true };

test('what the console asks is answered from the archive, for what the caller sees', async (t) => {
  const archive = await openFilledArchive(t);
  const { db, journal } = archive.holdings;
  const activity = new Activity();
  const status = new Status({ db, activity, associationsMax: 7, disk: () => Promise.resolve(DISK) });
  const all = testOp();
  const hgm = testOp({ institution: 'HGM', ...seeing('HGM') });

  await t.test('devices, with counts of what is odd', async () => {
    const { devices, from, isCut } = DEVICES.parse(await status.devices(all));
    assert.ok(from !== null && !isCut);
    assert.equal(
      devices.reduce((sum, { instances }) => sum + instances, 0),
      FILLED.instances + FILLED.versions,
    );
    const imss = devices.find(({ institution }) => institution === 'IMSS');
    assert.deepEqual([imss?.studies, imss?.marks.uidReused], [1, 1]);
    const own = (await status.devices(hgm)).devices;
    assert.deepEqual([...new Set(own.map(({ institution }) => institution))], ['HGM']);
    assert.equal(own[0]?.marks.uidReused, 0);
  });

  await t.test('refusals of the journal and of the process, the newest first', async () => {
    await journal.refused(testOp({ institution: 'IMSS' }), 'parse/truncated');
    activity.refused({ door: 'http', who: '10.0.0.9', institution: '', reason: 'access/unknown' });
    const { refusals, steps, associationsMax, isPartial } = ACTIVITY.parse(await status.activity(all));
    assert.deepEqual(
      refusals.map(({ reason }) => reason),
      ['access/unknown', 'parse/truncated'],
    );
    assert.deepEqual([associationsMax, isPartial, steps.length > 0], [7, false, true]);
    assert.deepEqual((await status.activity(hgm)).refusals, []);
  });

  await t.test('with the journal away the process tells what it knows', async () => {
    const away = { ...db, query: () => Promise.reject(new Failure('database/unavailable', 'away')) };
    const alone = new Status({ db: away, activity, associationsMax: 7, disk: () => Promise.resolve(DISK) });
    const { refusals, isPartial } = await alone.activity(all);
    assert.deepEqual([refusals.length, isPartial], [1, true]);
  });

  await t.test('disk and segments', async () => {
    const { disk, segments } = STORAGE.parse(await status.storage(all));
    assert.deepEqual(disk, DISK);
    assert.ok(segments.some(({ count, bytes }) => count > 0 && bytes > 1_000_000));
  });

  await t.test('institutions, and who holds a study', async () => {
    assert.deepEqual(INSTITUTIONS.parse(await status.institutions(all)), { institutions: ['HGM', 'IMSS'] });
    assert.deepEqual(await status.institutions(hgm), { institutions: ['HGM'] });
    const rows = await db.query<{ uid: string }>('select distinct study_uid as uid from study order by 1');
    const uids = rows.map(({ uid }) => uid);
    const { holders } = HOLDERS.parse(await status.holders(all, uids));
    assert.deepEqual(Object.keys(holders).sort(), uids);
    assert.ok(Object.values(holders).some((each) => each.join() === 'HGM,IMSS'));
    const seen = (await status.holders(hgm, uids)).holders;
    assert.deepEqual([...new Set(Object.values(seen).flat())], ['HGM']);
    await assert.rejects(status.holders(all, ["1.2'"]), /request\/invalid/);
  });

  await t.test('who may not query is told nothing', async () => {
    const op = testOp(seeing());
    for (const ask of [() => status.activity(op), () => status.storage(op), () => status.institutions(op)]) {
      await assert.rejects(ask, /access\/denied/);
    }
    assert.throws(() => void status.devices(op), /access\/denied/);
  });
});

test('an answer is remembered for its time, shared while it is asked for, and a failure is not kept', async () => {
  let now = 0;
  let asked = 0;
  const remembered = new Remembered(
    100,
    (key) => {
      asked += 1;
      return asked === 3 ? Promise.reject(new Error('no')) : Promise.resolve(`${key}${asked}`);
    },
    () => now,
  );
  assert.deepEqual(await Promise.all([remembered.of('a'), remembered.of('a')]), ['a1', 'a1']);
  now = 99;
  assert.equal(await remembered.of('a'), 'a1');
  assert.equal(await remembered.of('b'), 'b2');
  now = 100;
  await assert.rejects(remembered.of('a'), /no/);
  assert.equal(await remembered.of('a'), 'a4');
});
