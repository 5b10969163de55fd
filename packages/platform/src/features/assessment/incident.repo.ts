import { rfc3339, type Sql } from '../../ports/sql.ts';
import type { IncidentState } from './incident-step.repo.ts';

/** Harm of the patient. */
export const SEVERITIES = ['none', 'minor', 'serious'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** As it was reported. */
export type IncidentRow = {
  id: string;
  task: string;
  package: string;
  model: string;
  version: string;
  institution: string;
  studyUid: string;
  severity: Severity;
  text: string;
  at: string;
  reporterKind: string;
  reporter: string;
  reporterInstitution: string;
};
/** And where it stands. */
export type HeldIncident = IncidentRow & { state: IncidentState };

const INCIDENT = `id::text as id, task::text as task, package, model, version, institution,
  study_uid as "studyUid", severity, text,
  ${rfc3339('reported_at')} as at, reporter_kind as "reporterKind",
  reporter, reporter_institution as "reporterInstitution"`;

export async function putIncidents(sql: Sql, rows: readonly IncidentRow[]): Promise<void> {
  await sql.query(
    `insert into ai_incident (id, task, package, model, version, institution, study_uid, severity, text, reported_at,
       reporter_kind, reporter, reporter_institution)
     select id, task, package, model, version, institution, "studyUid", severity, text, at, "reporterKind", reporter,
       "reporterInstitution"
     from jsonb_to_recordset($1::jsonb) as given (id uuid, task uuid, package text, model text, version text,
       institution text, "studyUid" text, severity text, text text, at timestamptz, "reporterKind" text, reporter text,
       "reporterInstitution" text)
     on conflict (id) do nothing`,
    [JSON.stringify(rows)],
  );
}

/** Index: primary key. */
export async function incidentBy(sql: Sql, id: string): Promise<IncidentRow | undefined> {
  const [row] = await sql.query<IncidentRow>(`select ${INCIDENT} from ai_incident where id = $1`, [id]);
  return row;
}

/** Of a result, the newest first. Indexes: ai_incident_task, unique (incident, number) of ai_incident_step. */
export async function incidentsOfResult(sql: Sql, task: string): Promise<HeldIncident[]> {
  return sql.query<HeldIncident>(
    `select ${INCIDENT},
       coalesce((select to_state from ai_incident_step where incident = ai_incident.id order by number desc limit 1),
         'open') as state
     from ai_incident where task = $1 order by id desc`,
    [task],
  );
}

/** Institutions that have any. Index: ai_incident_institution. */
export async function institutionsWithIncidents(sql: Sql): Promise<string[]> {
  const rows = await sql.query<{ institution: string }>(
    'select distinct institution from ai_incident order by institution',
  );
  return rows.map(({ institution }) => institution);
}

/** The newest first. Index: ai_incident_institution. */
export async function incidentsAt(sql: Sql, institutions: readonly string[], limit: number): Promise<IncidentRow[]> {
  return sql.query<IncidentRow>(
    `select ${INCIDENT} from ai_incident where institution = any($1::text[]) order by id desc limit $2`,
    [institutions, limit],
  );
}
