import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { fromDicomJson } from '@acervo/dicom/json/from-json.ts';
import { EXPLICIT_LE, findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { openArchive } from '../../apps/archive.ts';
import { loadConfig } from '../../apps/config.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { Many } from './many.ts';
import { ask, column, dicomJson, type Facts, valueOf } from './query.fixture.ts';
import type { Ports } from './search.ts';

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';

async function store(holdings: Holdings, number: number, more: Facts): Promise<void> {
  const sop = `1.2.3.1.${number}`;
  const dataSet = fromDicomJson(
    dicomJson({
      SOPClassUID: SECONDARY_CAPTURE,
      SOPInstanceUID: sop,
      StudyInstanceUID: '1.2.3',
      SeriesInstanceUID: '1.2.3.1',
      Modality: 'MR',
      PatientName: 'NÚÑEZ^ZOÉ',
      PatientID: 'Z1',
      InstanceNumber: number,
      BitsAllocated: 16,
      ...more,
    }),
  );
  const syntax = findTransferSyntax(EXPLICIT_LE);
  assert.ok(syntax);
  async function* body(): AsyncGenerator<Uint8Array> {
    if (syntax !== undefined) yield writeDataSet(dataSet, syntax);
  }
  await holdings.store.store(testOp({ institution: 'HGM' }), {
    form: 'dataset',
    sopClassUid: SECONDARY_CAPTURE,
    sopInstanceUid: sop,
    transferSyntaxUid: EXPLICIT_LE,
    sourceAet: 'MR1',
    body: body(),
  });
}

test('below a study, instances are found by anything that stands in their headers', async (t) => {
  const archive = await openArchive(
    loadConfig({
      ACERVO_DATA_DIR: temporaryDirectory(),
      ACERVO_PG_WAL_SEGMENT_MIB: '1',
      ACERVO_PG_SHARED_BUFFERS_MIB: '16',
      ACERVO_DISK_FREE_MIN_MIB: '0',
    }),
    { role: 'test', connectionsMax: 4, log: silentLog },
  );
  t.after(() => archive.close());
  const { holdings } = archive;
  await store(holdings, 1, {
    Rows: 512,
    Columns: 256,
    ImageType: ['ORIGINAL', 'PRIMARY'],
    SliceLocation: -10.5,
    AcquisitionDateTime: '20250101120000.5-0600',
  });
  await store(holdings, 2, {
    Rows: 256,
    Columns: 256,
    ImageType: ['DERIVED'],
    ContentTime: '1200',
    AcquisitionDateTime: '20250101180001',
  });
  await store(holdings, 3, {
    Rows: 256,
    NumberOfFrames: 7,
    NominalScannedPixelSpacing: [0.5, 0.5],
    OperatorsName: 'x',
    ContentDate: '20250203',
    SourceImageSequence: [
      { ReferencedSOPInstanceUID: '1.2.3.1.1', PurposeOfReferenceCodeSequence: [{ CodeMeaning: 'Localizador' }] },
    ],
    PerformingPhysicianName: 'Íñiguez^Óscar',
  });
  const ports: Ports = { ...holdings, many: new Many() };
  const found = async (query: string): Promise<unknown[]> =>
    column(await ask(ports, `/studies/1.2.3/instances?${query}`), 'InstanceNumber');

  const CASES: readonly (readonly [string, number[]])[] = [
    ['', [1, 2, 3]],
    ['Rows=256', [2, 3]],
    ['Rows=256&limit=1&offset=1', [3]],
    ['Rows=1000', []],
    ['Rows=0512', [1]],
    ['ImageType=PRIMARY', [1]],
    ['ImageType=*IVED', [2]],
    ['ImageType=primary', []],
    ['SliceLocation=-10.50', [1]],
    ['NumberOfFrames=7&Rows=256', [3]],
    ['ContentDate=20250201-', [3]],
    ['ContentTime=1159-1200', [2]],
    ['AcquisitionDateTime=20250101180000', [1]],
    ['AcquisitionDateTime=20250101180001-', [2]],
    ['AcquisitionDateTime=2025', [1, 2]],
    ['SourceImageSequence.ReferencedSOPInstanceUID=1.2.3.1.1', [3]],
    ['SourceImageSequence.PurposeOfReferenceCodeSequence.CodeMeaning=Loc*', [3]],
    ['SourceImageSequence.ReferencedSOPInstanceUID=1.2.3.1.9', []],
    ['NumberOfFrames=""&emptyvaluematching=true', [1, 2]],
    ['PatientName=nunez*&Rows=256', [2, 3]],
  ];
  for (const [query, expected] of CASES)
    await t.test(query, async () => assert.deepEqual(await found(query), expected));

  const answer = await ask(ports, '/studies/1.2.3/instances?Rows=256&limit=1&includefield=ImageType');
  assert.equal(answer.headers['x-total-count'], '2');
  const next = /cursor=([\w-]+)>; rel="next"/.exec(answer.headers['link'] ?? '')?.[1];
  assert.deepEqual(await found(`Rows=256&limit=1&cursor=${next}`), [3]);
  const [first] = answer.json;
  assert.deepEqual(
    [valueOf(first, 'Rows'), valueOf(first, 'BitsAllocated'), valueOf(first, 'ImageType')],
    [256, 16, 'DERIVED'],
  );
  assert.equal(
    valueOf(first, 'RetrieveURL'),
    'http://pacs.example:8080/dicom-web/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.2',
  );
  const [all] = (await ask(ports, '/studies/1.2.3/series/1.2.3.1/instances?NumberOfFrames=7&includefield=all')).json;
  assert.deepEqual(valueOf(all, 'PatientName'), { Alphabetic: 'NÚÑEZ^ZOÉ' });
  assert.equal(valueOf(all, 'ContentDate'), '20250203');
});
