import type { DecisionWord } from '../../ports/assessment.ts';
import type { InferenceTask } from '../../ports/inference-tasks.ts';
import { rfc3339, type Sql } from '../../ports/sql.ts';

/** A task that came to a result which may be seen. */
export type ResultRow = InferenceTask & {
  rules: string[];
  askedBy: string;
  deadline: string;
  endedAt: string;
  attempts: number;
  /** SOP Instance UIDs. */
  results: string[];
};

const RESULT = `select id::text as id, package, model, version, stage, institution, study_key::text as "studyKey",
  study_uid as "studyUid", series, revision, rules, asked_by as "askedBy", ${rfc3339('created_at')} as "createdAt",
  ${rfc3339('deadline')} as deadline, ${rfc3339('ended_at')} as "endedAt", attempts, results
  from ai_task where state = 'done' and stage <> 'silencioso'`;

/** Silent ones are not there, for nobody. Index: primary key of ai_task. */
export async function resultBy(sql: Sql, task: string): Promise<ResultRow | undefined> {
  const [row] = await sql.query<ResultRow>(`${RESULT} and id = $1`, [task]);
  return row;
}

/** The one that made an object of some studies. Index: unique (study_key, package, revision) of ai_task. */
export async function resultOfObject(sql: Sql, studyKeys: readonly string[], sop: string): Promise<ResultRow[]> {
  return sql.query<ResultRow>(`${RESULT} and study_key = any($1::uuid[]) and $2 = any(results) order by id`, [
    studyKeys,
    sop,
  ]);
}

/** What was told of packages; none of what was removed. Index: primary key of model_package. */
export async function manifestsOf(
  sql: Sql,
  digests: readonly string[],
): Promise<{ digest: string; manifest: string; manifestDigest: string }[]> {
  return sql.query(
    `select digest, manifest, manifest_digest as "manifestDigest" from model_package where digest = any($1::text[])`,
    [digests],
  );
}

export type ShownRow = { task: string; person: string; at: string; event: string };

/** When persons were first shown results. Index: primary key. */
export async function shownOf(sql: Sql, tasks: readonly string[], person?: string): Promise<ShownRow[]> {
  return sql.query<ShownRow>(
    `select task::text as task, person, ${rfc3339('at')} as at, event::text as event from ai_shown
     where task = any($1::uuid[]) and ($2::text is null or person = $2) order by at, person`,
    [tasks, person ?? null],
  );
}

/** Who was shown it before stays so. @returns ids of the events that were first */
export async function putShown(sql: Sql, rows: readonly ShownRow[]): Promise<Set<string>> {
  const put = await sql.query<{ event: string }>(
    `insert into ai_shown (task, person, at, event)
     select task, person, at, event
     from jsonb_to_recordset($1::jsonb) as given (task uuid, person text, at timestamptz, event uuid)
     order by task, person on conflict (task, person) do nothing returning event::text as event`,
    [JSON.stringify(rows)],
  );
  return new Set(put.map(({ event }) => event));
}

export type DecisionRow = {
  id: string;
  task: string;
  package: string;
  institution: string;
  at: string;
  person: string;
  personInstitution: string;
  decision: DecisionWord;
  reason: string | null;
  shownAt: string | null;
  claimedShownAt: string | null;
  secondsToDecide: number | null;
};

/** All of some results, the newest first. Index: ai_decision_task. */
export async function decisionsOf(sql: Sql, tasks: readonly string[]): Promise<DecisionRow[]> {
  return sql.query<DecisionRow>(
    `select id::text as id, task::text as task, package, institution, ${rfc3339('decided_at')} as at, person,
       person_institution as "personInstitution", decision, reason, ${rfc3339('shown_at')} as "shownAt",
       ${rfc3339('claimed_shown_at')} as "claimedShownAt", seconds_to_decide as "secondsToDecide"
     from ai_decision where task = any($1::uuid[]) order by decided_at desc, id desc`,
    [tasks],
  );
}

export async function putDecisions(sql: Sql, rows: readonly DecisionRow[]): Promise<void> {
  await sql.query(
    `insert into ai_decision (id, task, package, institution, decided_at, person, person_institution, decision, reason,
       shown_at, claimed_shown_at, seconds_to_decide)
     select id, task, package, institution, at, person, "personInstitution", decision, reason, "shownAt",
       "claimedShownAt", "secondsToDecide"
     from jsonb_to_recordset($1::jsonb) as given (id uuid, task uuid, package text, institution text, at timestamptz,
       person text, "personInstitution" text, decision text, reason text, "shownAt" timestamptz,
       "claimedShownAt" timestamptz, "secondsToDecide" double precision)
     on conflict (id) do nothing`,
    [JSON.stringify(rows)],
  );
}
