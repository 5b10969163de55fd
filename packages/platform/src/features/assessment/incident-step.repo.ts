import { rfc3339, type Sql } from '../../ports/sql.ts';

export const INCIDENT_STATES = ['open', 'investigating', 'closed'] as const;
export type IncidentState = (typeof INCIDENT_STATES)[number];

/** Where the fault was; `none`: there was no fault. */
export const CAUSES = ['model', 'data', 'use', 'device', 'none'] as const;
export type Cause = (typeof CAUSES)[number];

export type StepRow = {
  id: string;
  incident: string;
  /** 1 is the first. */
  number: number;
  from: IncidentState;
  to: IncidentState;
  at: string;
  person: string;
  personInstitution: string;
  note: string;
  /** Of a closed one. */
  cause: Cause | null;
  correctiveAct: string | null;
};

/** Of two who take a step at once, one has it. @returns ids of those that were put */
export async function putSteps(sql: Sql, rows: readonly StepRow[]): Promise<Set<string>> {
  const put = await sql.query<{ id: string }>(
    `insert into ai_incident_step (id, incident, number, from_state, to_state, at, person, person_institution, note,
       cause, corrective_act)
     select id, incident, number, "from", "to", at, person, "personInstitution", note, cause, "correctiveAct"
     from jsonb_to_recordset($1::jsonb) as given (id uuid, incident uuid, number integer, "from" text, "to" text,
       at timestamptz, person text, "personInstitution" text, note text, cause text, "correctiveAct" text)
     on conflict do nothing returning id::text as id`,
    [JSON.stringify(rows)],
  );
  return new Set(put.map(({ id }) => id));
}

/** Of some incidents, each one's first step first. Index: unique (incident, number). */
export async function stepsOf(sql: Sql, incidents: readonly string[]): Promise<StepRow[]> {
  return sql.query<StepRow>(
    `select id::text as id, incident::text as incident, number, from_state as "from", to_state as "to",
       ${rfc3339('at')} as at, person,
       person_institution as "personInstitution", note, cause, corrective_act as "correctiveAct"
     from ai_incident_step where incident = any($1::uuid[]) order by incident, number`,
    [incidents],
  );
}
