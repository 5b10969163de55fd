import { Bound } from '../../holdings/bound.ts';
import { columnsOf, type Patient } from '../../holdings/patient.ts';
import { CURP } from '../../holdings/patient-identifiers.ts';
import { viewCondition } from '../../holdings/view.repo.ts';
import type { Sql } from '../../ports/sql.ts';
import type { View } from '../../ports/view.ts';
import type { Told } from './agree.ts';

/** Studies that are looked at for one identifier: of a phantom's there may be any number. */
const STUDIES_LOOKED_MAX = 5_000;
/** Studies of one patient that are compared, the newest. */
export const STUDIES_OF_PATIENT_MAX = 200;

/**
 * The patients of studies that tell this identifier, and may be seen. Index: study_identifier_id.
 * @param issuer  undefined: anybody's
 */
export async function patientsWith(
  sql: Sql,
  of: { id: string; issuer: string | undefined },
  view: View,
  limit: number,
): Promise<Patient[]> {
  const bound = new Bound([of.id, of.issuer ?? null, limit]);
  const seen = viewCondition(bound, view) ?? 'true';
  return sql.query<Patient>(
    `select distinct s.institution, s.issuer, s.patient_id as id
     from (select study_key from study_identifier where id = $1 and ($2::text is null or issuer = $2)
       limit ${STUDIES_LOOKED_MAX}) as p
     cross join lateral (select * from study s where s.study_key = p.study_key offset 0) as s
     where s.patient_id is not null and ${seen}
     order by 1, 2, 3 limit $3`,
    bound.values,
  );
}

/** Take some of the studies that are to be looked at; they are looked at when the transaction commits. */
export async function takeWork(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql.query<{ studyKey: string }>(
    `delete from patient_work where study_key in (
       select study_key from patient_work limit $1 for update skip locked) returning study_key::text as "studyKey"`,
    [limit],
  );
  return rows.map(({ studyKey }) => studyKey).sort();
}

export type OfStudies = { patients: Patient[]; curps: string[] };

/** Whose these studies are, and what CURPs they tell. Indexes: primary keys. */
export async function tellersOf(sql: Sql, studyKeys: readonly string[]): Promise<OfStudies> {
  const patients = await sql.query<Patient>(
    `select distinct institution, issuer, patient_id as id from study
     where study_key = any($1::uuid[]) and patient_id is not null order by 1, 2, 3`,
    [studyKeys],
  );
  const curps = await sql.query<{ id: string }>(
    `select distinct id from study_identifier
     where study_key = any($1::uuid[]) and issuer = $2 and type = $3 order by 1`,
    [studyKeys, CURP.issuer, CURP.type],
  );
  return { patients, curps: curps.map(({ id }) => id) };
}

export type StudyOfPatient = Patient &
  Told & {
    /** DICOM JSON of Patient's Name, as sent. */
    nameSent: { Alphabetic?: string; Ideographic?: string; Phonetic?: string } | null;
    identifiers: { issuer: string; id: string; type: string }[];
  };

/** What the newest studies of each of these patients tell, of those that may be seen. Index: study_patient. */
export async function studiesOf(sql: Sql, patients: readonly Patient[], view: View): Promise<StudyOfPatient[]> {
  const bound = new Bound(columnsOf(patients));
  const seen = viewCondition(bound, view) ?? 'true';
  return sql.query<StudyOfPatient>(
    `select p.institution, p.issuer, p.id, s.patient_name as name, s.birth_date::text as "birthDate", s.sex,
       (select a.attributes -> '00100010' -> 'Value' -> 0 from study_attributes a where a.study_key = s.study_key)
         as "nameSent",
       (select coalesce(jsonb_agg(jsonb_build_object('issuer', i.issuer, 'id', i.id, 'type', i.type) order by i.place),
         '[]') from study_identifier i where i.study_key = s.study_key) as identifiers
     from unnest($1::text[], $2::text[], $3::text[]) as p (institution, issuer, id)
     cross join lateral (select * from study s
       where s.patient_id = p.id and s.issuer = p.issuer and s.institution = p.institution and ${seen}
       order by s.newest desc, s.study_key desc limit ${STUDIES_OF_PATIENT_MAX}) as s
     order by p.institution, p.issuer, p.id, s.newest desc, s.study_key desc`,
    bound.values,
  );
}

/** Those of these patients of whom a study may be seen. Index: study_patient. */
export async function seenPatients(sql: Sql, patients: readonly Patient[], view: View): Promise<Patient[]> {
  const bound = new Bound(columnsOf(patients));
  const seen = viewCondition(bound, view) ?? 'true';
  return sql.query<Patient>(
    `select distinct p.institution, p.issuer, p.id
     from unnest($1::text[], $2::text[], $3::text[]) as p (institution, issuer, id)
     where exists (select from study s where s.patient_id = p.id and s.issuer = p.issuer
       and s.institution = p.institution and ${seen})`,
    bound.values,
  );
}
