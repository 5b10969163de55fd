import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { newUid } from '@acervo/dicom/uid.ts';
import { seeing, testOp } from '@acervo/testkit/fakes/op.ts';
import { storeSmall } from '@acervo/testkit/filled-archive.ts';
import type { Archive } from '../../apps/archive.ts';
import type { Envelope } from '../../journal/event.ts';
import { ask, associate, listenAsScu, type Prepared, prepare, reportTaker } from './commitment.fixture.ts';
import type { CommitmentReport } from './data-set.ts';
import { listCommitments } from './list.ts';
import type { CommitmentPorts } from './ports.ts';
import { type Reference, referencesOf } from './references.ts';
import { registerRequest } from './register.ts';

const LATE_MS = 20_000;
const CT = '1.2.840.10008.5.1.4.1.1.2';
const ENHANCED_CT = '1.2.840.10008.5.1.4.1.1.2.1';
const VERIFICATION = '1.2.840.10008.1.1';

const states = async ({ holdings }: Archive): Promise<string[]> =>
  (await listCommitments(holdings.db, testOp(), { onlyOpen: false, aeTitle: undefined, limit: 100 })).map(
    ({ state, attempts }) => `${state} ${attempts}`,
  );

async function events({ holdings }: Archive): Promise<Envelope[]> {
  const rows = await holdings.db.query<{ event: string }>(
    `select event from journal where kind like 'commitment.%' order by id`,
  );
  return rows.map(({ event }) => JSON.parse(event) as Envelope);
}

const kinds = async (archive: Archive): Promise<string[]> => (await events(archive)).map(({ kind }) => kind);

/** Ask, and release at once, as most modalities do. */
async function askAndGo(t: TestContext, { port }: Prepared, references: readonly Reference[], uid?: string) {
  const association = await associate(t, port, reportTaker().service);
  const status = await ask(association, references, uid === undefined ? {} : { transactionUid: uid });
  await association.release();
  return status;
}

const told = ({ committed, failed }: CommitmentReport): string[] =>
  [
    ...committed.map(({ sopInstanceUid }) => `${sopInstanceUid} committed`),
    ...failed.map(({ sopInstanceUid, reason }) => `${sopInstanceUid} ${reason.toString(16)}`),
  ].sort();

test('a system that stays gets its report on the association that asked', async (t) => {
  const { archive, port, objects } = await prepare(t);
  const { service, reports } = reportTaker();
  const association = await associate(t, port, service);
  const transactionUid = newUid();
  assert.equal(await ask(association, objects, { transactionUid }), 0);
  assert.deepEqual(await kinds(archive), ['commitment.requested'], 'durable when it is answered');
  const enough = new AbortController();
  const performing = association.perform(enough.signal);
  await t.waitFor(() => assert.equal(reports.length, 1), { timeout: LATE_MS });
  await t.waitFor(async () => assert.deepEqual(await states(archive), ['reported 1']), { timeout: LATE_MS });
  enough.abort();
  await performing;
  await association.release();
  assert.equal(reports[0]?.transactionUid, transactionUid);
  assert.deepEqual(reports.flatMap(told), objects.map(({ sopInstanceUid }) => `${sopInstanceUid} committed`).sort());
  const [, reported] = await events(archive);
  assert.equal(reported?.kind, 'commitment.reported');
  assert.equal(reported.institution, 'HGM');
  assert.deepEqual([reported.facts['committed'], reported.facts['association']], [3, 'same']);
});

test('what is not held, of another class or of no storage class is told with its reason', async (t) => {
  const prepared = await prepare(t);
  const [first, second, third] = prepared.objects;
  assert.ok(first && second && third);
  const reports = await listenAsScu(t, prepared.addresses);
  prepared.deliver();
  const references = [
    first,
    { sopClassUid: ENHANCED_CT, sopInstanceUid: second.sopInstanceUid },
    third,
    { sopClassUid: CT, sopInstanceUid: third.sopInstanceUid },
    { sopClassUid: CT, sopInstanceUid: '1.2.3.4' },
    { sopClassUid: VERIFICATION, sopInstanceUid: '1.2.3.5' },
  ];
  assert.equal(await askAndGo(t, prepared, references), 0);
  await t.waitFor(() => assert.equal(reports.length, 1), { timeout: LATE_MS });
  assert.deepEqual(
    reports.flatMap(told),
    [
      `${first.sopInstanceUid} committed`,
      `${second.sopInstanceUid} 119`,
      `${third.sopInstanceUid} committed`,
      `${third.sopInstanceUid} 119`,
      '1.2.3.4 112',
      '1.2.3.5 122',
    ].sort(),
  );
});

test('requests that are none are refused, each as PS3.7 has it, and nothing is owed', async (t) => {
  const { archive, port, objects } = await prepare(t);
  const association = await associate(t, port, reportTaker().service);
  assert.equal(await ask(association, objects, { actionTypeId: 2 }), 0x0123);
  assert.equal(await ask(association, objects, { sopInstanceUid: '1.2.3' }), 0x0112);
  assert.equal(await ask(association, objects, { sopClassUid: VERIFICATION }), 0x0118);
  assert.equal(await ask(association, []), 0x0115);
  assert.equal(await ask(association, objects, { transactionUid: 'x' }), 0x0115);
  assert.equal(await ask(association, objects, { dataSet: new Uint8Array(40).fill(255) }), 0x0115);
  const many = Array.from({ length: 10_001 }, (_unused, n) => ({ sopClassUid: CT, sopInstanceUid: `1.2.${n}` }));
  assert.equal(await ask(association, many), 0x0213);
  await association.release();
  assert.deepEqual(await states(archive), []);
  assert.deepEqual(await kinds(archive), []);
});

test('a system sees its own institution: what another one holds is not there for it', async (t) => {
  const prepared = await prepare(t, { op: { institution: 'IMSS', ...seeing('IMSS') } });
  const [first] = prepared.objects;
  assert.ok(first);
  await storeSmall(prepared.archive, { name: 'commitment', study: 1, number: 2 }, 'IMSS');
  const reports = await listenAsScu(t, prepared.addresses);
  prepared.deliver();
  assert.equal(await askAndGo(t, prepared, prepared.objects), 0);
  await t.waitFor(() => assert.equal(reports.length, 1), { timeout: LATE_MS });
  assert.deepEqual(
    reports.flatMap(told).map((line) => line.split(' ')[1]),
    ['112', 'committed', '112'],
  );
});

test('an instance whose bytes are gone is not committed to', async (t) => {
  const prepared = await prepare(t);
  const { archive, objects } = prepared;
  const [first] = objects;
  assert.ok(first);
  // As if its segment ended before it.
  const { db } = archive.holdings;
  const [row] = await db.query<{ sop_uid: string }>('select sop_uid from instance where sop_uid = $1 and file_at > 0', [
    first.sopInstanceUid,
  ]);
  assert.ok(row);
  await archive.database.asOwner((sql) =>
    sql.query('update instance set file_at = file_at + 100000000 where sop_uid = $1', [first.sopInstanceUid]),
  );
  const reports = await listenAsScu(t, prepared.addresses);
  prepared.deliver();
  assert.equal(await askAndGo(t, prepared, objects), 0);
  await t.waitFor(() => assert.equal(reports.length, 1), { timeout: LATE_MS });
  assert.deepEqual(
    reports[0]?.failed.map(({ sopInstanceUid, reason }) => [sopInstanceUid, reason]),
    [[first.sopInstanceUid, 0x0110]],
  );
});

test('the same request twice is one; other references under its Transaction UID are a duplicate', async (t) => {
  const prepared = await prepare(t);
  const [first] = prepared.objects;
  assert.ok(first);
  const uid = newUid();
  for (let time = 1; time <= 3; time++) assert.equal(await askAndGo(t, prepared, prepared.objects, uid), 0);
  assert.equal(await askAndGo(t, prepared, [first], uid), 0);
  assert.equal((await states(prepared.archive)).length, 2);
  const reports = await listenAsScu(t, prepared.addresses);
  prepared.deliver();
  await t.waitFor(() => assert.equal(reports.length, 2), { timeout: LATE_MS });
  assert.deepEqual(
    reports.map(({ committed, failed }) => [committed.length, failed.map(({ reason }) => reason)]),
    [
      [3, []],
      [0, [0x0131]],
    ],
  );
  // It did not hear the report, it seems: it gets it again.
  assert.equal(await askAndGo(t, prepared, prepared.objects, uid), 0);
  await t.waitFor(() => assert.equal(reports.length, 3), { timeout: LATE_MS });
  assert.equal(reports[2]?.committed.length, 3);
});

test('several deliverers on one database: each report comes once', async (t) => {
  const prepared = await prepare(t);
  const count = 80;
  const association = await associate(t, prepared.port, reportTaker().service);
  for (let n = 0; n < count; n++) assert.equal(await ask(association, prepared.objects), 0);
  await association.release();
  const reports = await listenAsScu(t, prepared.addresses);
  for (let process = 1; process <= 3; process++) prepared.deliver();
  await t.waitFor(async () => assert.deepEqual(new Set(await states(prepared.archive)), new Set(['reported 1'])), {
    timeout: LATE_MS,
  });
  assert.equal(reports.length, count);
  assert.equal(new Set(reports.map(({ transactionUid }) => transactionUid)).size, count);
});

test('a system that is away, then refuses, gets its report when it takes it', async (t) => {
  const prepared = await prepare(t);
  const { archive, addresses } = prepared;
  assert.equal(await askAndGo(t, prepared, prepared.objects), 0);
  addresses.set('MODALITY', 1); // Nobody listens on it.
  prepared.deliver();
  await t.waitFor(async () => assert.deepEqual(await states(archive), ['open 1']), { timeout: LATE_MS });
  const answers = [0x0110, 0];
  const reports = await listenAsScu(t, addresses, () => answers.shift() ?? 0);
  await t.waitFor(async () => assert.deepEqual(await states(archive), ['reported 3']), { timeout: 2 * LATE_MS });
  assert.equal(reports.length, 2);
  assert.deepEqual(reports[0], reports[1], 'it is told the same');
});

test('a system that is away is called once for all that is owed to it, and keeps nobody else waiting', async (t) => {
  const prepared = await prepare(t);
  const { archive, addresses, objects, ports } = prepared;
  const op = testOp({ institution: 'HGM' });
  const references = referencesOf(objects);
  for (let n = 0; n < 100; n++) {
    await registerRequest(archive.holdings.db, op, 'AWAY', { transactionUid: newUid(), references });
  }
  const calls: string[] = [];
  const dial: CommitmentPorts['dial'] = (request) => {
    calls.push(request.aeTitle);
    return ports.dial(request);
  };
  addresses.set('AWAY', 1); // Nobody listens on it.
  const reports = await listenAsScu(t, addresses);
  assert.equal(await askAndGo(t, prepared, objects), 0);
  prepared.deliver({ dial });
  await t.waitFor(() => assert.equal(reports.length, 1), { timeout: LATE_MS });
  // Four calls at a time may be on their way when the first one fails, each for 32 reports.
  assert.ok(calls.filter((aeTitle) => aeTitle === 'AWAY').length <= 8, calls.join());
});

test('a report that nobody takes is given up in the end, visibly', async (t) => {
  const prepared = await prepare(t, { retryHours: 0 });
  assert.equal(await askAndGo(t, prepared, prepared.objects), 0);
  prepared.deliver();
  await t.waitFor(async () => assert.deepEqual(await states(prepared.archive), ['abandoned 1']), { timeout: LATE_MS });
  const [, abandoned] = await events(prepared.archive);
  assert.equal(abandoned?.kind, 'commitment.abandoned');
  assert.equal(abandoned.outcome, 'failure');
  assert.match(String(abandoned.facts['problem']), /^dimse\/no-address/);
});
