import type { Sql } from '../ports/sql.ts';
import type { StudyFacts } from '../ports/view.ts';

/** Labels of a study `s`: its own, and those of its patient by any identifier that it tells. */
export const LABELS_OF_STUDY = `(
  select m.label from sensitivity m
  where m.study_uid <> '' and m.study_uid = s.study_uid and m.institution = s.institution
  union select m.label from study_identifier i join sensitivity m
    on m.patient_id = i.id and m.issuer in ('', i.issuer) and m.study_uid = '' and m.institution = s.institution
  where i.study_key = s.study_key)`;

/**
 * What decides who may see some studies, of these institutions.
 * Indexes: study_uid, sensitivity_study, primary keys of study_identifier and sensitivity.
 */
export async function studyFacts(
  sql: Sql,
  studyUids: readonly string[],
  institutions: readonly string[],
): Promise<StudyFacts[]> {
  return sql.query<StudyFacts>(
    `select s.institution, s.study_uid as "studyUid", s.issuer, s.patient_id as "patientId", s.modalities,
       s.study_date::text as "studyDate",
       array(select label from ${LABELS_OF_STUDY} as marked (label) order by label) as labels
     from study s where s.study_uid = any($1::text[]) and s.institution = any($2::text[])
     order by s.institution, s.study_uid`,
    [studyUids, institutions],
    { name: 'study-facts' },
  );
}
