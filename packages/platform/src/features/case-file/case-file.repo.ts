import type { CaseObject } from '@acervo/kernel/journal/case-file.ts';
import type { Location } from '../../holdings/find.repo.ts';
import type { Patient } from '../../holdings/patient.ts';
import type { EventKind } from '../../journal/event.ts';
import { NUMBERED, type NumberedRow } from '../../journal/proven.repo.ts';
import type { Sql } from '../../ports/sql.ts';

/** A study as a case file names it. */
export type CaseStudy = {
  institution: string;
  studyKey: string;
  study: string;
  patient: Patient | null;
  /** RFC 3339. */
  firstStored: string;
};

/** Index: primary key of study. */
export async function findCaseStudy(sql: Sql, studyKey: string): Promise<CaseStudy | undefined> {
  const [row] = await sql.query<Omit<CaseStudy, 'patient'> & { issuer: string; id: string | null }>(
    `select institution, study_key as "studyKey", study_uid as study, issuer, patient_id as id,
       to_char(first_stored at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "firstStored"
     from study where study_key = $1`,
    [studyKey],
  );
  if (row === undefined) return undefined;
  const { issuer, id, ...study } = row;
  const hasPatient = id !== null && id !== '';
  return { ...study, patient: hasPatient ? { institution: study.institution, issuer, id } : null };
}

/** Every version of every instance, by series and UID. Index: primary key of instance. */
export async function objectsOfStudy(
  sql: Sql,
  studyKey: string,
  limit: number,
): Promise<(Omit<CaseObject, 'isDamaged'> & Pick<Location, 'segment' | 'fileAt'>)[]> {
  return sql.query(
    `select r.series_uid as series, i.sop_uid as sop, i.version, c.uid as "sopClass", t.uid as "transferSyntax",
       i.file_bytes as bytes, i.head_bytes as head, encode(i.digest, 'hex') as "dataSetSha256", i.segment,
       i.file_at as "fileAt"
     from instance i join series r on r.study_key = i.study_key and r.series_key = i.series_key
     join uid_code t on t.code = i.transfer_syntax join uid_code c on c.code = i.sop_class
     where i.study_key = $1 order by r.series_uid, i.sop_uid, i.version limit $2`,
    [studyKey, limit],
  );
}

/** Whether an event has a number that the newest checkpoint covers. Indexes: unique ids of both tables. */
export async function isSigned(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql.query(
    'select from journal_seal where id = $1 and seq <= (select max(size) from journal_checkpoint)',
    [id],
  );
  return rows.length > 0;
}

/** Indexes: journal_study, unique id of journal_seal. */
export async function linesOfStudy(
  sql: Sql,
  { institution, study }: Pick<CaseStudy, 'institution' | 'study'>,
  through: number,
  limit: number,
): Promise<NumberedRow[]> {
  return sql.query<NumberedRow>(
    `${NUMBERED} where j.study = $1 and j.study <> '' and j.institution = $2 and s.seq <= $3 order by s.seq limit $4`,
    [study, institution, through, limit],
  );
}

/** The kinds of the index journal_of_patients. */
export const OF_PATIENTS: readonly string[] = [
  'patient.linked',
  'patient.unlinked',
  'patient.collided',
  'accesses.reported',
  'secondary-use.refused',
  'secondary-use.permitted',
  'referral.made',
  'referral.ended',
  'glass.broken',
  'glass.reviewed',
  'sensitivity.marked',
  'sensitivity.cleared',
  'agreement.made',
  'agreement.ended',
] satisfies EventKind[];
/** As text: a parameter would not use the index. */
const IS_OF_PATIENTS = `j.study = '' and j.kind in (${OF_PATIENTS.map((kind) => `'${kind}'`).join(', ')})`;

/** Where events name the patient that they are about. */
const NAMED = `(
  facts -> 'patient' = jsonb_build_object('institution', $1::text, 'issuer', $2::text, 'id', $3::text)
  or exists (
    select from (values (facts), (facts #> '{shared,record}'), (facts #> '{shared,record,subject}')) as named (n)
    where n ->> 'patientId' = $3::text and coalesce(n ->> 'issuer', '') in ('', $2::text)))`;

/** Events about a patient that name no study. Indexes: journal_of_patients, unique id of journal_seal. */
export async function linesOfPatient(
  sql: Sql,
  { institution, issuer, id }: Patient,
  through: number,
  limit: number,
): Promise<NumberedRow[]> {
  return sql.query<NumberedRow>(
    `${NUMBERED} cross join lateral (select j.event::jsonb -> 'facts' as facts) as told
     where ${IS_OF_PATIENTS} and j.institution = $1 and ${NAMED} and s.seq <= $4 order by s.seq limit $5`,
    [institution, issuer, id, through, limit],
  );
}

/**
 * What an institution agreed with others, and exports that name no study. Indexes: journal_of_patients,
 * journal_without_study.
 */
export async function linesOfInstitution(
  sql: Sql,
  institution: string,
  through: number,
  limit: number,
): Promise<NumberedRow[]> {
  const agreements = `${IS_OF_PATIENTS} and j.kind in ('agreement.made', 'agreement.ended') and j.institution = $1`;
  const exports = `j.study = '' and j.kind in ('export.finished') and j.institution in ('', $1)`;
  return sql.query<NumberedRow>(
    `select * from (${NUMBERED} where ${agreements} union all ${NUMBERED} where ${exports}) as told
     where seq <= $2 order by seq limit $3`,
    [institution, through, limit],
  );
}
