import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textElement } from '@acervo/dicom/data-set/build.ts';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import type { Op } from '../../ports/op.ts';
import { MODEL, openRouted, storeImage } from './inference.fixture.ts';
import { storedResults } from './keep.ts';
import { requestTasks } from './request.ts';
import { claimTask } from './task.repo.ts';

const never = new AbortController().signal;

test('a result is an object of the study’s institution and patient; kept again it is there once', async (t) => {
  const { archive, ports } = await openRouted(t);
  const study = await storeImage({ archive }, 1);
  await requestTasks(ports, testOp(), { studies: [study], model: `${MODEL}@1.0.0`, deadlineMinutes: 60 });
  const task = await claimTask(archive.holdings.db, 30_000);
  assert.ok(task !== undefined);
  const made = smallObject({
    name: 'inference',
    study: 1,
    series: 9,
    number: 1,
    also: [textElement(T.Modality, 'CS', 'SR')],
  });
  const { sopClassUid, sopInstanceUid, seriesUid, studyUid } = made;
  const object = {
    kind: 'dicom-sr',
    sopClassUid,
    sopInstanceUid,
    seriesUid,
    studyUid,
    file: concat([writeFileHead(made), made.dataSet]),
  } as const;
  const openOp = (institution: string, signal: AbortSignal): Op =>
    testOp({ institution, signal, issuer: institution, actor: { kind: 'process', id: 'inference' } });
  const sink = storedResults(archive.holdings, openOp);
  const silent = { ...task, stage: 'silencioso' } as const;
  const refused = (thrown: unknown) => thrown instanceof Failure && thrown.code === 'model/silent';
  await assert.rejects(sink.keep(silent, [object], never), refused, 'nothing silent comes by here');
  for (let time = 1; time <= 2; time++) assert.deepEqual(await sink.keep(task, [object], never), [sopInstanceUid]);
  const rows = await archive.holdings.db.query(
    `select s.institution, s.issuer, i.version from instance i join study s on s.study_key = i.study_key
     where i.sop_uid = $1`,
    [sopInstanceUid],
  );
  assert.deepEqual(rows, [{ institution: 'HGM', issuer: 'TEST', version: 0 }]);
});
