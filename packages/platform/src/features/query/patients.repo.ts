import { Bound } from '../../holdings/bound.ts';
import { viewCondition } from '../../holdings/view.repo.ts';
import type { Sql } from '../../ports/sql.ts';
import type { View } from '../../ports/view.ts';

/** Everything of one patient that the caller may see: Number of Patient Related ... (PS3.4 C.3.4). */
export type PatientCounts = { studies: number; series: number; instances: number };

/**
 * Of the patient of each study: one institution, issuer and Patient ID (decision record 0025). Studies without Patient
 * ID are nobody's, and left out. Index: study_patient.
 */
export async function patientCounts(
  sql: Sql,
  view: View,
  studyKeys: readonly string[],
): Promise<ReadonlyMap<string, PatientCounts>> {
  const bound = new Bound([studyKeys]);
  const seen = viewCondition(bound, view) ?? 'true';
  type Row = PatientCounts & { studyKey: string };
  const rows = await sql.query<Row>(
    `select f.study_key as "studyKey", count(*)::integer as studies, sum(s.series_count)::integer as series,
      sum(s.instance_count)::integer as instances
    from study f join study s
      on s.patient_id = f.patient_id and s.issuer = f.issuer and s.institution = f.institution
    where f.study_key = any($1::uuid[]) and ${seen}
    group by f.study_key`,
    bound.values,
  );
  return new Map(rows.map(({ studyKey, ...counts }) => [studyKey, counts]));
}
