import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { SITE } from '../features/governance/governance.fixture.ts';
import { storedResults } from '../features/inference/keep.ts';
import { DEMO_MODEL } from '../features/models/demo-model.fixture.ts';
import type { Comparison } from '../features/silent/compare.ts';
import { associate, qr, retrieve, STUDY_ROOT } from '../features/transfer/transfer.fixture.ts';
import { endedTask, serveSilent, silentRecord, storeChest } from './silent.fixture.ts';

const STUDIES = 200;
const LATE_MS = 400_000;
const study = (number: number): string => `2.25.4700.${number}`;
const failsWith = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;

test('D3: a silent model reads 200 studies; nothing reaches the PACS, and an attempt to bring it out throws', {
  timeout: 600_000,
}, async (t) => {
  const silent = await serveSilent(t);
  const { running, pacs } = silent;
  const { database, holdings } = running.server.archive;
  for (let number = 1; number <= STUDIES; number++) await storeChest(running.server, study(number), number);
  await t.waitFor(
    async () => {
      const counted = `select count(*) as count from ai_task where state = 'done' and stage = 'silencioso'`;
      assert.deepEqual(await database.query(counted), [{ count: STUDIES }]);
    },
    { timeout: LATE_MS, interval: 500 },
  );

  const association = await associate(t, running, [qr(STUDY_ROOT.move)]);
  for (let number = 1; number <= STUDIES; number++) {
    const keys = { QueryRetrieveLevel: 'STUDY', StudyInstanceUID: study(number) };
    assert.equal((await retrieve(association, STUDY_ROOT, keys, 'PACS')).final.status, 0);
  }
  await association.release();
  assert.equal(pacs.received.length, STUDIES, 'an image each');
  assert.ok(pacs.received.every(({ sopInstanceUid }) => sopInstanceUid.endsWith('.1.1')));
  for (const modality of ['SR', 'SEG']) {
    const found = await fetch(`${running.url}/dicom-web/instances?Modality=${modality}`);
    assert.equal(await found.text(), '[]', modality);
  }

  const task = await endedTask(t, silent, study(1));
  const { objects } = await silentRecord(silent, task);
  assert.ok(objects.length > 0, 'there is something to bring out');
  const sink = storedResults(holdings, (institution) => testOp({ institution }));
  const as = { ...task, stage: 'silencioso' } as const;
  await assert.rejects(sink.keep(as, objects, new AbortController().signal), failsWith('model/silent'));
  await assert.rejects(database.query('select * from silent.result'), failsWith('internal'), 'another role may');

  const answer = await fetch(`${running.url}/api/ai/silent/${DEMO_MODEL.model}/${DEMO_MODEL.version}`);
  const told = (await answer.json()) as Comparison;
  assert.deepEqual([told.institution, told.studies, told.unreadable], [SITE, STUDIES, 0]);
  const says = told.outputs[0]?.says ?? [];
  assert.equal(
    says.reduce((sum, { count }) => sum + (count ?? 0), 0),
    STUDIES,
    JSON.stringify(told),
  );
  assert.ok(!JSON.stringify(told).includes('2.25.4700'), 'of no study anything');
});
