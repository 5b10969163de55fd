import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsShared } from '@acervo/testkit/shared.ts';
import { type ArchiveProcess, scratch, startArchive } from '../harness/archive-process.ts';
import { type CorpusObject, corpusFiles, objectOf } from '../harness/corpus.ts';
import { partsOf } from '../harness/multipart.ts';
import { plainFrames } from '../harness/pixels.ts';
import { sha256 } from '../harness/retrieved.ts';
import { stow } from '../harness/stow.ts';

/** A whole series of the corpus each: native MR, CT in JPEG-LS. */
const STUDIES = ['studies/mr-head-siemens-t1-35/', 'studies/ct-headphantom-philips-54-jpegls/'];

type Json = Record<string, { vr: string; Value?: unknown[]; BulkDataURI?: string }>;

/** What OHIF 3.12 sends with every search. */
const JSON_ACCEPT = { accept: 'application/dicom+json' };
/** The type stands there without quotation marks, against RFC 2045, and any transfer syntax is welcome. */
const FRAME_ACCEPT = { accept: 'multipart/related; type=application/octet-stream; transfer-syntax=*' };

async function json(url: string): Promise<Json[]> {
  const answer = await fetch(url, { headers: JSON_ACCEPT });
  assert.equal(answer.status, 200, url);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/dicom\+json/);
  return (await answer.json()) as Json[];
}

const valueOf = (of: Json | undefined, tag: string): unknown => of?.[tag]?.Value?.[0];

/** An attribute that OHIF cannot do without: there, though it may be empty. */
function assertHas(of: Json | undefined, tags: readonly string[]): void {
  for (const tag of tags) assert.ok(of !== undefined && tag in of, `${tag} is missing`);
}

async function stored(archive: ArchiveProcess): Promise<CorpusObject[][]> {
  const studies: CorpusObject[][] = [];
  for (const folder of STUDIES) {
    const files = [...corpusFiles((path) => path.startsWith(folder))];
    const bytes = files.map((file) => file.bytes);
    assert.equal((await stow({ http: archive.http }, bytes)).status, 200);
    studies.push(files.map(objectOf));
  }
  return studies;
}

type Study = { root: string; objects: readonly CorpusObject[]; studyUid: string; seriesUid: string };

async function listOfStudies({ root, objects, studyUid }: Study): Promise<void> {
  const query = 'limit=101&offset=0&fuzzymatching=true&includefield=00081030,00080060';
  const list = await json(`${root}/studies?${query}`);
  assert.equal(list.length, STUDIES.length);
  const study = list.find((each) => valueOf(each, '0020000D') === studyUid);
  assertHas(study, ['00080020', '00080030', '00080050', '00080061', '00100010', '00100020', '00201206', '00201208']);
  assert.equal(Number(valueOf(study, '00201208')), objects.length);
  const [byUid, ...more] = await json(`${root}/studies?${query}&StudyInstanceUID=${studyUid}`);
  assert.deepEqual([byUid, more.length], [study, 0]);
  const patientId = String(valueOf(study, '00100020') ?? '');
  const priors = await json(`${root}/studies?${query}&00100020=${encodeURIComponent(patientId)}`);
  assert.ok(priors.some((each) => valueOf(each, '0020000D') === studyUid));
}

async function seriesOfStudy({ root, objects, studyUid }: Study): Promise<void> {
  const series = await json(`${root}/studies/${studyUid}/series?includefield=00080021,00080031,0008103E,00200011`);
  const expected = [...new Set(objects.map(({ seriesUid }) => seriesUid))];
  assert.deepEqual(series.map((each) => String(valueOf(each, '0020000E'))).sort(), expected.sort());
  for (const each of series) assertHas(each, ['00080060', '0020000E', '00200011', '00201209', '0008103E']);
  const counts = series.map((each) => Number(valueOf(each, '00201209')));
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    objects.length,
  );
}

async function metadataOfSeries({ root, objects, studyUid, seriesUid }: Study): Promise<void> {
  const ofSeries = objects.filter((object) => object.seriesUid === seriesUid);
  const metadata = await json(`${root}/studies/${studyUid}/series/${seriesUid}/metadata`);
  assert.deepEqual(
    metadata.map((each) => String(valueOf(each, '00080018'))).sort(),
    ofSeries.map(({ sopInstanceUid }) => sopInstanceUid).sort(),
  );
  for (const each of metadata) {
    assertHas(each, [
      '00080016',
      '00080018',
      '00200013',
      '00200032',
      '00200037',
      '00280002',
      '00280004',
      '00280010',
      '00280011',
      '00280030',
      '00280100',
      '00280101',
      '00280102',
      '00280103',
    ]);
    assert.match(each['7FE00010']?.BulkDataURI ?? '', /^http/);
    assert.equal(typeof valueOf(each, '00280010'), 'number');
  }
}

async function frames({ root, objects, studyUid }: Study): Promise<void> {
  const from = Math.floor(objects.length / 2);
  const order = [...objects.slice(from), ...objects.slice(0, from)];
  await Promise.all(
    order.map(async (object) => {
      const { sopInstanceUid } = object;
      const url = `${root}/studies/${studyUid}/series/${object.seriesUid}/instances/${sopInstanceUid}/frames/1`;
      const answer = await fetch(url, { headers: FRAME_ACCEPT });
      assert.equal(answer.status, 200, url);
      const [part, ...more] = await partsOf(answer);
      assert.ok(part);
      assert.equal(more.length, 0);
      assert.match(part.contentType, /^application\/octet-stream; *transfer-syntax=/);
      const [frame] = plainFrames(object);
      assert.equal(sha256(part.body), sha256(frame as Uint8Array));
    }),
  );
}

test('what OHIF asks is answered as it needs it', async (t) => {
  if (!needsShared(t)) return;
  const archive = await startArchive(t, join(scratch(t, 'ohif'), 'data'));
  const root = `${archive.http}/dicom-web`;
  for (const objects of await stored(archive)) {
    const [first] = objects;
    assert.ok(first);
    const given: Study = { root, objects, studyUid: first.studyUid, seriesUid: first.seriesUid };

    await t.test('the list of studies', () => listOfStudies(given));

    await t.test('the series of a study', () => seriesOfStudy(given));

    await t.test('the metadata of a series', () => metadataOfSeries(given));

    await t.test('the frames, the middle one first and many at once', () => frames(given));
    t.diagnostic(`${objects.length} instances in ${first.transferSyntaxUid}`);
  }
});
