import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { fromDicomJson } from '@acervo/dicom/json/from-json.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE, findTransferSyntax, type TransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import { loadStudies } from './load.ts';
import { jsonOf, seriesFacts, studyFacts } from './rows.ts';
import { studyAt } from './studies.ts';

const STUDIES = 12;
const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';

/** All that does not depend on how many objects came, from where and when. */
const STUDY = `select study_key, institution, study_uid, issuer, patient_id, patient_name, birth_date, sex, study_date,
  study_time, accession, study_id, referring_name, description, newest::text, marks, modalities, series_count,
  instance_count, attributes, (select jsonb_agg(p order by place) from study_identifier p
    where p.study_key = study.study_key) as identifiers
  from study join study_attributes using (study_key) order by study_key`;
const SERIES = `select study_key, series_key, series_uid, modality, series_number, charset_default, attributes
  from series order by study_key, series_key`;

type Archive = Awaited<ReturnType<typeof openTestArchive>>;

/** As many objects of each series as the generator says that there are. */
async function storeStudy(archive: Archive, number: number): Promise<void> {
  const study = studyAt(number, STUDIES);
  for (const series of study.series) {
    for (const instance of [1, 2]) {
      const sopInstanceUid = `${series.seriesUid}.${instance}`;
      const dataSet = fromDicomJson({
        [tagText(T.SpecificCharacterSet)]: { vr: 'CS', Value: ['ISO_IR 192'] },
        [tagText(T.SOPClassUID)]: { vr: 'UI', Value: [SECONDARY_CAPTURE] },
        [tagText(T.SOPInstanceUID)]: { vr: 'UI', Value: [sopInstanceUid] },
        [tagText(T.InstanceNumber)]: { vr: 'IS', Value: [instance] },
        ...jsonOf(studyFacts(study)),
        ...jsonOf(seriesFacts(study, series)),
      });
      async function* body(): AsyncGenerator<Uint8Array> {
        yield writeDataSet(dataSet, findTransferSyntax(EXPLICIT_LE) as TransferSyntax);
      }
      await archive.holdings.store.store(
        testOp({ institution: study.institution, issuer: study.institution, charsetDefault: 'ISO_IR 100' }),
        {
          form: 'dataset',
          sopClassUid: SECONDARY_CAPTURE,
          sopInstanceUid,
          transferSyntaxUid: EXPLICIT_LE,
          sourceAet: 'GENERATOR',
          body: body(),
        },
      );
    }
  }
}

test('generated rows are those that storing the same objects makes', async (t) => {
  const stored = await openTestArchive(t);
  for (let number = 0; number < STUDIES; number++) await storeStudy(stored, number);
  const loaded = await openTestArchive(t);
  await loadStudies(loaded.database, STUDIES, () => {});
  for (const question of [STUDY, SERIES]) {
    assert.deepEqual(await loaded.database.query(question), await stored.database.query(question));
  }
  const indexes = 'select indexdef from pg_indexes where schemaname = current_schema() order by indexdef';
  assert.deepEqual(await loaded.database.query(indexes), await stored.database.query(indexes));
});

test('a study is the same for the same numbers, and days go by', () => {
  assert.deepEqual(studyAt(7, 1_000), studyAt(7, 1_000));
  assert.notDeepEqual(studyAt(7, 1_000), studyAt(8, 1_000));
  assert.equal(studyAt(0, 1_000).date.slice(0, 4), '2016');
  assert.equal(studyAt(999, 1_000).date.slice(0, 6), '202512');
});
