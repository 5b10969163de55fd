import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { seeing, testOp } from '@acervo/testkit/fakes/op.ts';
import { migratedDatabase, silentLog, type temporaryDatabase } from '@acervo/testkit/postgres.ts';
import { breakGlass, endSharing, listShared, makeAgreement, refer, reviewGlass } from './change.ts';
import { SharingMemory } from './memory.ts';

const op = testOp();
const BETWEEN = { owner: 'A', receiver: 'B', validity: { from: '2026-01-01T00:00:00-06:00' } };
const AGREEMENT = { ...BETWEEN, purposes: ['TREATMENT'], reference: 'Convenio 1' };
const REFERRAL = { ...BETWEEN, issuer: 'A', patientId: '7', reason: 'Oncología' };
const GLASS = { owner: 'A', subject: { studyUid: '2.25.1' }, reason: 'Urgencia' };

const person = (id: string, institution: string, ...at: string[]) =>
  testOp({
    institution,
    actor: { kind: 'person', id },
    ...seeing(...at),
    allow: (action, where) => {
      if (!at.includes(where)) throw new Failure('access/denied', action);
    },
  });

async function prepared(t: Parameters<typeof temporaryDatabase>[0]) {
  const db = await migratedDatabase(t);
  return { db, memory: new SharingMemory(db, silentLog) };
}

const refusedAs = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;

test('what one process shares, another knows after it has read on, and lets go when it ends', async (t) => {
  const { db, memory } = await prepared(t);
  const { id } = await makeAgreement(db, op, AGREEMENT);
  await refer(db, op, REFERRAL);
  await breakGlass(db, testOp({ institution: 'B', actor: { kind: 'person', id: 'p1' } }), GLASS);
  await memory.refresh();
  const { agreements, referrals, glasses } = memory.sharing.givenTo('B', 'p1');
  assert.deepEqual([agreements.length, referrals[0]?.patientId, glasses[0]?.person], [1, '7', 'p1']);
  assert.equal(agreements[0]?.validity.from, '2026-01-01T06:00:00.000Z', 'one form, so that moments can be compared');
  assert.deepEqual(memory.sharing.givenTo('B', 'p2').glasses, [], 'glass is of who broke it');
  assert.deepEqual(memory.sharing.givenTo('C', 'p1'), { agreements: [], referrals: [], glasses: [] });
  const before = memory.sharing.revision;
  await endSharing(db, op, 'agreement', id);
  await memory.refresh();
  assert.deepEqual(memory.sharing.givenTo('B', undefined).agreements, []);
  assert.ok(memory.sharing.revision > before);
});

test('every change is an event with all of it', async (t) => {
  const { db } = await prepared(t);
  const { id } = await makeAgreement(db, op, AGREEMENT);
  await endSharing(db, op, 'agreement', id);
  const glass = await breakGlass(db, op, GLASS, 'p1');
  await reviewGlass(db, op, glass.id, 'Justificado');
  type Row = { kind: string; institution: string; study: string; id: string };
  const rows = await db.query<Row>(
    `select kind, institution, study, event::jsonb #>> '{facts,shared,id}' as id from journal order by xid, id`,
  );
  assert.deepEqual(
    rows.map((row) => [row.kind, row.institution, row.study, row.id]),
    [
      ['agreement.made', 'A', '', id],
      ['agreement.ended', 'A', '', id],
      ['glass.broken', 'A', '2.25.1', glass.id],
      ['glass.reviewed', 'A', '2.25.1', glass.id],
    ],
  );
});

test('the second look is by another one, once, and what is not his is not there', async (t) => {
  const { db } = await prepared(t);
  const { id } = await breakGlass(db, person('p1', 'B', 'A', 'B'), GLASS);
  const officer = person('dpo', 'A', 'A');
  const open = async () => (await listShared(db, officer, { institution: 'A', kinds: ['glass'], isOpen: true })).length;
  assert.equal(await open(), 1);
  await assert.rejects(reviewGlass(db, person('p1', 'B', 'B'), id, 'fine'), refusedAs('access/denied'));
  await assert.rejects(reviewGlass(db, person('x', 'C', 'C'), id, 'fine'), refusedAs('request/not-found'));
  await assert.rejects(reviewGlass(db, officer, id, ' '), refusedAs('request/invalid'));
  await reviewGlass(db, officer, id, 'Justificado');
  await assert.rejects(reviewGlass(db, officer, id, 'again'), refusedAs('request/invalid'));
  assert.equal(await open(), 0);
  const agreement = await makeAgreement(db, op, AGREEMENT);
  await assert.rejects(
    endSharing(db, person('x', 'B', 'B'), 'agreement', agreement.id),
    refusedAs('request/not-found'),
  );
  await assert.rejects(endSharing(db, op, 'referral', agreement.id), refusedAs('request/not-found'));
  await assert.rejects(endSharing(db, op, 'agreement', "' or true"), refusedAs('request/not-found'));
});

test('who may not, and nonsense, is refused, and nothing is kept of it', async (t) => {
  const { db } = await prepared(t);
  await assert.rejects(makeAgreement(db, person('x', 'B', 'B'), AGREEMENT), refusedAs('access/denied'));
  await assert.rejects(breakGlass(db, person('x', 'B', 'A'), GLASS, 'somebody-else'), refusedAs('access/denied'));
  for (const wrong of [
    { receiver: 'A' },
    { owner: 'a b' },
    { purposes: [] },
    { purposes: ['FUN'] },
    { modalities: ['ct'] },
    { from: '01/02/2026' },
    { reference: '' },
    { validity: { from: '2026-02-01T00:00:00Z', until: '2026-01-01T00:00:00Z' } },
    { more: 1 },
  ]) {
    await assert.rejects(
      makeAgreement(db, op, { ...AGREEMENT, ...wrong }),
      refusedAs('request/invalid'),
      JSON.stringify(wrong),
    );
  }
  for (const wrong of [{ minutes: 0 }, { minutes: 1441 }, { subject: { studyUid: 'x' } }, { reason: '' }]) {
    await assert.rejects(breakGlass(db, op, { ...GLASS, ...wrong }), refusedAs('request/invalid'));
  }
  assert.equal((await db.query('select from sharing')).length, 0);
  assert.equal((await db.query('select from journal')).length, 0);
});

test('the labels that an institution has are known', async (t) => {
  const { db, memory } = await prepared(t);
  await memory.refresh();
  const before = memory.marks.revision;
  await db.asOwner(async (sql) => {
    await sql.query(
      `insert into sensitivity (institution, issuer, patient_id, study_uid, label, reason, event, at, revision)
       values ('A', '', '', '2.25.1', 'vip', '', gen_random_uuid(), now(), 1),
         ('A', '', '7', '', 'hiv', '', gen_random_uuid(), now(), 2)`,
    );
    await sql.query('insert into directory_state (revision) values (2) on conflict (id) do update set revision = 2');
  });
  await memory.refresh();
  assert.deepEqual([memory.marks.labelsOf('A'), memory.marks.labelsOf('B')], [['hiv', 'vip'], []]);
  assert.ok(memory.marks.revision > before);
});
