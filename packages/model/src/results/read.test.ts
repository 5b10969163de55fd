import assert from 'node:assert/strict';
import { test } from 'node:test';
import { charsetOf } from '@acervo/dicom/charset/decode.ts';
import { composed } from '@acervo/dicom/data-set/compose.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import type { ContentItem } from '@acervo/dicom/sr/content.ts';
import { readContent } from '@acervo/dicom/sr/read.ts';
import { T } from '@acervo/dicom/tags.ts';
import { goodManifest } from '../manifest/manifest.fixture.ts';
import { makeResults } from './make.ts';
import { readReport } from './read.ts';
import type { Run } from './result.ts';

const CR = '1.2.840.10008.5.1.4.1.1.1';

function runOf(over: Partial<Run> = {}): Run {
  const dataSet = composed(
    [
      [T.SOPClassUID, CR],
      [T.Modality, 'CR'],
      [T.PatientName, 'RUIZ^ANA'],
      [T.PatientID, 'A-1'],
      [T.StudyInstanceUID, '1.2.3'],
      [T.SeriesInstanceUID, '1.2.3.1'],
      [T.SOPInstanceUID, '1.2.3.1.1'],
    ],
    ['ISO_IR 100'],
  );
  const image = { dataSet, sopClassUid: CR, sopInstanceUid: '1.2.3.1.1', seriesUid: '1.2.3.1' };
  const decision = { output: 'p', score: 0.81, operatingPoint: 'nacional-2027', threshold: 0.31 };
  return {
    manifest: goodManifest(),
    operations: 'ops/1',
    images: [{ ...image, dataSetSha256: 'a'.repeat(64) }],
    outputs: { p: [0.81] },
    decisions: [{ ...decision, isPositive: true, abstains: false }],
    grid: undefined,
    made: { date: '20260303', time: '091200' },
    qualification: 'RESEARCH',
    ...over,
  };
}

async function contentOf(run: Run): Promise<ContentItem> {
  const report = (await makeResults(run)).find(({ kind }) => kind === 'dicom-sr');
  assert.ok(report);
  // Behind the head of the file (PS3.10 7.1): preamble, DICM, and a group whose length is told.
  const head = 132 + 12 + new DataView(report.file.buffer, report.file.byteOffset).getUint32(140, true);
  const { dataSet } = readDataSet(report.file.subarray(head), { syntax: { explicitVr: true, littleEndian: true } });
  return readContent(dataSet, charsetOf(['ISO_IR 100']));
}

test('what a report says is read back: by what, over which images, and what was found', async () => {
  const run = runOf();
  const report = readReport(await contentOf(run));
  assert.ok(report);
  assert.equal(report.model, `${run.manifest.id}@${run.manifest.version}`);
  assert.equal(report.modelSha256, run.manifest.artifact.sha256);
  assert.equal(report.operations, 'ops/1');
  assert.deepEqual(report.images, [{ sopClassUid: CR, sopInstanceUid: '1.2.3.1.1' }]);
  const [finding, ...others] = report.findings;
  assert.equal(others.length, 0);
  assert.deepEqual(
    [finding?.output, finding?.operatingPoint, finding?.evaluation, finding?.code.meaning, finding?.unit?.value],
    ['p', 'nacional-2027', 'present', 'Opacidad', '%'],
  );
  assert.ok(Math.abs((finding?.value ?? 0) - 81) < 1e-9);
  assert.equal(finding?.threshold, 31);
});

test('a model that abstains, one that says no, and one that was held against nothing', async () => {
  const [held] = runOf().decisions;
  assert.ok(held);
  for (const [decisions, evaluation] of [
    [[{ ...held, abstains: true }], 'indeterminate'],
    [[{ ...held, isPositive: false }], 'absent'],
    [[], null],
  ] as const) {
    const report = readReport(await contentOf(runOf({ decisions })));
    assert.equal(report?.findings[0]?.evaluation, evaluation);
    assert.equal(report?.findings[0]?.output, 'p');
    assert.equal(report?.findings[0]?.threshold, decisions.length === 0 ? null : 31);
  }
});

test('a report of something else is none of ours', async () => {
  const { children = [], ...root } = await contentOf(runOf());
  assert.equal(readReport({ ...root, children: [] }), undefined);
  const without = (item: ContentItem): ContentItem => ({
    ...item,
    children: (item.children ?? []).filter(({ concept }) => concept?.value !== '111002').map(without),
  });
  assert.equal(readReport({ ...root, children: children.map(without) }), undefined);
});
