import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import type { Association } from '../../bindings/dimse-scu.ts';
import { type Image, image, startArchive, storeImage, type TestArchive } from '../retrieve/retrieve.fixture.ts';
import {
  associate,
  associateToGet,
  PATIENT_ROOT,
  qr,
  receiver,
  retrieve,
  STUDY_ROOT,
  startArchiveWith,
  startDestination,
  taking,
} from './transfer.fixture.ts';

const [FIRST, SECOND] = ['2.25.7301', '2.25.7302'] as const;

const native = (study: string, series: number, number: number): Image =>
  image({ study, series, number, transferSyntaxUid: EXPLICIT_LE });

/** Byte 1: relational retrieval; byte 2: enhanced multi-frame conversion (PS3.4 C.5.2, C.5.3). */
const wish = (sopClassUid: string, bytes = [1, 1]) => ({
  extendedNegotiations: [{ sopClassUid, serviceClassApplicationInformation: Uint8Array.from(bytes) }],
});

/** Two studies: of the first a series of two and one of one, of the second a series of one. */
async function filled(archive: TestArchive): Promise<[Image, Image, Image, Image]> {
  const images = [native(FIRST, 1, 1), native(FIRST, 1, 2), native(FIRST, 2, 1), native(SECOND, 1, 1)] as const;
  for (const each of images) await storeImage(archive, each);
  return [...images];
}

const agreedOf = ({ extendedNegotiations }: Association) =>
  extendedNegotiations.map((each) => [...each.serviceClassApplicationInformation]);

const uids = (images: readonly Image[]): string[] => images.map(({ sopInstanceUid }) => sopInstanceUid);

/** A getter for C-GET that names what came. */
async function getter(t: TestContext, archive: TestArchive, model: typeof STUDY_ROOT | typeof PATIENT_ROOT) {
  const taken = receiver();
  const association = await associateToGet(t, archive, taken, [taking([EXPLICIT_LE])], wish(model.get));
  assert.deepEqual(agreedOf(association), [[1, 0]]);
  return async (keys: Parameters<typeof retrieve>[2]): Promise<{ status: number; came: string[] }> => {
    taken.received.length = 0;
    const { final } = await retrieve(association, model, keys);
    return { status: final.status, came: taken.received.map(({ sopInstanceUid }) => sopInstanceUid) };
  };
}

test('relational C-GET: a level without the UIDs above it; those that stand there narrow it', async (t) => {
  const archive = await startArchive(t);
  const [a, b, c, d] = await filled(archive);
  for (const model of [STUDY_ROOT, PATIENT_ROOT]) {
    const get = await getter(t, archive, model);
    const series = `${c.seriesUid}\\${d.seriesUid}`;
    assert.deepEqual(await get({ QueryRetrieveLevel: 'SERIES', SeriesInstanceUID: series }), {
      status: 0,
      came: uids([c, d]),
    });
    const sops = uids([d, b, a]).join('\\');
    const images = await get({ QueryRetrieveLevel: 'IMAGE', SOPInstanceUID: sops });
    assert.deepEqual([images.status, images.came.toSorted()], [0, uids([a, b, d]).toSorted()]);
    const ofStudy = { QueryRetrieveLevel: 'IMAGE', StudyInstanceUID: FIRST, SOPInstanceUID: sops } as const;
    assert.deepEqual(await get(ofStudy), { status: 0, came: uids([a, b]) });
    const ofSeries = { QueryRetrieveLevel: 'IMAGE', SeriesInstanceUID: d.seriesUid, SOPInstanceUID: sops } as const;
    assert.deepEqual(await get({ ...ofSeries, StudyInstanceUID: '' }), { status: 0, came: uids([d]) });
    assert.deepEqual(await get({ QueryRetrieveLevel: 'IMAGE', SOPInstanceUID: '2.25.404' }), { status: 0, came: [] });
    // Still no wildcard, no list above the level, and the unique key of the level itself.
    const lists = { QueryRetrieveLevel: 'SERIES', StudyInstanceUID: `${FIRST}\\${SECOND}` } as const;
    assert.equal((await get({ ...lists, SeriesInstanceUID: a.seriesUid })).status, 0xa900);
    assert.equal((await get({ QueryRetrieveLevel: 'SERIES', SeriesInstanceUID: '2.25.*' })).status, 0xa900);
    assert.equal((await get({ QueryRetrieveLevel: 'SERIES', StudyInstanceUID: FIRST })).status, 0xa900);
  }
  // Each study that something came of is in the journal.
  const rows = await archive.server.archive.database.query<{ study: string }>(
    `select distinct study from journal where kind = 'study.retrieved' order by study`,
  );
  assert.deepEqual(
    rows.map(({ study }) => study),
    [FIRST, SECOND],
  );
});

test('relational C-MOVE: likewise, and what was not agreed on is refused', async (t) => {
  const taken = receiver();
  const { port } = await startDestination(t, taken);
  const archive = await startArchiveWith(t, [{ aeTitle: 'DEST', port }]);
  const [, , c, d] = await filled(archive);
  const keys = { QueryRetrieveLevel: 'IMAGE', SOPInstanceUID: uids([d, c]).join('\\') } as const;
  const relational = await associate(t, archive, [qr(STUDY_ROOT.move)], wish(STUDY_ROOT.move, [1]));
  assert.deepEqual(agreedOf(relational), [[1]]);
  const { final } = await retrieve(relational, STUDY_ROOT, keys, 'DEST');
  assert.deepEqual([final.status, final.command.numberOfCompletedSubOperations], [0, 2]);
  assert.deepEqual(taken.received.map(({ sopInstanceUid }) => sopInstanceUid).toSorted(), uids([c, d]).toSorted());
  for (const options of [{}, wish(STUDY_ROOT.move, [0, 1])]) {
    const association = await associate(t, archive, [qr(STUDY_ROOT.move)], options);
    const refused = await retrieve(association, STUDY_ROOT, keys, 'DEST');
    assert.equal(refused.final.status, 0xa900);
  }
  assert.equal(taken.received.length, 2);
});

const ofImage = ({ sopInstanceUid }: Image) => ({ QueryRetrieveLevel: 'IMAGE', SOPInstanceUID: sopInstanceUid });
const ofSeries = ({ seriesUid }: Image) => ({ QueryRetrieveLevel: 'SERIES', SeriesInstanceUID: seriesUid });

test('what several institutions have is the own one, else ambiguous', async (t) => {
  const archive = await startArchive(t);
  const [own, others] = [native(FIRST, 1, 1), native(SECOND, 1, 1)];
  for (const institution of ['LOCAL', 'OTHER']) await storeImage(archive, own, institution);
  for (const institution of ['THIRD', 'OTHER']) await storeImage(archive, others, institution);
  const get = await getter(t, archive, STUDY_ROOT);
  for (const keys of [ofImage(own), ofSeries(own)]) {
    assert.deepEqual(await get(keys), { status: 0, came: uids([own]) });
  }
  for (const keys of [ofImage(others), ofSeries(others)]) {
    assert.deepEqual(await get(keys), { status: 0x0110, came: [] });
  }
});

test('what the caller may not see is not there', async (t) => {
  const archive = await startArchiveWith(t, [{ aeTitle: 'SCU' }], { ACERVO_ACCESS: 'enforced' });
  const hidden = native(FIRST, 1, 1);
  await storeImage(archive, hidden, 'OTHER');
  const get = await getter(t, archive, STUDY_ROOT);
  for (const keys of [ofImage(hidden), ofSeries(hidden)]) {
    assert.deepEqual(await get(keys), { status: 0, came: [] });
  }
});
