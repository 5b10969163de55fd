import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { Bell } from '../../bindings/bell.ts';
import type { Envelope } from '../../journal/event.ts';
import {
  asked,
  DONE,
  MANIFEST,
  MODEL,
  type Opened,
  openRouted,
  PLACED,
  SEALED,
  SILENT,
  storeImage,
  told,
  workOnce,
} from './inference.fixture.ts';
import type { WorkerPorts } from './ports.ts';
import { inferenceProjection } from './projection.ts';
import { cancel, requestTasks } from './request.ts';
import { routeOnce } from './route.job.ts';
import { claimTask } from './task.repo.ts';
import { openTasks } from './watch.repo.ts';
import { queueOf, statusOf } from './watch.ts';
import { doTasks } from './work.job.ts';
import { workOn } from './work.ts';

const never = new AbortController().signal;
const LATE_MS = 20_000;
const LEASE_MS = 30_000;
const failsWith = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;

const running = (run: WorkerPorts['runner']): { runner: WorkerPorts['runner'] } => ({ runner: run });
const failing = (code: Failure['code']) =>
  running({ open: () => Promise.resolve({ manifest: MANIFEST, run: () => Promise.reject(new Failure(code, 'x')) }) });

/** As if all waits were over. */
const dueNow = ({ archive }: Opened) => archive.holdings.db.query("update ai_task set due_at = now() - interval '1 s'");

async function events({ archive }: Opened): Promise<Envelope[]> {
  const rows = await archive.holdings.db.query<{ event: string }>(
    `select event from journal where kind like 'ai-task.%' order by id`,
  );
  return rows.map(({ event }) => JSON.parse(event) as Envelope);
}

test('what is asked for is done once: again it is known, and without a result it begins anew', async (t) => {
  const opened = await openRouted(t);
  const study = await storeImage(opened, 1);
  const document = await storeImage(opened, 2, { modality: 'SR' });
  assert.deepEqual(
    (await asked(opened, [study, document, '1.2.3'])).map(({ outcome }) => outcome),
    ['queued', 'no-images', 'not-found'],
  );
  assert.deepEqual(await told(opened, study), [['pending', 'IA en proceso', null]]);
  await workOnce(opened);
  assert.equal(opened.kept.length, 1);
  assert.deepEqual(await told(opened, study), [['result', 'con resultado de IA', null]]);
  assert.deepEqual((await asked(opened, [study]))[0]?.outcome, 'known');
  await assert.rejects(asked(opened, [study], 'mx.otro@1.0.0'), failsWith('request/not-found'));
  const other = await storeImage(opened, 3);
  await asked(opened, [other]);
  const [task] = await openTasks(opened.archive.holdings.db, 'HGM', 1);
  await cancel(opened.ports, testOp({ institution: 'HGM' }), task?.id ?? '');
  assert.deepEqual(await told(opened, other), [['no-result', 'sin resultado de IA', 'cancelled']]);
  assert.deepEqual((await asked(opened, [other]))[0]?.outcome, 'queued');
});

test('outside of the manifest’s scope is an answer with the rule; too large an input a typed failure', async (t) => {
  const opened = await openRouted(t);
  const tomography = await storeImage(opened, 1, { modality: 'CT' });
  await asked(opened, [tomography]);
  await workOnce(opened);
  const scope = [['not-applicable', 'la IA no aplica a este estudio', 'select/all/0']];
  assert.deepEqual(await told(opened, tomography), scope);
  const large = await storeImage(opened, 2, { pixelBytes: 4_000 });
  await asked(opened, [large]);
  await workOnce(opened, { ...opened.worker, inputBytesMax: 1_000 });
  assert.deepEqual(await told(opened, large), [['no-result', 'sin resultado de IA', 'model/limit']]);
  assert.equal(opened.kept.length, 0);
});

test('what may pass is tried three times with waits between; what is of the bytes once', async (t) => {
  const opened = await openRouted(t);
  const study = await storeImage(opened, 1);
  await asked(opened, [study]);
  const { db } = opened.archive.holdings;
  for (let attempt = 1; attempt <= 3; attempt++) {
    await workOnce(opened, { ...opened.worker, ...failing('model/failed') });
    if (attempt === 3) break;
    assert.equal(await claimTask(db, LEASE_MS), undefined, 'it waits');
    await dueNow(opened);
  }
  assert.deepEqual(await told(opened, study), [['no-result', 'sin resultado de IA', 'model/failed']]);
  const other = await storeImage(opened, 2);
  await asked(opened, [other]);
  await workOnce(opened, { ...opened.worker, ...failing('model/tensor') });
  assert.deepEqual(await told(opened, other), [['no-result', 'sin resultado de IA', 'model/tensor']]);
});

test('a process that died loses its lease: its task is another attempt, and at their end failed', async (t) => {
  const opened = await openRouted(t);
  const study = await storeImage(opened, 1);
  await asked(opened, [study]);
  const { db } = opened.archive.holdings;
  for (let attempt = 1; attempt <= 3; attempt++) {
    const task = await claimTask(db, 0);
    assert.equal(task?.attempts, attempt);
    await routeOnce(opened.ports, never);
    await dueNow(opened);
  }
  assert.deepEqual(await told(opened, study), [['no-result', 'sin resultado de IA', 'worker-died']]);
  assert.equal((await events(opened)).at(-1)?.outcome, 'failure');
});

test('the deadline ends a model that hangs, and what waits; read before it is written down, too', async (t) => {
  const opened = await openRouted(t);
  const { db } = opened.archive.holdings;
  const [hung, waiting] = [await storeImage(opened, 1), await storeImage(opened, 2)];
  await asked(opened, [hung]);
  const task = await claimTask(db, LEASE_MS);
  assert.ok(task !== undefined);
  const hangs = running({ open: () => Promise.resolve({ manifest: MANIFEST, run: () => new Promise(() => {}) }) });
  await workOn(opened.ports, { ...opened.worker, ...hangs }, { ...task, leftMs: 20 }, never);
  assert.deepEqual(await told(opened, hung), [['no-result', 'sin resultado de IA', 'deadline']]);
  await asked(opened, [waiting]);
  await db.query(`update ai_task set deadline = now() where state = 'queued'`);
  assert.deepEqual(await told(opened, waiting), [['no-result', 'sin resultado de IA', 'deadline']]);
  await routeOnce(opened.ports, never);
  const { counts } = await queueOf(db, testOp(), 'HGM');
  assert.deepEqual(
    counts.map(({ state, count }) => [state, count]),
    [['late', 2]],
  );
});

test('objects are stored while every model hangs', async (t) => {
  const opened = await openRouted(t);
  const studies = await Promise.all([1, 2, 3, 4].map((study) => storeImage(opened, study)));
  await asked(opened, studies);
  const stopping = new AbortController();
  let begun = 0;
  const run = (): Promise<never> => {
    begun += 1;
    return new Promise(() => {});
  };
  const worker = {
    ...opened.worker,
    ...running({ open: () => Promise.resolve({ manifest: MANIFEST, run }) }),
    count: 4,
  };
  const job = doTasks(opened.ports, worker).run(stopping.signal);
  await t.waitFor(() => assert.equal(begun, 4), { timeout: LATE_MS });
  for (let study = 10; study < 30; study++) await storeImage(opened, study);
  stopping.abort();
  await job;
  const { tasks } = await queueOf(opened.archive.holdings.db, testOp(), 'HGM');
  assert.deepEqual(
    tasks.map(({ state, attempts }) => [state, attempts]),
    studies.map(() => ['queued', 0]),
    'a process that ends gives its tasks back, and no attempt is lost',
  );
});

test('a package that is stopped, or silent again, while it runs keeps nothing', async (t) => {
  const opened = await openRouted(t);
  for (const [study, placed, why] of [
    [1, [], 'not-placed'],
    [2, [{ ...PLACED, stage: 'silencioso' as const }], 'not-placed'],
  ] as const) {
    opened.state.placed = [PLACED];
    const uid = await storeImage(opened, study);
    await asked(opened, [uid]);
    const run = (): Promise<typeof DONE> => {
      opened.state.placed = placed;
      return Promise.resolve(DONE);
    };
    const stops = running({ open: () => Promise.resolve({ manifest: MANIFEST, run }) });
    await workOnce(opened, { ...opened.worker, ...stops });
    assert.deepEqual(await told(opened, uid), [['no-result', 'sin resultado de IA', why]]);
  }
  assert.equal(opened.kept.length + opened.silenced.length, 0);
});

test('what is made in this process is begun at once: nobody waits for the next look', async (t) => {
  const opened = await openRouted(t);
  const bell = new Bell();
  const wait = bell.wait.bind(bell);
  // Nothing but the bell, or the end, ends a wait.
  const waits = t.mock.method(bell, 'wait', (_ms: number, signal: AbortSignal) => wait(2 ** 30, signal));
  const stopping = new AbortController();
  const job = doTasks(opened.ports, opened.worker, bell).run(stopping.signal);
  await t.waitFor(() => assert.equal(waits.mock.callCount(), 1), { timeout: LATE_MS });
  await asked(opened, [await storeImage(opened, 1)]);
  assert.equal(opened.kept.length, 0);
  bell.ring();
  await t.waitFor(() => assert.equal(opened.kept.length, 1), { timeout: LATE_MS });
  stopping.abort();
  await job;
});

test('how long each part of a task took is told to monitors and the log; nothing of what was found', async (t) => {
  const opened = await openRouted(t);
  const seen: unknown[] = [];
  const lines: [string, object | undefined][] = [];
  const metrics = { taskEnded: (...told: unknown[]) => void seen.push(told), setTasksOpen: () => {} };
  const info = (event: string, fields?: object): void => void lines.push([event, fields]);
  const holdings = { ...opened.ports.holdings, log: { ...opened.ports.holdings.log, info } };
  const told = { ...opened, ports: { ...opened.ports, holdings, metrics } };
  await asked(opened, [await storeImage(opened, 1), await storeImage(opened, 2, { modality: 'CT' })]);
  await workOnce(told);
  await workOnce(told);
  const [[state, seconds] = []] = seen as [string, { all: number; run: number }][];
  assert.deepEqual([state, seconds?.run], ['done', 0.001]);
  const ends = lines.filter(([event]) => event === 'ai.ended').map(([, fields]) => Object.keys(fields ?? {}).sort());
  assert.deepEqual(ends, [
    ['allMs', 'computeMs', 'keepMs', 'openMs', 'readMs', 'runMs', 'state', 'task'],
    ['allMs', 'openMs', 'state', 'task'],
  ]);
});

test('a package that may not run any more does not', async (t) => {
  const opened = await openRouted(t);
  const study = await storeImage(opened, 1);
  await asked(opened, [study]);
  opened.state.placed = [];
  await workOnce(opened);
  assert.deepEqual(await told(opened, study), [['no-result', 'sin resultado de IA', 'not-placed']]);
  assert.equal(opened.kept.length, 0);
});

test('silent tasks are not there for who reads the study; who watches sees states; results go apart', async (t) => {
  const opened = await openRouted(t, { placed: [SILENT] });
  const study = await storeImage(opened, 1);
  const clinician = testOp({ may: (action) => action === 'request-ai' });
  const request = { studies: [study], model: `${MODEL}@2.0.0`, deadlineMinutes: 60 };
  await assert.rejects(requestTasks(opened.ports, clinician, request), failsWith('request/not-found'));
  await asked(opened, [study], `${MODEL}@2.0.0`);
  await workOnce(opened);
  assert.deepEqual([opened.kept.length, opened.silenced.length], [0, 1]);
  const [seen] = await statusOf(opened.ports, clinician, study);
  assert.deepEqual(seen, { institution: 'HGM', study, tasks: [] });
  const [watched] = await statusOf(opened.ports, testOp(), study);
  assert.deepEqual(
    watched?.watched?.tasks.map(({ stage, state }) => [stage, state]),
    [['silencioso', 'done']],
  );
  const queue = await queueOf(opened.archive.holdings.db, testOp(), 'HGM');
  assert.doesNotMatch(JSON.stringify([watched, queue]), /2\.25\.1"|results":\["/);
  const { facts } = (await events(opened)).at(-1) ?? {};
  assert.deepEqual(facts?.['tasks'], [
    { id: opened.silenced[0]?.id, state: 'done', reason: null, results: [], record: SEALED },
  ]);
});

test('without a silent store, or with a full one, a silent task ends before its model is opened', async (t) => {
  const opened = await openRouted(t, { placed: [SILENT] });
  const sink = opened.worker.silent;
  assert.ok(sink !== undefined);
  const full = { ...sink, hasRoom: () => Promise.resolve(false) };
  const closed = running({ open: () => Promise.reject(new Failure('internal', 'it is opened')) });
  for (const [number, silent, reason] of [
    [1, undefined, 'no-silent-store'],
    [2, full, 'silent-full'],
  ] as const) {
    const study = await storeImage(opened, number);
    await asked(opened, [study], `${MODEL}@2.0.0`);
    await workOnce(opened, { ...opened.worker, ...closed, silent });
    const [status] = await statusOf(opened.ports, testOp(), study);
    assert.deepEqual(
      status?.watched?.tasks.map((task) => [task.state, task.reason]),
      [['cancelled', reason]],
    );
  }
});

test('what a silent model fails with is a code; a task that was made in silence stays silent', async (t) => {
  const opened = await openRouted(t, { placed: [SILENT] });
  const lines: unknown[] = [];
  const log = {
    ...opened.ports.holdings.log,
    warn: (event: string, fields?: object) => void lines.push([event, fields]),
  };
  const ports = { ...opened.ports, holdings: { ...opened.ports.holdings, log } };
  const [first, second] = [await storeImage(opened, 1), await storeImage(opened, 2)];
  await asked(opened, [first], `${MODEL}@2.0.0`);
  const task = await claimTask(opened.archive.holdings.db, LEASE_MS);
  assert.ok(task !== undefined);
  await workOn(ports, { ...opened.worker, ...failing('model/tensor') }, task, never);
  assert.deepEqual(lines, [['ai.attempt-failed', { task: task.id, attempts: 1, code: 'model/tensor' }]]);
  await asked(opened, [second], `${MODEL}@2.0.0`);
  opened.state.placed = [{ ...SILENT, stage: 'limitado' }];
  await workOnce(opened);
  assert.deepEqual([opened.kept.length, opened.silenced.length], [0, 1]);
  assert.deepEqual(await told(opened, second), [], 'nor does it appear now');
});

test('two processes share a queue: each task is done once', async (t) => {
  const opened = await openRouted(t);
  const studies: string[] = [];
  for (let study = 1; study <= 20; study++) studies.push(await storeImage(opened, study));
  await asked(opened, studies);
  const stopping = new AbortController();
  const jobs = [1, 2].map(() => doTasks(opened.ports, { ...opened.worker, count: 2 }).run(stopping.signal));
  const db = opened.archive.holdings.db;
  await t.waitFor(async () => assert.deepEqual(await openTasks(db, undefined, 10), []), { timeout: LATE_MS });
  stopping.abort();
  await Promise.all(jobs);
  assert.deepEqual(opened.kept.map(({ studyUid }) => studyUid).sort(), studies.sort());
  assert.equal(DONE.status, 'DONE');
});

test('the journal makes the rows again: what had not ended waits, what had ended has', async (t: TestContext) => {
  const opened = await openRouted(t, { placed: [PLACED] });
  const { db } = opened.archive.holdings;
  const studies = [await storeImage(opened, 1), await storeImage(opened, 2)];
  await asked(opened, studies);
  await workOnce(opened);
  const rows = () =>
    db.query<{ id: string; state: string; results: string[] }>(
      `select id::text as id, state, results, series, revision, asked_by from ai_task order by id`,
    );
  const before = await rows();
  assert.deepEqual(new Set(before.map(({ state }) => state)), new Set(['done', 'queued']));
  await opened.archive.database.asOwner((sql) => sql.query('truncate ai_task'));
  const told = await events(opened);
  for (let time = 1; time <= 2; time++) {
    await db.transaction((sql) => inferenceProjection.apply(sql, told));
    assert.deepEqual(await rows(), before);
  }
});

test('a task that was asked for again at another stage comes back from the journal as of that stage', async (t) => {
  const opened = await openRouted(t, { placed: [SILENT] });
  const { db } = opened.archive.holdings;
  const studies = [await storeImage(opened, 1)];
  const model = `${SILENT.model}@${SILENT.version}`;
  await asked(opened, studies, model);
  await workOnce(opened, { ...opened.worker, silent: undefined });
  opened.state.placed = [{ ...SILENT, stage: 'limitado' }];
  await asked(opened, studies, model);
  await workOnce(opened);
  const rows = () =>
    db.query<{ stage: string; state: string }>(`select id::text as id, stage, state, rules, results from ai_task`);
  const before = await rows();
  assert.deepEqual(
    before.map(({ stage, state }) => [stage, state]),
    [['limitado', 'done']],
  );
  await opened.archive.database.asOwner((sql) => sql.query('truncate ai_task'));
  const told = await events(opened);
  await db.transaction((sql) => inferenceProjection.apply(sql, told));
  assert.deepEqual(await rows(), before);
});

test('of silent tasks a monitor is told how many end, not how long they took: drawing takes time', async (t) => {
  const opened = await openRouted(t, { placed: [PLACED, SILENT] });
  const timed: (readonly [state: string, isTimed: boolean])[] = [];
  opened.ports.metrics.taskEnded = (state, seconds) => void timed.push([state, seconds !== undefined]);
  const studies = [await storeImage(opened, 1)];
  for (const { model, version } of [PLACED, SILENT]) {
    await asked(opened, studies, `${model}@${version}`);
    await workOnce(opened);
  }
  assert.deepEqual(timed, [
    ['done', true],
    ['done', false],
  ]);
});
