import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { runCommand } from '@acervo/testkit/run-command.ts';
import { InferencePool } from '../../adapters/onnx/pool.ts';
import { blobStores } from '../../apps/archive.ts';
import { aiCommand } from '../../apps/commands/ai.ts';
import { heldObjects } from '../../holdings/held-objects.ts';
import type { ToldDecision } from '../../ports/assessment.ts';
import { verified } from '../case-file/case-file.fixture.ts';
import type { StudyTask } from '../inference/watch.ts';
import { DEMO_MODEL } from '../models/demo-model.fixture.ts';
import { readImageFile } from '../models/images.ts';
import { packagesFor } from '../models/registry/open.ts';
import { PackageFiles } from '../models/registry/package-files.ts';
import { reproduce } from '../models/reproduce.ts';
import type { ToldIncident } from './incident.ts';
import { type Served, SITE, serveAssessed, storeChest, unzipped, type Who } from './serve.fixture.ts';
import type { Why } from './why.ts';

const never = new AbortController().signal;
const LATE_MS = 45_000;

async function resultSeen(t: TestContext, served: Served, by: Who): Promise<StudyTask> {
  return t.waitFor(
    async () => {
      const { body } = await served.json<{ studies: { tasks: StudyTask[] }[] }>(
        by,
        'GET',
        `/api/ai/studies/${served.study}`,
      );
      const [task] = body.studies[0]?.tasks ?? [];
      assert.equal(task?.state, 'result', JSON.stringify(body));
      return task;
    },
    { timeout: LATE_MS, interval: 100 },
  );
}

/** Somebody is shown what the model said, in Spanish and with its threshold. */
function isTold(task: StudyTask): void {
  assert.deepEqual([task.model, task.stage, task.isDemonstration], [DEMO_MODEL.model, 'limitado', true]);
  assert.equal(task.objects[0]?.modality, 'SR');
  assert.equal(task.contentQualification, 'RESEARCH');
  assert.deepEqual([task.withdrawn, task.reportsUnread, task.decisions], [null, 0, []]);
  const [finding] = task.findings;
  assert.deepEqual(
    [finding?.es, finding?.en, finding?.code.value, finding?.unit, finding?.threshold, finding?.isPositive],
    [
      'Hallazgos anormales en imagen diagnóstica de pulmón',
      'Abnormal findings on diagnostic imaging of lung',
      'R91',
      '%',
      50,
      true,
    ],
  );
  assert.ok((finding?.value ?? 0) > 50);
}

async function decided(served: Served, task: string): Promise<void> {
  const path = `/api/ai/results/${task}/decisions`;
  const post = (who: Who, body: object) => served.json<ToldDecision>(who, 'POST', path, body);
  for (const [who, body, status] of [
    ['A', { decision: 'accepted' }, 403],
    ['technician', { decision: 'accepted' }, 403],
    ['stranger', { decision: 'accepted' }, 404],
    ['radiologist', { decision: 'rejected' }, 400],
    ['radiologist', { decision: 'approved' }, 400],
    ['radiologist', { decision: 'accepted', at: '2020-01-01T00:00:00Z' }, 400],
  ] as const) {
    assert.equal((await post(who, body)).status, status, `${who} ${JSON.stringify(body)}`);
  }
  const first = await post('radiologist', { decision: 'accepted', shownAt: '2020-01-01T00:00:00Z' });
  assert.equal(first.status, 200, JSON.stringify(first.body));
  assert.ok((first.body.secondsToDecide ?? -1) >= 0 && (first.body.secondsToDecide ?? 1e9) < 600);
  const second = await post('chief', { decision: 'rejected', reason: 'artefacto de movimiento' });
  assert.equal(second.status, 200, JSON.stringify(second.body));
  const { body } = await served.json<{ studies: { tasks: StudyTask[] }[] }>(
    'radiologist',
    'GET',
    `/api/ai/studies/${served.study}`,
  );
  assert.deepEqual(body.studies[0]?.tasks[0]?.decisions, [second.body, first.body]);
  assert.equal(first.body.by, 'Persona radiologist');
}

/** D6: why did the study show what it showed? */
async function explained(served: Served, task: StudyTask, image: Uint8Array): Promise<void> {
  const [object] = task.objects;
  const { body: told } = await served.json<Why>('radiologist', 'GET', `/api/ai/results/${task.id}`);
  const byObject = await served.json<Why>('radiologist', 'GET', `/api/ai/results/${object?.sopInstanceUid}`);
  assert.equal(byObject.body.id, task.id);
  assert.equal((await served.json('stranger', 'GET', `/api/ai/results/${task.id}`)).status, 404);
  const { digests, input } = told;
  assert.deepEqual([digests.package, told.contentQualification], [task.package, 'RESEARCH']);
  for (const digest of Object.values(digests)) assert.match(digest ?? '', /^[0-9a-f]{64}$/);
  assert.deepEqual([told.operations, told.rules, told.askedBy], ['ops/1', [`${SITE}/torax@1`], 'rules']);
  const dataSet = readImageFile('', image).bytes;
  assert.deepEqual(
    input.images.map(({ dataSetSha256 }) => dataSetSha256),
    [createHash('sha256').update(dataSet).digest('hex')],
  );
  assert.equal(input.isSame, true, 'the digest of what is held is the one that the report tells');
  assert.equal(told.findings[0]?.threshold, 50);
  const roles = told.steps.flatMap(({ to, signatures }) => signatures.map(({ role }) => `${to} ${role}`));
  assert.ok(roles.includes('demostracion authority') && roles.includes('limitado medical-physicist'), roles.join());
  assert.deepEqual(
    told.decisions.map(({ decision }) => decision),
    ['rejected', 'accepted'],
  );
  assert.deepEqual(
    told.journal.map(({ kind }) => kind).filter((kind) => kind !== 'ai.result-shown'),
    ['ai-task.made', 'ai-task.ended', 'ai.result-decided', 'ai.result-decided'],
  );
  assert.ok(told.shown.some(({ by }) => by === 'Persona radiologist'));
  await computedAgain(served, told, image);
}

async function computedAgain({ server, config }: Served, told: Why, image: Uint8Array): Promise<void> {
  const { database, holdings } = server.archive;
  const files = new PackageFiles(blobStores(config).modelBlobs);
  const of = await packagesFor({ db: database, files }, testOp()).open(told.digests.package);
  const inference = new InferencePool({
    sandbox: 'required',
    workers: 1,
    memoryMiBMax: 1024,
    waitingMax: 10,
    idleMs: 60_000,
  });
  try {
    const sops = told.objects.map(({ sopInstanceUid }) => sopInstanceUid);
    const [object] = await heldObjects(holdings.db, { institution: SITE, studyUid: told.study }, sops);
    assert.ok(object);
    const { segment, fileAt, fileBytes } = object;
    const bytes = await Array.fromAsync(holdings.files.stream(segment, fileAt, fileBytes), (each) => each.slice());
    const report = readImageFile('report', new Uint8Array(Buffer.concat(bytes)));
    const ports = { imaging: holdings.imaging, inference };
    const again = await reproduce(report, of, [readImageFile('image', image)], ports, never);
    assert.ok(again.isSame, again.what);
  } finally {
    await inference.close();
  }
}

/** Who looks into it, by their offices. */
async function followed(served: Served, incident: string): Promise<void> {
  const path = `/api/ai/incidents/${incident}/steps`;
  const take = { to: 'investigating', note: 'lo reviso' };
  for (const [who, body, status] of [
    ['A', take, 404],
    ['stranger', take, 404],
    ['technician', take, 404],
    ['officer', take, 403],
    ['chief', { ...take, cause: 'model' }, 400],
    ['chief', { ...take, note: ' ' }, 400],
    ['chief', { to: 'closed', note: 'x' }, 400],
    ['chief', { to: 'closed', note: 'x', cause: 'luck' }, 400],
    ['chief', { to: 'closed', note: 'x', cause: 'none' }, 409],
    ['chief', take, 200],
  ] as const) {
    assert.equal((await served.json(who, 'POST', path, body)).status, status, `${who} ${JSON.stringify(body)}`);
  }
  const { body } = await served.json<{ incidents: ToldIncident[] }>('officer', 'GET', '/api/ai/incidents');
  assert.deepEqual([body.incidents[0]?.state, body.incidents[0]?.investigator?.by], ['investigating', 'Persona chief']);
}

async function bundled(served: Served, task: StudyTask, image: Uint8Array): Promise<void> {
  const path = `/api/ai/results/${task.id}/incidents`;
  const told = { severity: 'serious', text: 'no marcó un neumotórax' };
  assert.equal((await served.json('A', 'POST', path, told)).status, 403);
  assert.equal((await served.json('stranger', 'POST', path, told)).status, 404);
  const { status, body } = await served.json<ToldIncident>('technician', 'POST', path, told);
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual([body.severity, body.state, body.institution], ['serious', 'open', SITE]);
  for (const who of ['radiologist', 'stranger', 'A'] as const) {
    assert.equal((await served.json(who, 'GET', '/api/ai/incidents')).status, 403, who);
  }
  const list = await served.json<{ incidents: ToldIncident[] }>('chief', 'GET', '/api/ai/incidents');
  assert.deepEqual(list.body.incidents, [body]);
  await followed(served, body.id);
  const bundle = `/api/ai/incidents/${body.id}/bundle`;
  assert.equal((await served.json('chief', 'GET', bundle)).status, 404, 'who may not audit there');
  assert.equal((await served.json('officer', 'GET', `${bundle}?objects=true`)).status, 403, 'nor export');
  const answer = await served.ask('officer', 'GET', bundle);
  assert.equal(answer.headers.get('content-type'), 'application/zip');
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const entries = unzipped(bytes);
  assert.deepEqual(
    [...entries.keys()],
    [
      'LEEME.txt',
      'incident.json',
      'task.json',
      'results.jsonl',
      'package/manifest.json',
      'package/paquete.dsse.json',
      'case-file.tar',
      'SHA256SUMS',
    ],
  );
  const text = (name: string): string => new TextDecoder().decode(entries.get(name));
  for (const line of text('SHA256SUMS').trim().split('\n')) {
    const [sha256 = '', name = ''] = line.split('  ');
    assert.equal(
      createHash('sha256')
        .update(entries.get(name) ?? '')
        .digest('hex'),
      sha256,
      name,
    );
  }
  assert.equal((JSON.parse(text('task.json')) as Why).digests.package, task.package);
  assert.equal((JSON.parse(text('incident.json')) as ToldIncident).steps.length, 1);
  assert.match(text('LEEME.txt'), /Estado: en investigación/);
  const pixels = image.subarray(-1_000);
  assert.equal(Buffer.from(bytes).indexOf(pixels), -1, 'no pixel data that nobody asked for');
  const file = join(served.directory, 'case.tar');
  writeFileSync(file, entries.get('case-file.tar') ?? '');
  const { status: code, stdout } = verified(file);
  assert.equal(code, 0, stdout);
}

async function byCommand({ config }: Served, task: StudyTask): Promise<void> {
  const run = (...words: string[]) => runCommand(config, aiCommand, words);
  const told = await run('why', task.objects[0]?.sopInstanceUid ?? '');
  assert.deepEqual([told.code, (told.values[0] as Why).id], [0, task.id]);
  assert.match(told.text, /against 50 %, positive[\s\S]*rejected by Persona chief/);
  assert.equal((await run('incident', task.id, '--severity', 'none', '--text', 'ensayo')).code, 0);
  const listed = await run('incidents');
  assert.equal(listed.code, 0);
  assert.match(listed.text, /none open, by ai: ensayo/);
}

test('a result is shown, decided on, explained, and an incident with it is bundled', async (t) => {
  const served = await serveAssessed(t);
  const image = await storeChest(served);
  await resultSeen(t, served, 'A');
  const task = await resultSeen(t, served, 'radiologist');
  isTold(task);
  const hidden = await served.json('stranger', 'GET', `/api/ai/studies/${served.study}`);
  assert.equal(hidden.status, 404);
  await decided(served, task.id);
  await explained(served, task, image);
  await bundled(served, task, image);
  await byCommand(served, task);
});
