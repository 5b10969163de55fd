import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Queue, StudyStatus } from '@acervo/platform/features/inference/watch.ts';
import { chestOf } from '@acervo/platform/features/models/chest.fixture.ts';
import { type ArchiveProcess, runAcervo, scratch, startAsIs } from '../harness/archive-process.ts';
import { CHEST_MODEL, signedChestPackage } from '../harness/demo-package.ts';
import { internalErrors } from '../harness/server-log.ts';
import { stow } from '../harness/stow.ts';
import type { Told } from './inference.worker.ts';

const SERVER = join(import.meta.dirname, 'inference.worker.ts');
const STUDIES = 24;
const SILENT_STUDIES = 12;
/** A lease has to run out, and a model's process to start, on a machine that does other things too. */
const LATE_MS = 240_000;

const studyUid = (study: number): string => `2.25.4400.${study}`;

const chest = (study: number): Uint8Array => chestOf(studyUid(study), study % 2 === 0);

/** Processes that run models, below a server. */
function modelProcesses(server: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const [, parent = ''] = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
      parents.set(Number(name), Number(parent));
    } catch {
      // It has ended meanwhile.
    }
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && parent > 1 && (parent === server || isBelow(parent));
  };
  const isModel = (pid: number): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('onnx.worker');
    } catch {
      return false; // It has ended meanwhile.
    }
  };
  return [...parents.keys()].filter((pid) => isBelow(pid) && isModel(pid));
}

async function json<Answer>({ http }: ArchiveProcess, path: string): Promise<Answer> {
  const answer = await fetch(http + path, { headers: { accept: 'application/json' } });
  assert.equal(answer.status, 200, path);
  return (await answer.json()) as Answer;
}

async function countOf(archive: ArchiveProcess): Promise<Record<string, number>> {
  const { counts } = await json<Queue>(archive, '/api/ai/queue');
  return Object.fromEntries(counts.map(({ state, count }) => [state, count]));
}

const doneReach = (t: TestContext, archive: ArchiveProcess, least: number) =>
  t.waitFor(
    async () => {
      const counts = await countOf(archive);
      assert.ok((counts['done'] ?? 0) >= least, JSON.stringify(counts));
    },
    { timeout: LATE_MS, interval: 100 },
  );

/** A server that has studies to read, and how it is started again. */
async function begun(t: TestContext, stage: Told['TEST_STAGE'], studies: number) {
  const folder = scratch(t, `inference-${stage}`);
  const dataDir = join(folder, 'data');
  const packaged = join(folder, 'package');
  await signedChestPackage(packaged);
  const told: Told = { TEST_PACKAGE_DIR: packaged, TEST_STAGE: stage };
  const env = {
    ...told,
    ACERVO_AI_QUIET_SECONDS: '0',
    ACERVO_AI_WORKERS: '2',
    ACERVO_SEAL_INTERVAL_MS: '100',
  };
  const start = () => startAsIs(t, dataDir, env, [], SERVER);
  const first = await start();
  const rule = join(folder, 'rule.json');
  const scope = { modality: ['CR'], bodyPart: ['CHEST'], viewPosition: ['PA'], age: { least: 18 } };
  const { model } = CHEST_MODEL;
  const whole = { effect: 'run', id: 'torax', institution: 'LOCAL', model, scope, deadlineMinutes: 600 };
  writeFileSync(rule, JSON.stringify(whole));
  const added = await runAcervo(dataDir, ['ai', 'rules', 'add', rule]);
  assert.equal(added.code, 0, added.err);
  for (let study = 1; study <= studies; study++) {
    assert.equal((await stow({ http: first.http }, [chest(study)])).stored.length, 1);
  }
  return { start, first, dataDir };
}

test('kill -9 of the server amid silent tasks: each ends once, with one record, and nothing is seen', async (t) => {
  const { start, first, dataDir } = await begun(t, 'silencioso', SILENT_STUDIES);
  await doneReach(t, first, 2);
  await first.kill();
  const archive = await start();
  await doneReach(t, archive, SILENT_STUDIES);
  assert.deepEqual(await countOf(archive), { done: SILENT_STUDIES });
  const names = readdirSync(join(dataDir, 'silent'), { recursive: true, encoding: 'utf8' });
  assert.equal(names.filter((name) => name.endsWith('.sealed')).length, SILENT_STUDIES);
  assert.deepEqual(await json<object[]>(archive, '/dicom-web/instances?Modality=SR'), []);
  assert.deepEqual(internalErrors(archive.logText()), []);
  assert.equal(await archive.stop(), 0);
});

test('kill -9 of a model, then of the server, amid tasks: each ends once, with its result once', async (t) => {
  const { start, first } = await begun(t, 'limitado', STUDIES);
  let archive = first;

  await doneReach(t, archive, 2);
  await t.waitFor(() => assert.ok(modelProcesses(archive.pid).length > 0), { timeout: LATE_MS, interval: 20 });
  for (const pid of modelProcesses(archive.pid)) process.kill(pid, 'SIGKILL');
  await doneReach(t, archive, 6);
  const before = await countOf(archive);
  await archive.kill();
  assert.ok((before['done'] ?? 0) < STUDIES, 'there was something left to be done');

  archive = await start();
  await doneReach(t, archive, STUDIES);
  assert.deepEqual(await countOf(archive), { done: STUDIES }, 'none failed, none is there twice');
  for (let study = 1; study <= STUDIES; study++) {
    const uid = studyUid(study);
    const [status] = (await json<{ studies: StudyStatus[] }>(archive, `/api/ai/studies/${uid}`)).studies;
    assert.deepEqual(
      status?.tasks.map(({ state, es, results }) => [state, es, results.length]),
      [['result', 'con resultado de IA', 1]],
    );
    const results = await json<object[]>(archive, `/dicom-web/studies/${uid}/instances?Modality=SR`);
    assert.equal(results.length, 1, uid);
  }
  const kept = archive.logText();
  assert.deepEqual(internalErrors(kept), []);
  assert.equal(await archive.stop(), 0);
});
