import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { textElement } from '@acervo/dicom/data-set/build.ts';
import { T } from '@acervo/dicom/tags.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { storeSmall } from '@acervo/testkit/filled-archive.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import type { Envelope, EventKind } from '../../journal/event.ts';
import { MODEL, type Opened, openRouted, storeImage } from '../inference/inference.fixture.ts';
import { requestTasks } from '../inference/request.ts';
import { claimTask } from '../inference/task.repo.ts';
import { statusOf } from '../inference/watch.ts';
import { workOn } from '../inference/work.ts';
import { deliverOne } from './deliver.ts';
import { claimDelivery } from './delivery.repo.ts';
import type { ResultsPorts, SentObject } from './ports.ts';

export const never = new AbortController().signal;
export const SITE = 'HGM';
export const PACS = 'PACS-HGM';
const LEASE_MS = 30_000;

export type After = Awaited<ReturnType<typeof openAfter>>;

/** An archive in which tasks end with a report, with what sends and withdraws it; systems answer as a test says. */
export async function openAfter(t: TestContext) {
  const opened = await openRouted(t);
  const { archive, ports } = opened;
  const system = { problem: undefined as string | undefined, got: [] as string[] };
  const counts = { delivered: 0, postponed: 0, failed: 0, cancelled: 0, withdrawn: 0 };
  const results: ResultsPorts = {
    holdings: archive.holdings,
    states: ports.states,
    systems: ports.systems,
    send: (_to, instances) => {
      const sent = instances.map(({ sopUid }): SentObject => ({ sopInstanceUid: sopUid, problem: system.problem }));
      if (system.problem === undefined) system.got.push(...instances.map(({ sopUid }) => sopUid));
      return Promise.resolve(sent);
    },
    destinationOp: () => testOp(),
    retryHours: 72,
    openOp: (institution, signal) =>
      testOp({ institution, signal, issuer: institution, actor: { kind: 'process', id: 'inference' } }),
    metrics: {
      aiDelivery: (outcome) => {
        counts[outcome] += 1;
      },
      aiWithdrawn: (found) => {
        counts.withdrawn += found;
      },
    },
  };
  return { ...opened, system, counts, results };
}

/** A study of which a model says something in a report. @returns both UIDs, and the task's id */
export async function storeResult(
  after: After,
  study: number,
  deliverTo?: readonly string[],
): Promise<{ study: string; report: string; task: string }> {
  const { archive, ports, worker } = after;
  const uid = await storeImage({ archive }, study);
  const asked = { studies: [uid], model: `${MODEL}@1.0.0`, deadlineMinutes: 60, deliverTo };
  const [answer] = await requestTasks(ports, testOp(), asked);
  assert.equal(answer?.outcome, 'queued');
  const made = { name: 'inference', study, series: 9, number: 1 };
  const also = [textElement(T.Modality, 'CS', 'SR'), textElement(T.PatientBirthDate, 'DA', '19700101')];
  const { sopInstanceUid: report } = smallObject(made);
  const task = await claimTask(archive.holdings.db, LEASE_MS);
  assert.ok(task !== undefined);
  const sink = {
    keep: async () => {
      await storeSmall(archive, { ...made, also }, SITE);
      return [report];
    },
  };
  await workOn(ports, { ...worker, sink }, task, never);
  return { study: uid, report, task: task.id };
}

/** What is due is tried once. @returns how many there were */
export async function deliverDue({ results }: After): Promise<number> {
  for (let count = 0; ; count++) {
    const delivery = await claimDelivery(results.holdings.db, LEASE_MS);
    if (delivery === undefined) return count;
    await deliverOne(results, delivery, never);
  }
}

export async function told({ ports }: Opened, study: string) {
  const [status] = await statusOf(ports, testOp({ institution: SITE, may: () => false }), study);
  return status?.tasks[0];
}

export async function eventsOf({ archive }: Pick<Opened, 'archive'>, ...kinds: EventKind[]): Promise<Envelope[]> {
  const rows = await archive.holdings.db.query<{ event: string }>(
    'select event from journal where kind = any($1::text[]) order by id',
    [kinds],
  );
  return rows.map(({ event }) => JSON.parse(event) as Envelope);
}
