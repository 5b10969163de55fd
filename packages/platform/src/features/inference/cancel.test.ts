import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import type { ResultObject } from '@acervo/model/results/result.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import type { RunnableModelHere } from '../../ports/inference-tasks.ts';
import { asked, openRouted, storeImage, told, workOnce } from './inference.fixture.ts';
import type { WorkerPorts } from './ports.ts';
import { cancel } from './request.ts';
import { claimTask } from './task.repo.ts';
import { workOn } from './work.ts';

const never = new AbortController().signal;
const LEASE_MS = 30_000;
const failsWith = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;

test('cancelling is of one’s own institution; who has the lease loses it, and writes nothing', async (t) => {
  const opened = await openRouted(t);
  const study = await storeImage(opened, 1);
  const [answer] = await asked(opened, [study]);
  const id = answer?.task ?? '';
  await assert.rejects(cancel(opened.ports, testOp({ institution: 'IMSS' }), id), failsWith('request/not-found'));
  await assert.rejects(cancel(opened.ports, testOp({ institution: 'HGM' }), 'x'), failsWith('request/not-found'));
  const task = await claimTask(opened.archive.holdings.db, LEASE_MS);
  assert.ok(task !== undefined);
  await cancel(opened.ports, testOp({ institution: 'HGM' }), id);
  await workOn(opened.ports, opened.worker, task, never);
  assert.deepEqual(await told(opened, study), [['no-result', 'sin resultado de IA', 'cancelled']]);
});

test('a task whose result is being stored is not cancelled: nothing is there of which it says no', async (t) => {
  const opened = await openRouted(t);
  const study = await storeImage(opened, 1);
  const [answer] = await asked(opened, [study]);
  const id = answer?.task ?? '';
  const { runner } = opened.worker;
  const object = { sopInstanceUid: '2.25.1' } as ResultObject;
  const found: RunnableModelHere['run'] = () =>
    Promise.resolve({ status: 'DONE', objects: [object], said: [], runMs: 1 });
  const keep: WorkerPorts['sink']['keep'] = async (...words) => {
    await assert.rejects(cancel(opened.ports, testOp({ institution: 'HGM' }), id), failsWith('request/not-found'));
    return opened.worker.sink.keep(...words);
  };
  const open = async (digest: string) => ({ ...(await runner.open(digest)), run: found });
  await workOnce(opened, { ...opened.worker, runner: { open }, sink: { keep } });
  assert.deepEqual(await told(opened, study), [['result', 'con resultado de IA', null]]);
});
