import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery } from '@acervo/interop/dicomweb/query.ts';
import { createRandom } from '@acervo/kernel/random.ts';
import { viewOf } from '@acervo/testkit/fakes/op.ts';
import { EVERYTHING } from '../../ports/view.ts';
import { firstStatement, wayOf } from './find-page.ts';
import { placeKeys } from './keys.ts';
import { type Given, index, testIndex } from './query.fixture.ts';
import { fewStatement, type Search, type Statement, walkStatement } from './search.repo.ts';

const STUDIES = 1_000;
/** Of each study, with another date, patient and UID: made by the database, since that takes a tenth of the time. */
const COPIES = 19;
const SURNAMES = [
  'NUÑEZ',
  'PEÑA',
  'GÜEREÑA',
  'GARCÍA',
  'LÓPEZ',
  'MARTÍNEZ',
  'HERNÁNDEZ',
  'IBÁÑEZ',
  'CASTAÑEDA',
  'ZÚÑIGA',
];
const GIVEN = ['MARÍA', 'JOSÉ', 'ANA', 'LUIS', 'SOFÍA', 'RAÚL', 'BEGOÑA', 'ÍÑIGO'];

function* studies(): Generator<Given> {
  const random = createRandom('plan');
  const two = (number: number): string => String(number + 1).padStart(2, '0');
  for (let number = 0; number < STUDIES; number++) {
    yield {
      institution: `H${random.below(50)}`,
      facts: {
        StudyInstanceUID: `1.2.${number}`,
        SeriesInstanceUID: `1.2.${number}.1`,
        SOPInstanceUID: `1.2.${number}.1.1`,
        Modality: random.pick(['CT', 'MR', 'CR', 'US', 'DX', 'MG']),
        PatientID: String(number),
        AccessionNumber: `A${number}`,
        PatientName: `${random.pick(SURNAMES)} ${random.pick(SURNAMES)}${number % 997}^${random.pick(GIVEN)}`,
        StudyDate: `20${two(random.below(25))}${two(random.below(12))}${two(random.below(28))}`,
        StudyTime: `${two(random.below(22))}${two(random.below(58))}00`,
        StudyID: String(number),
        PatientSex: random.pick(['F', 'M']),
        PatientBirthDate: `19${two(random.below(98))}${two(random.below(12))}${two(random.below(28))}`,
        ReferringPhysicianName: `${random.pick(SURNAMES)}${number % 499}^${random.pick(GIVEN)}`,
        StudyDescription: `ESTUDIO ${number % 301}`,
        IssuerOfPatientID: `ISSUER ${random.below(300)}`,
      },
    };
  }
}

const SELECTIVE: readonly string[] = [
  'StudyInstanceUID=1.2.7',
  'PatientID=77',
  'PatientID=777*',
  'PatientID=77&IssuerOfPatientID=ISSUER+7',
  'AccessionNumber=A77',
  'AccessionNumber=A77*',
  'StudyID=77',
  'StudyDate=20100105',
  'StudyDate=20100105-20100131',
  'StudyDate=20100101-20101231&ModalitiesInStudy=MG',
  'PatientBirthDate=19800105',
  'IssuerOfPatientID=ISSUER+7',
  'PatientName=NU%C3%91EZ+PE%C3%91A77*',
  'PatientName=*NEZ77^*',
  'PatientName=garcia+lopez12^ana',
  'PatientName=pe%C3%B1a77&fuzzymatching=true',
  'ReferringPhysicianName=ZU%C3%91IGA77*',
  'ReferringPhysicianName=*iga77*',
  'StudyDescription=estudio+77',
  'StudyDescription=*o+77*',
  'SeriesInstanceUID=1.2.7.1',
  'SOPInstanceUID=1.2.7.1.1',
];
/** Found everywhere: walking the newest finds a page at once. */
const COMMON: readonly string[] = ['', 'ModalitiesInStudy=CT', 'PatientName=*NEZ*', 'StudyDescription=EST*'];
/** Without an index: the newest are compared. */
const COMPARED: readonly string[] = [
  'PatientSex=F',
  'StudyTime=07-0730',
  'PatientID=*7',
  'PatientName=*NE*',
  'PatientComments=x',
];

const searchOf = (raw: string, institutions?: readonly string[]): Search => {
  const query = parseQuery(raw, 'study');
  return {
    level: 'study',
    view: institutions === undefined ? EVERYTHING : viewOf(...institutions),
    study: undefined,
    series: undefined,
    keys: placeKeys(query, false),
    fuzzyMatching: query.fuzzyMatching,
    withSopClasses: false,
  };
};

const COPY = `insert into study (study_key, institution, study_uid, source, issuer, patient_id, patient_name,
    birth_date, sex, study_date, study_time, accession, study_id, referring_name, description, marks,
    modalities, series_count, instance_count, bytes, first_stored, last_stored)
  select gen_random_uuid(), institution, study_uid || '.' || n, source, issuer, patient_id || '.' || n,
    replace(patient_name, '^', n || '^'), birth_date + n, sex, study_date + n * 7, study_time,
    accession || '.' || n, study_id || '.' || n, replace(referring_name, '^', n || '^'), description || ' ' || n,
    marks, modalities, series_count, instance_count, bytes, first_stored, last_stored
  from study, generate_series(1, ${COPIES}) as n`;

test('no key of a column makes the index read all studies', async (t) => {
  const { database } = await testIndex(t);
  await index(database, [...studies()]);
  await database.asOwner(async (sql) => {
    await sql.query(COPY);
    await sql.query(`insert into study_attributes select study_key, '{}' from study on conflict do nothing`);
    await sql.query(`insert into study_identifier (study_key, place, issuer, id, type)
      select study_key, 0, issuer, patient_id, '' from study on conflict do nothing`);
    await sql.query('vacuum analyze');
  });
  const planOf = async ({ text, values }: Statement): Promise<string> => {
    const rows = await database.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  };
  const page = { limit: 100, offset: 0, after: undefined };
  for (const institutions of [undefined, ['H7'], ['H7', 'H8']]) {
    for (const raw of [...SELECTIVE, ...COMMON, ...COMPARED]) {
      const search = searchOf(raw, institutions);
      assert.equal(wayOf(search) === 'compare', COMPARED.includes(raw), raw);
      // Fewer studies than are compared: all of them are.
      if (COMPARED.includes(raw)) continue;
      const first = await planOf(firstStatement(search, page));
      assert.doesNotMatch(first, /Seq Scan on study/, `first of ${raw} for ${institutions}`);
      const walk = await planOf(walkStatement(search, page));
      assert.doesNotMatch(walk, /Seq Scan on study/, `walk of ${raw} for ${institutions}`);
      if (COMMON.includes(raw)) continue; // Nobody looks them up: the first statement fills the page.
      const few = await planOf(fewStatement(search, page, 10_000));
      assert.doesNotMatch(few, /Seq Scan on study/, `few of ${raw} for ${institutions}`);
    }
  }
});
