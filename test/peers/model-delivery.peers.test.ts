import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { rejectionNote } from '@acervo/model/results/rejection.ts';
import { COMPREHENSIVE_3D_SR, SEGMENTATION_STORAGE } from '@acervo/model/results/result.ts';
import type { Queue, StudyStatus } from '@acervo/platform/features/inference/watch.ts';
import { chestOf } from '@acervo/platform/features/models/chest.fixture.ts';
import { readImageFile } from '@acervo/platform/features/models/images.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { type ArchiveProcess, runAcervo, scratch, startAsIs } from '../harness/archive-process.ts';
import { CHEST_MODEL, signedChestPackage } from '../harness/demo-package.ts';
import { freePort } from '../harness/orthanc.ts';
import { accessFile, received, startStorescp } from '../harness/query-retrieve.ts';
import { runPeer } from '../harness/run-peer.ts';
import { internalErrors } from '../harness/server-log.ts';
import { stow } from '../harness/stow.ts';

const SERVER = join(import.meta.dirname, '../faults/inference.worker.ts');
const PACS = 'PACS';
/** A model's process has to start, and waits between attempts to pass, on a machine that does other things too. */
const LATE = { timeout: 180_000, interval: 200 };
const studyOf = (study: number): string => `2.25.4701.${study}`;

async function json<Answer>({ http }: ArchiveProcess, path: string): Promise<Answer> {
  const answer = await fetch(http + path, { headers: { accept: 'application/json' } });
  assert.equal(answer.status, 200, path);
  return (await answer.json()) as Answer;
}

/** SOP Instance UIDs of the result of a study, when it was delivered. */
async function delivered(t: TestContext, archive: ArchiveProcess, study: number): Promise<readonly string[]> {
  return t.waitFor(async () => {
    const { studies } = await json<{ studies: StudyStatus[] }>(archive, `/api/ai/studies/${studyOf(study)}`);
    const [task] = studies[0]?.tasks ?? [];
    assert.deepEqual(
      task?.deliveries.map(({ aeTitle, state }) => [aeTitle, state]),
      [[PACS, 'delivered']],
    );
    return task?.results ?? [];
  }, LATE);
}

test('results reach a storescp that is away, comes, is killed and comes again; each is there whole', async (t) => {
  if (!needsPeer(t, 'storescp')) return;
  const folder = scratch(t, 'model-delivery');
  const dataDir = join(folder, 'data');
  const packaged = join(folder, 'package');
  await signedChestPackage(packaged);
  const port = await freePort();
  const access = accessFile(folder, [{ aeTitle: PACS, port, folder }]);
  const env = { ...access, TEST_PACKAGE_DIR: packaged, ACERVO_AI_QUIET_SECONDS: '0', ACERVO_SEAL_INTERVAL_MS: '100' };
  const archive = await startAsIs(t, dataDir, env, [], SERVER);
  const rule = join(folder, 'rule.json');
  const scope = { modality: ['CR'] };
  const whole = { effect: 'run', id: 'torax', institution: 'LOCAL', model: CHEST_MODEL.model, scope };
  writeFileSync(rule, JSON.stringify({ ...whole, deliverTo: ['NOBODY'] }));
  const refused = await runAcervo(dataDir, ['ai', 'rules', 'add', rule], access);
  assert.equal(refused.code, 1, refused.out);
  writeFileSync(rule, JSON.stringify({ ...whole, deliverTo: [PACS] }));
  const added = await runAcervo(dataDir, ['ai', 'rules', 'add', rule], access);
  assert.equal(added.code, 0, added.err);

  await stow({ http: archive.http }, [chestOf(studyOf(1), true)]);
  await t.waitFor(async () => {
    const { deliveries } = await json<Queue>(archive, '/api/ai/queue');
    assert.deepEqual(
      deliveries.map(({ state, problem }) => [state, problem]),
      [['waiting', 'ul/aborted']],
    );
  }, LATE);

  const first = await startStorescp(t, folder, PACS, ['+xa'], port);
  const one = await delivered(t, archive, 1);
  await first.kill();
  await stow({ http: archive.http }, [chestOf(studyOf(2), false)]);
  await t.waitFor(async () => {
    const { deliveries } = await json<Queue>(archive, '/api/ai/queue');
    assert.ok((deliveries[0]?.attempts ?? 0) >= 1 && deliveries[0]?.problem !== null, JSON.stringify(deliveries));
  }, LATE);
  const second = await startStorescp(t, folder, PACS, ['+xa'], port);
  const two = await delivered(t, archive, 2);
  assert.deepEqual([...received(second.folder).keys()].sort(), [...one, ...two].sort());
  assert.deepEqual(internalErrors(archive.logText()), []);
});

test('dciodvfy and DCMTK take the note that withdraws results', async (t) => {
  if (!needsPeer(t, 'dciodvfy') || !needsPeer(t, 'dsrdump')) return;
  const folder = scratch(t, 'rejection');
  const { dataSet } = readImageFile('chest', chestOf(studyOf(3), true));
  const rejected = [
    { sopClassUid: COMPREHENSIVE_3D_SR, sopInstanceUid: '2.25.1.1', seriesUid: '2.25.1' },
    { sopClassUid: SEGMENTATION_STORAGE, sopInstanceUid: '2.25.2.1', seriesUid: '2.25.2' },
  ];
  const at = new Date('2026-11-30T06:00:00.000Z');
  const of = { dataSet, rejected, withdrawal: '01900000-0000-7000-8000-000000000000', at, text: 'Retirada: señal' };
  const note = await rejectionNote(of);
  assert.deepEqual(note, await rejectionNote(of), 'the same again has the same bytes');
  const path = join(folder, 'note.dcm');
  writeFileSync(path, note.file);
  const { output } = await runPeer('dciodvfy', [path]);
  assert.match(output, /^KeyObjectSelectionDocument$/m);
  assert.doesNotMatch(output, /Error/);
  const { code, output: dump } = await runPeer('dsrdump', ['+Pc', path]);
  assert.equal(code, 0, dump);
  assert.match(dump, /CONTAINER:\(113037,DCM/);
  // What it says of itself is no complaint.
  assert.doesNotMatch(dump, /^(?!W: Check for template constraints)[EW]:/m);
});
