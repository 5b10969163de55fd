import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRandom } from '@acervo/kernel/random.ts';
import { seeing } from '@acervo/testkit/fakes/op.ts';
import type { Database } from '../../adapters/postgres/database.ts';
import { MIGRATIONS_FOLDER } from '../../adapters/postgres/migrate.ts';
import { ask, column, type Facts, type Given, index, testIndex } from './query.fixture.ts';

const CURP = 'SABC560626MDFLRN01';
const OTHER_CURP = 'MOTR930411HJCRMN03';
const NO_CURP = 'MOTR930411HJCRMN06';

const given = (number: number, institution: string, facts: Facts): Given => ({
  institution,
  facts: {
    StudyInstanceUID: `1.2.${number}`,
    SeriesInstanceUID: `1.2.${number}.1`,
    SOPInstanceUID: `1.2.${number}.1.1`,
    StudyDate: `202601${String(31 - number).padStart(2, '0')}`,
    ...facts,
  },
});

const STUDIES: readonly Given[] = [
  given(1, 'HGM', { PatientID: '7', OtherPatientIDsSequence: [{ PatientID: CURP, IssuerOfPatientID: 'SSA' }] }),
  given(2, 'IMSS', { PatientID: '7' }),
  given(3, 'IMSS', { PatientID: CURP.toLowerCase(), IssuerOfPatientID: 'HGM' }),
  given(4, 'IMSS', { PatientID: '8', OtherPatientIDs: ['7', NO_CURP] }),
  given(5, 'IMSS', {
    PatientID: '9',
    IssuerOfPatientIDQualifiersSequence: [{ UniversalEntityID: '2.16.1' }],
    OtherPatientIDsSequence: [{ PatientID: '7', IssuerOfPatientID: 'ISSSTE' }],
  }),
  given(6, 'HGM', { OtherPatientIDsSequence: [{ PatientID: OTHER_CURP, IssuerOfPatientID: 'RENAPO' }] }),
];

test('a patient is found by any identifier, and by whose it is', async (t) => {
  const { database, ports } = await testIndex(t);
  await index(database, STUDIES);
  const found = async (query: string, sees?: readonly string[]): Promise<string> => {
    const answer = await ask(ports, `/studies?${query}`, {}, sees === undefined ? {} : seeing(...sees));
    assert.equal(answer.status, 200, query);
    return column(answer, 'StudyInstanceUID')
      .map((uid) => String(uid).slice(4))
      .join(' ');
  };
  const cases: [query: string, studies: string][] = [
    ['PatientID=7', '1 2 4 5'],
    ['PatientID=7&IssuerOfPatientID=HGM', '1'],
    ['PatientID=7&IssuerOfPatientID=IMSS', '2'],
    ['PatientID=7&IssuerOfPatientID=ISSSTE', '5'],
    ['PatientID=9&IssuerOfPatientID=ISSSTE', ''],
    ['PatientID=9&IssuerOfPatientID=2.16.1', '5'],
    ['PatientID=7&IssuerOfPatientID=I*', '2 5'],
    [`PatientID=${CURP}`, '1 3'],
    [`PatientID=${CURP}&IssuerOfPatientID=RENAPO`, '1 3'],
    [`PatientID=${CURP}&IssuerOfPatientID=SSA`, '1'],
    [`PatientID=${CURP.toLowerCase()}`, '3'],
    [`PatientID=${NO_CURP}`, '4'],
    [`PatientID=${NO_CURP}&IssuerOfPatientID=RENAPO`, ''],
    [`PatientID=${OTHER_CURP}`, '6'],
    ['PatientID=SABC*', '1 3'],
    ['PatientID=*626*', '1 3'],
    ['PatientID=9%5C8', '4 5'],
    ['PatientID=9%5CSABC*', '1 3 5'],
    ['PatientID=7%5C9&multiplevaluematching=true', ''],
    ['IssuerOfPatientID=HGM', '1 3 6'],
    ['PatientID=""&emptyvaluematching=true', '6'],
    ['PatientID=7&StudyDate=20260129-', '1 2'],
    ['PatientID=*7&StudyDate=20260129-', '1 2'],
  ];
  for (const [query, studies] of cases) assert.equal(await found(query), studies, query);
  assert.equal(await found(`PatientID=${CURP}`, ['IMSS']), '3', 'who sees one institution learns of no other');
  assert.equal(await found('PatientID=7', ['HGM']), '1');
  const series = await ask(ports, `/series?PatientID=${CURP}`);
  assert.deepEqual(column(series, 'SeriesInstanceUID'), ['1.2.1.1', '1.2.3.1']);
  const { json } = await ask(ports, `/api/explain/studies?PatientID=${CURP}`);
  assert.match(JSON.stringify(json), /"index":"study_identifier_id"/);
});

const dump = (database: Database) =>
  database.query(
    `select s.study_uid, s.issuer, s.marks, (select jsonb_agg(p order by place) from study_identifier p
       where p.study_key = s.study_key) as identifiers from study s order by study_uid`,
  );

/** The migration of patients, over an index that had none. */
async function migrateAgain(database: Database): Promise<void> {
  const name = readdirSync(MIGRATIONS_FOLDER).find((file) => file.endsWith('-qualify-patients.sql')) ?? '';
  const text = readFileSync(join(MIGRATIONS_FOLDER, name), 'utf8');
  await database.asOwner(async (sql) => {
    await sql.query('drop table study_identifier');
    await sql.query(`update study s set marks = 0, issuer = coalesce(
      (select nullif(attributes -> '00100021' -> 'Value' ->> 0, '') from study_attributes a
        where a.study_key = s.study_key), institution)`);
    await sql.query(text);
  });
}

/** Identifiers as hospitals might send them: the same few in all places. */
function* anyStudies(): Generator<Given> {
  const random = createRandom('identifiers');
  const texts = [CURP, CURP.toLowerCase(), ` ${OTHER_CURP}`, NO_CURP, 'GALA000229MDFRPN01', 'GALA001329MDFRPNA1'];
  const id = (): string => random.pick([...texts, '7', '8', 'RENAPO', 'Ñ'.repeat(260), 'motr930411hjcrmñ03']);
  const issuer = (): Facts => (random.chance(0.5) ? { IssuerOfPatientID: random.pick(['RENAPO', 'HGM', 'X']) } : {});
  const qualifiers = (): Facts =>
    random.chance(0.3)
      ? {
          IssuerOfPatientIDQualifiersSequence: [
            { UniversalEntityID: '1.2', IdentifierTypeCode: random.pick(['MR', 'SS']) },
          ],
        }
      : {};
  const some = <Value>(make: () => Value): Value[] => Array.from({ length: random.below(4) }, make);
  for (let number = 0; number < 300; number++) {
    const item = (): Facts => ({ ...(random.chance(0.9) && { PatientID: id() }), ...issuer(), ...qualifiers() });
    yield given(number, random.pick(['HGM', 'RENAPO']), {
      StudyDate: '20260101',
      ...item(),
      OtherPatientIDsSequence: some(item),
      OtherPatientIDs: some(() => random.pick([id(), ''])),
    });
  }
}

test('the migration makes of an older index what ingest makes', async (t) => {
  const { database } = await testIndex(t);
  await index(database, [...STUDIES, ...[...anyStudies()].slice(7)]);
  const before = await dump(database);
  assert.ok(before.some((row) => JSON.stringify(row).includes('"CURP"')));
  await migrateAgain(database);
  assert.deepEqual(await dump(database), before);
});

test('a study has the identifiers of its earliest teller, whoever comes first', async (t) => {
  const { database } = await testIndex(t);
  const [first, later] = [given(1, 'HGM', { PatientID: '7' }), given(1, 'HGM', { OtherPatientIDs: ['8', '9', CURP] })];
  const second = { ...later, facts: { ...later.facts, SOPInstanceUID: '1.2.1.1.2' } };
  const ids = async (): Promise<unknown[]> => {
    const rows = await database.query<{ id: string }>('select id from study_identifier order by place');
    return rows.map(({ id }) => id);
  };
  // Its place in what is given is when it came.
  await index(database, [given(2, 'HGM', {}), second]);
  assert.deepEqual(await ids(), [CURP, '8', '9', CURP]);
  await index(database, [first]);
  assert.deepEqual(await ids(), ['7']);
  await index(database, [given(2, 'HGM', {}), second]);
  assert.deepEqual(await ids(), ['7']);
});
