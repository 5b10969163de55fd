import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsShared } from '@acervo/testkit/shared.ts';
import { scratch, startArchive } from '../harness/archive-process.ts';
import { type CorpusFile, corpusFile, objectOf } from '../harness/corpus.ts';
import { packContents } from '../harness/packs.ts';
import { sha256, storedFile } from '../harness/retrieved.ts';
import { associate } from '../harness/sender.ts';
import { stow } from '../harness/stow.ts';

const FIRST = corpusFileOf('collision_a.dcm');
const OTHER_PIXELS = corpusFileOf('collision_b_same_sop_other_pixels.dcm');
const OTHER_PATIENT = corpusFileOf('collision_c_same_study_other_patient.dcm');
const OTHER_PERSON = corpusFileOf('collision_d_same_patientid_other_person.dcm');

function corpusFileOf(name: string): () => CorpusFile {
  return () => corpusFile(`derived/identity/${name}`);
}

type Json = Record<string, { Value?: unknown[] }>;

async function search(http: string, path: string): Promise<Json[]> {
  const answer = await fetch(`${http}/dicom-web${path}`);
  return answer.status === 204 ? [] : ((await answer.json()) as Json[]);
}

const digestsIn = async (dataDir: string): Promise<string[]> =>
  (await packContents(dataDir)).members.map(({ sha256: digest }) => digest).sort();

test('other content under the UIDs of an instance is kept beside it and told, by both doors', async (t) => {
  if (!needsShared(t)) return;
  const dataDir = join(scratch(t, 'identity'), 'data');
  const archive = await startArchive(t, dataDir);
  const [first, other] = [objectOf(FIRST()), objectOf(OTHER_PIXELS())];
  assert.equal(first.sopInstanceUid, other.sopInstanceUid);

  assert.equal((await stow({ http: archive.http, institution: 'WEB' }, [FIRST().bytes])).status, 200);
  const { status, stored } = await stow({ http: archive.http, institution: 'WEB' }, [OTHER_PIXELS().bytes]);
  assert.deepEqual([status, stored[0]?.warningReason], [202, 0xb000]);
  const association = await associate(archive, [first]);
  assert.equal((await association.store(first)).status, 0x0000);
  assert.equal((await association.store(other)).status, 0xb000);
  assert.equal((await association.store(first)).status, 0x0000, 'sent again');
  assert.equal((await association.store(other)).status, 0x0000, 'sent again');
  await association.release();

  const served = await storedFile(archive.http, first, 'WEB');
  assert.ok(served);
  assert.equal(await archive.stop(), 0);
  const both = [sha256(first.dataSet), sha256(other.dataSet)];
  assert.deepEqual(await digestsIn(dataDir), [...both, ...both].sort());
});

test('one study with two patients, one Patient ID of two persons: nothing is lost, nobody is joined', async (t) => {
  if (!needsShared(t)) return;
  const dataDir = join(scratch(t, 'identity'), 'data');
  const archive = await startArchive(t, dataDir);
  const files = [FIRST(), OTHER_PATIENT(), OTHER_PERSON()];
  const objects = files.map(objectOf);
  assert.equal(objects[0]?.studyUid, objects[1]?.studyUid);
  const answer = await stow(
    { http: archive.http },
    files.map(({ bytes }) => bytes),
  );
  assert.equal(answer.stored.length, files.length);
  // The same number at another hospital is another patient.
  assert.equal((await stow({ http: archive.http, institution: 'ELSEWHERE' }, [FIRST().bytes])).status, 200);

  const instances = await search(archive.http, `/i/LOCAL/studies/${objects[0]?.studyUid}/instances`);
  assert.equal(instances.length, 2);
  const sameId = await search(archive.http, '/studies?PatientID=COL-1&includefield=IssuerOfPatientID');
  const people = sameId.map((study) => [study['00100010']?.Value?.[0], study['00100021']?.Value?.[0]]);
  assert.deepEqual(people.map((person) => JSON.stringify(person)).sort(), [
    JSON.stringify([{ Alphabetic: 'López^Ana' }, 'ELSEWHERE']),
    JSON.stringify([{ Alphabetic: 'López^Ana' }, 'LOCAL']),
    JSON.stringify([{ Alphabetic: 'Ramírez^Juan' }, 'LOCAL']),
  ]);
  assert.equal(await archive.stop(), 0);
  assert.deepEqual(
    await digestsIn(dataDir),
    [...objects, objectOf(FIRST())].map(({ dataSet }) => sha256(dataSet)).sort(),
  );
});
