import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { MODEL, PLACED, RULE } from '../inference/inference.fixture.ts';
import { inferenceProjection } from '../inference/projection.ts';
import { requestTasks } from '../inference/request.ts';
import { addRule } from '../inference/rules.ts';
import { queueOf } from '../inference/watch.ts';
import { deliverOne } from './deliver.ts';
import { claimDelivery } from './delivery.repo.ts';
import {
  type After,
  deliverDue,
  eventsOf,
  never,
  openAfter,
  PACS,
  SITE,
  storeResult,
  told,
} from './results.fixture.ts';

const failsWith = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;
/** As if all waits were over. */
const dueNow = ({ archive }: After) =>
  archive.holdings.db.query("update ai_delivery set due_at = now() - interval '1 s' where state = 'waiting'");
const sentOf = async (after: After, study: string) =>
  (await told(after, study))?.deliveries.map(({ aeTitle, kind, state }) => [aeTitle, kind, state]);

test('a rule or a request names systems of its own institution, with an address, or is refused', async (t) => {
  const after = await openAfter(t);
  const { archive, ports } = after;
  const { db } = archive.holdings;
  for (const deliverTo of [['NOBODY'], ['PACS-IMSS'], [PACS, 'PACS-IMSS']]) {
    await assert.rejects(addRule(db, testOp(), { ...RULE, deliverTo }, ports.systems), failsWith('request/invalid'));
  }
  for (const deliverTo of [[], ['A\\B'], [' X'], ['LONGER-THAN-SIXTEEN']]) {
    await assert.rejects(addRule(db, testOp(), { ...RULE, deliverTo }, ports.systems), failsWith('request/invalid'));
  }
  const { rule } = await addRule(db, testOp(), { ...RULE, deliverTo: [PACS] }, ports.systems);
  assert.deepEqual(rule.deliverTo, [PACS]);
  const { study } = await storeResult(after, 1);
  const asked = { studies: [study], model: `${MODEL}@1.0.0`, deadlineMinutes: 60, deliverTo: ['PACS-IMSS'] };
  await assert.rejects(requestTasks(ports, testOp(), asked), failsWith('request/invalid'));
});

test('a result goes to the system that asked, once, and who gets it is in the journal first', async (t) => {
  const after = await openAfter(t);
  const { study, report, task } = await storeResult(after, 1, [PACS]);
  assert.deepEqual(await sentOf(after, study), [[PACS, 'result', 'waiting']]);
  assert.equal(await deliverDue(after), 1);
  assert.deepEqual(after.system.got, [report]);
  assert.deepEqual(await sentOf(after, study), [[PACS, 'result', 'delivered']]);
  assert.equal(await deliverDue(after), 0);
  const [access] = await eventsOf(after, 'study.retrieved');
  assert.deepEqual([access?.study, access?.facts['destination']], [study, PACS]);
  const [ended] = await eventsOf(after, 'ai-delivery.ended');
  assert.deepEqual(ended?.facts, {
    task,
    kind: 'result',
    aeTitle: PACS,
    objects: [report],
    attempts: 1,
    state: 'delivered',
    problem: null,
  });
  assert.equal((await storeResult(after, 2)).report === report, false);
  assert.equal(await deliverDue(after), 0, 'of what nobody is to get nothing is sent');
});

test('a system that is away is tried again, later each time, then given up, and people are told', async (t) => {
  const after = await openAfter(t);
  const { study } = await storeResult(after, 1, [PACS]);
  await storeResult(after, 2, [PACS]);
  after.system.problem = 'ul/aborted';
  assert.equal(await deliverDue(after), 1, 'a system that cannot be called rests with all that waits for it');
  await dueNow(after);
  assert.equal(await deliverDue(after), 1);
  const { deliveries } = await queueOf(after.archive.holdings.db, testOp(), SITE);
  assert.deepEqual(
    deliveries.map(({ state }) => state),
    ['waiting', 'waiting'],
  );
  assert.ok(deliveries.some(({ problem }) => problem === 'ul/aborted'));
  after.system.problem = undefined;
  await dueNow(after);
  assert.equal(await deliverDue(after), 2);
  assert.equal(after.system.got.length, 2);
  assert.deepEqual(await sentOf(after, study), [[PACS, 'result', 'delivered']]);

  const third = await storeResult(after, 3, [PACS]);
  after.system.problem = 'status C000';
  after.results.retryHours = 0;
  await deliverDue(after);
  assert.deepEqual(await sentOf(after, third.study), [[PACS, 'result', 'failed']]);
  const ended = (await eventsOf(after, 'ai-delivery.ended')).at(-1);
  assert.deepEqual([ended?.outcome, ended?.facts['problem']], ['failure', 'status C000']);
  const open = await queueOf(after.archive.holdings.db, testOp(), SITE);
  assert.deepEqual(
    open.deliveries.map(({ aeTitle, state, problem }) => [aeTitle, state, problem]),
    [[PACS, 'failed', 'status C000']],
  );

  after.system.problem = undefined;
  const asked = { studies: [third.study], model: `${MODEL}@1.0.0`, deadlineMinutes: 60, deliverTo: [PACS] };
  const [answer] = await requestTasks(after.ports, testOp(), asked);
  assert.equal(answer?.outcome, 'known');
  await deliverDue(after);
  assert.equal(after.system.got.at(-1), third.report, 'whoever asks for it gets it again');
});

test('what is stopped, silent, kept from systems, or for one that is no longer there, is not sent', async (t) => {
  const after = await openAfter(t);
  for (const [number, placed] of [
    [1, []],
    [2, [{ ...PLACED, stage: 'silencioso' as const }]],
  ] as const) {
    after.state.placed = [PLACED];
    const { study } = await storeResult(after, number, [PACS]);
    after.state.placed = placed;
    await deliverDue(after);
    assert.deepEqual(await sentOf(after, study), [[PACS, 'result', 'cancelled']]);
  }
  after.state.placed = [PLACED];
  const kept = await storeResult(after, 4, [PACS]);
  after.results.destinationOp = () => testOp({ decide: () => ({ isPermitted: false, policies: ['sensitive'] }) });
  await deliverDue(after);
  assert.deepEqual(await sentOf(after, kept.study), [[PACS, 'result', 'cancelled']]);
  const { study } = await storeResult(after, 3, [PACS]);
  after.results.systems = { byAeTitle: () => undefined, addressOf: () => undefined };
  after.results.destinationOp = () => undefined;
  await deliverDue(after);
  assert.deepEqual(await sentOf(after, study), [[PACS, 'result', 'waiting']]);
  assert.deepEqual(after.system.got, []);
});

test('a process that dies loses its lease: another one sends; who lost it writes nothing', async (t) => {
  const after = await openAfter(t);
  const { study, report } = await storeResult(after, 1, [PACS]);
  const { db } = after.results.holdings;
  const dead = await claimDelivery(db, 0);
  assert.ok(dead !== undefined);
  await deliverDue(after);
  assert.deepEqual(after.system.got, [report]);
  after.state.placed = [];
  await deliverOne(after.results, dead, never);
  assert.deepEqual(await sentOf(after, study), [[PACS, 'result', 'delivered']]);
});

test('the journal makes deliveries again: what had ended has, what waited waits', async (t) => {
  const after = await openAfter(t);
  const done = await storeResult(after, 1, [PACS]);
  await deliverDue(after);
  const waiting = await storeResult(after, 2, [PACS]);
  await after.archive.database.asOwner((sql) => sql.query('truncate ai_task, ai_delivery'));
  const events = await eventsOf(after, ...inferenceProjection.kinds);
  for (let time = 1; time <= 2; time++) {
    await after.archive.holdings.db.transaction((sql) => inferenceProjection.apply(sql, events));
    assert.deepEqual(await sentOf(after, done.study), [[PACS, 'result', 'delivered']]);
    assert.deepEqual(await sentOf(after, waiting.study), [[PACS, 'result', 'waiting']]);
  }
});
