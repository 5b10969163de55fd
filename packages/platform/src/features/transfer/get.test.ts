import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { T } from '@acervo/dicom/tags.ts';
import {
  DEFLATED_LE,
  EXPLICIT_BE,
  EXPLICIT_LE,
  findTransferSyntax,
  IMPLICIT_LE,
} from '@acervo/dicom/transfer-syntax.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import {
  type Image,
  image,
  pixelsOf,
  startArchive,
  storeImage,
  type TestArchive,
} from '../retrieve/retrieve.fixture.ts';
import {
  asked,
  associateToGet,
  countsOf,
  failedUidsOf,
  PATIENT_ROOT,
  type Received,
  receiver,
  retrieve,
  STUDY_ROOT,
  taking,
} from './transfer.fixture.ts';

const JPEG_LOSSLESS = '1.2.840.10008.1.2.4.70';
const STUDY = '2.25.7001';

async function stored(archive: TestArchive, ...images: Image[]): Promise<Image[]> {
  for (const each of images) await storeImage(archive, each);
  return images;
}

const native = (series: number, number: number, transferSyntaxUid = EXPLICIT_LE, more: object = {}): Image =>
  image({ study: STUDY, series, number, transferSyntaxUid, ...more });

const uidsOf = (received: readonly Received[]): string[] => received.map(({ sopInstanceUid }) => sopInstanceUid);

test('C-GET gives a study in the order of its numbers, each object as it is stored', async (t) => {
  const archive = await startArchive(t);
  // The last one is longer than what is lent at once.
  const [b, a, c, d] = (await stored(
    archive,
    native(2, 1),
    native(1, 10),
    native(1, 9, IMPLICIT_LE),
    native(1, 11, EXPLICIT_LE, { frames: 2, rows: 600, columns: 600 }),
  )) as [Image, Image, Image, Image];
  const taken = receiver();
  const association = await associateToGet(t, archive, taken, [taking([EXPLICIT_LE]), taking([IMPLICIT_LE])]);
  const keys = { QueryRetrieveLevel: 'STUDY', StudyInstanceUID: STUDY } as const;
  const { final } = await retrieve(association, STUDY_ROOT, keys);
  assert.equal(final.status, 0);
  assert.deepEqual(countsOf(final), [4, 0, 0, undefined]);
  assert.equal(final.dataSet, undefined);
  assert.deepEqual(
    uidsOf(taken.received),
    [c, a, d, b].map(({ sopInstanceUid }) => sopInstanceUid),
  );
  for (const [index, sent] of [c, a, d, b].entries()) {
    assert.equal(taken.received[index]?.transferSyntaxUid, sent.transferSyntaxUid);
    assert.deepEqual(taken.received[index]?.dataSet, sent.dataSet, `object ${index} is what was stored`);
  }
  const rows = await archive.server.archive.database.query<{ event: string }>(
    `select event from journal where kind = 'study.retrieved'`,
  );
  assert.equal(rows.length, 1);
  const { study, facts, actor } = JSON.parse(rows[0]?.event ?? '{}');
  assert.deepEqual([study, facts.service, facts.level, actor.id], [STUDY, 'C-GET', 'study', 'SCU']);
  await association.release();
});

test('levels: patient, list of series, list of instances; what is not there is nothing', async (t) => {
  const archive = await startArchive(t);
  const [a, b, c] = (await stored(archive, native(1, 1), native(1, 2), native(2, 1))) as [Image, Image, Image];
  const other = image({ study: '2.25.7002', series: 1, number: 1, transferSyntaxUid: EXPLICIT_LE });
  await stored(archive, other);
  const taken = receiver();
  const association = await associateToGet(t, archive, taken, [taking([EXPLICIT_LE])]);
  const get = async (model: typeof STUDY_ROOT | typeof PATIENT_ROOT, keys: Parameters<typeof retrieve>[2]) => {
    taken.received.length = 0;
    const { final } = await retrieve(association, model, keys);
    assert.equal(final.status, 0);
    assert.equal(final.command.numberOfCompletedSubOperations, taken.received.length);
    return uidsOf(taken.received);
  };
  const patient = await get(PATIENT_ROOT, { QueryRetrieveLevel: 'PATIENT', PatientID: 'P1' });
  assert.deepEqual(patient.toSorted(), [a, b, c, other].map((each) => each.sopInstanceUid).toSorted());
  const series = `${b.seriesUid}\\${c.seriesUid}`;
  assert.deepEqual(
    await get(STUDY_ROOT, { QueryRetrieveLevel: 'SERIES', StudyInstanceUID: STUDY, SeriesInstanceUID: series }),
    [a, b, c].map((each) => each.sopInstanceUid),
  );
  assert.deepEqual(
    await get(STUDY_ROOT, {
      QueryRetrieveLevel: 'IMAGE',
      StudyInstanceUID: STUDY,
      SeriesInstanceUID: a.seriesUid,
      SOPInstanceUID: `${b.sopInstanceUid}\\${a.sopInstanceUid}\\2.25.404`,
    }),
    [a.sopInstanceUid, b.sopInstanceUid],
  );
  assert.deepEqual(await get(STUDY_ROOT, { QueryRetrieveLevel: 'STUDY', StudyInstanceUID: '2.25.404' }), []);
});

test('an Identifier that breaks the model is refused with A900, and the association goes on', async (t) => {
  const archive = await startArchive(t);
  await stored(archive, native(1, 1));
  const association = await associateToGet(t, archive, receiver(), [taking([EXPLICIT_LE])]);
  const wrong: [typeof STUDY_ROOT | typeof PATIENT_ROOT, Parameters<typeof retrieve>[2]][] = [
    [STUDY_ROOT, { StudyInstanceUID: STUDY }],
    [STUDY_ROOT, { QueryRetrieveLevel: 'PATIENT', PatientID: 'P1' }],
    [STUDY_ROOT, { QueryRetrieveLevel: 'STUDY' }],
    [STUDY_ROOT, { QueryRetrieveLevel: 'STUDY', StudyInstanceUID: '' }],
    [STUDY_ROOT, { QueryRetrieveLevel: 'STUDY', StudyInstanceUID: '2.25.*' }],
    [STUDY_ROOT, { QueryRetrieveLevel: 'SERIES', SeriesInstanceUID: '2.25.1' }],
    [STUDY_ROOT, { QueryRetrieveLevel: 'SERIES', StudyInstanceUID: '2.25.1\\2.25.2', SeriesInstanceUID: '2.25.1' }],
    [PATIENT_ROOT, { QueryRetrieveLevel: 'PATIENT', PatientID: 'P*' }],
    [PATIENT_ROOT, { QueryRetrieveLevel: 'FRAME', StudyInstanceUID: STUDY }],
  ];
  for (const [model, keys] of wrong) {
    const { final, pending } = await retrieve(association, model, keys);
    assert.equal(final.status, 0xa900, JSON.stringify(keys));
    assert.equal(pending.length, 0);
  }
  const { final } = await retrieve(association, STUDY_ROOT, { QueryRetrieveLevel: 'STUDY', StudyInstanceUID: STUDY });
  assert.equal(final.status, 0);
});

test('native objects go out in the little endian syntax that was agreed on; the values are the same', async (t) => {
  const archive = await startArchive(t);
  const sources = [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE, DEFLATED_LE];
  await stored(archive, ...sources.map((syntax, index) => native(1, index + 1, syntax)));
  for (const [target, expected] of [
    [EXPLICIT_LE, 4],
    [IMPLICIT_LE, 4],
  ] as const) {
    const taken = receiver();
    const association = await associateToGet(t, archive, taken, [taking([target])]);
    const { final } = await retrieve(association, STUDY_ROOT, { QueryRetrieveLevel: 'STUDY', StudyInstanceUID: STUDY });
    assert.deepEqual(countsOf(final), [expected, 4 - expected, 0, undefined], `to ${target}`);
    assert.equal(final.status, expected === 4 ? 0 : 0xb000);
    const syntax = findTransferSyntax(target);
    assert.ok(syntax);
    for (const { dataSet, transferSyntaxUid } of taken.received) {
      assert.equal(transferSyntaxUid, target);
      const read = readDataSet(dataSet, { syntax });
      assert.deepEqual([...read.marks], []);
      assert.deepEqual(read.dataSet.elements.get(T.PixelData)?.value?.slice(), pixelsOf(70));
    }
    await association.release();
  }
});

test('what fails is told: no context for it, a refusal, a warning; the others come', async (t) => {
  const archive = await startArchive(t);
  const fragments = [pixelsOf(100)];
  const [a, b, c, d] = (await stored(
    archive,
    native(1, 1),
    native(1, 2, JPEG_LOSSLESS, { fragments }),
    native(1, 3),
    native(1, 4),
  )) as [Image, Image, Image, Image];
  const taken = receiver(({ sopInstanceUid }) => ({
    status: sopInstanceUid === c.sopInstanceUid ? 0xa700 : sopInstanceUid === d.sopInstanceUid ? 0xb000 : 0,
  }));
  const association = await associateToGet(t, archive, taken, [taking([EXPLICIT_LE])]);
  const keys = { QueryRetrieveLevel: 'STUDY', StudyInstanceUID: STUDY } as const;
  const { final } = await retrieve(association, STUDY_ROOT, keys);
  assert.equal(final.status, 0xb000);
  assert.deepEqual(countsOf(final), [1, 2, 1, undefined]);
  assert.deepEqual(failedUidsOf(final), [b.sopInstanceUid, c.sopInstanceUid]);
  assert.match(final.command.errorComment ?? '', /^1 failed: (Pixels cannot be decoded|Receiver answers 0xA700)$/);
  assert.deepEqual(uidsOf(taken.received), [a.sopInstanceUid, c.sopInstanceUid, d.sopInstanceUid]);
  await association.release();
  // Without a single context none can come.
  const none = await associateToGet(t, archive, taken, []);
  const refused = await retrieve(none, STUDY_ROOT, keys);
  assert.equal(refused.final.status, 0xa702);
  assert.deepEqual(countsOf(refused.final), [0, 4, 0, undefined]);
  assert.equal(failedUidsOf(refused.final).length, 4);
});

test('a cancelled C-GET ends with FE00 and what it did; the association goes on', async (t) => {
  const archive = await startArchive(t);
  const images = Array.from({ length: 60 }, (_, index) => native(1, index + 1));
  await stored(archive, ...images);
  // Slow, so that a pending response comes before the end.
  const taken = receiver(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { status: 0 };
  });
  const association = await associateToGet(t, archive, taken, [taking([EXPLICIT_LE])]);
  const keys = { QueryRetrieveLevel: 'STUDY', StudyInstanceUID: STUDY } as const;
  for await (const reply of asked(association, STUDY_ROOT, keys)) {
    assert.equal(reply.status, 0xff00);
    const [completed = 0, failed, warning, remaining] = countsOf(reply);
    assert.deepEqual([failed, warning, remaining], [0, 0, 60 - completed]);
    assert.equal(completed, taken.received.length);
    break;
  }
  assert.ok(taken.received.length < 60, `${taken.received.length} came although it was cancelled`);
  taken.received.length = 0;
  const { final } = await retrieve(association, STUDY_ROOT, keys);
  assert.deepEqual(countsOf(final), [60, 0, 0, undefined]);
});

test('what the caller may not see is not there', async (t) => {
  const archive = await startArchive(t);
  await storeImage(archive, native(1, 1), 'HERE');
  await storeImage(archive, native(1, 2), 'THERE');
  const association = await associateToGet(t, archive, receiver(), [taking([EXPLICIT_LE])]);
  // Open access sees both; as neither is the caller's own, nobody can say which is meant.
  const { final } = await retrieve(association, STUDY_ROOT, { QueryRetrieveLevel: 'STUDY', StudyInstanceUID: STUDY });
  assert.equal(final.status, 0x0110);
  assert.equal(final.command.errorComment, 'Several institutions hold this UID');
});

test('a peer that goes in the midst of a C-GET ends only its own association', async (t) => {
  const archive = await startArchive(t);
  await stored(archive, ...Array.from({ length: 5 }, (_, index) => native(1, index + 1)));
  const keys = { QueryRetrieveLevel: 'STUDY', StudyInstanceUID: STUDY } as const;
  const association: { abort?: () => Promise<void> } = {};
  const taken = receiver(async () => {
    await association.abort?.();
    return { status: 0 };
  });
  const first = await associateToGet(t, archive, taken, [taking([EXPLICIT_LE])]);
  association.abort = first.abort;
  await assert.rejects(retrieve(first, STUDY_ROOT, keys), (thrown) => thrown instanceof Failure);
  assert.equal(taken.received.length, 1);
  const second = await associateToGet(t, archive, receiver(), [taking([EXPLICIT_LE])]);
  assert.deepEqual(countsOf((await retrieve(second, STUDY_ROOT, keys)).final), [5, 0, 0, undefined]);
});
