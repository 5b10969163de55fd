import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Explanation } from './explain.ts';
import { ask, index, testIndex } from './query.fixture.ts';

test('a search says how it would be answered, and is none', async (t) => {
  const { database, ports } = await testIndex(t);
  const facts = {
    StudyInstanceUID: '1.2.1',
    SeriesInstanceUID: '1.2.1.1',
    SOPInstanceUID: '1.2.1.1.1',
    PatientID: '7',
  };
  await index(database, [{ institution: 'HGM', facts }]);
  const explained = async (target: string): Promise<Explanation> => {
    const answer: { status: number; json: unknown } = await ask(ports, `/api/explain${target}`);
    assert.equal(answer.status, 200);
    return answer.json as Explanation;
  };
  const ways = async (query: string): Promise<unknown> => {
    const { way, keys } = await explained(`/studies?${query}`);
    return [way, ...keys.map((key) => key.index)];
  };
  assert.deepEqual(await ways(''), ['order']);
  assert.deepEqual(await ways('StudyDate=20250101-&ModalitiesInStudy=CT'), [
    'letters',
    'study_newest',
    'study_modalities',
  ]);
  assert.deepEqual(await ways('PatientID=7&PatientSex=F'), ['index', 'study_identifier_id', null]);
  assert.deepEqual(await ways('PatientName=garc*'), ['index', 'study_name_order']);
  assert.deepEqual(await ways('PatientName=*arc*'), ['letters', 'study_letters']);
  assert.deepEqual(await ways('PatientName=*ar*'), ['compare', null]);
  assert.deepEqual(await ways('PatientName=luz+garc&fuzzymatching=true'), ['letters', 'study_letters']);
  assert.deepEqual(await ways('PatientSex=F'), ['compare', null]);
  assert.deepEqual(await ways('PatientComments=x'), ['compare', null]);
  assert.deepEqual(await ways('IssuerOfPatientID=HGM'), ['letters', 'study_issuer']);

  const { says, keys, database: foreseen, limits } = await explained('/studies?AccessionNumber=A1');
  assert.match(says, /keys lead/);
  assert.deepEqual(keys, [{ tag: '00080050', keyword: 'AccessionNumber', index: 'study_accession', heldIn: 'column' }]);
  assert.ok(Number.isInteger(foreseen.matchesExpected) && Array.isArray(foreseen.indexes));
  assert.equal(limits.countedMax, 10_000);
  assert.equal((await explained('/studies/1.2.1/instances?Rows=512')).way, 'headers');
  assert.equal((await explained('/series?Modality=CT')).way, 'letters');

  assert.equal((await ask(ports, '/api/explain/studies?Rows=512')).status, 400);
  const rows = await database.query("select 1 from journal where kind = 'query.executed'");
  assert.equal(rows.length, 0);
});
