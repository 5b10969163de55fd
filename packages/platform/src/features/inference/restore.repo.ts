import type { Sql } from '../../ports/sql.ts';
import type { EndedTask, NewTask } from './task.repo.ts';

/** Rows that the journal tells of; one that was asked for again is queued again, at the stage that counted then. */
export async function restoreTasks(sql: Sql, tasks: readonly NewTask[]): Promise<void> {
  await sql.query(
    `insert into ai_task (id, package, model, version, stage, institution, study_key, study_uid, series, revision,
       rules, asked_by, priority, state, created_at, due_at, deadline, deliver_to)
     select id, package, model, version, stage, institution, "studyKey", "studyUid", series, revision, rules, "askedBy",
       priority, 'queued', "createdAt", "createdAt", deadline, coalesce("deliverTo", '{}')
     from jsonb_to_recordset($1::jsonb) as given (id uuid, package text, model text, version text, stage text,
       institution text, "studyKey" uuid, "studyUid" text, series text[], revision text, rules text[], "askedBy" text,
       priority smallint, "createdAt" timestamptz, deadline timestamptz,
       "deliverTo" text[])
     on conflict (study_key, package, revision) do update set state = 'queued', stage = excluded.stage,
       rules = excluded.rules, deadline = excluded.deadline, asked_by = excluded.asked_by, priority = excluded.priority,
       deliver_to = excluded.deliver_to, reason = null, ended_at = null`,
    [JSON.stringify(tasks)],
  );
}

/** Index: primary key. */
export async function restoreEnds(
  sql: Sql,
  ended: readonly Pick<EndedTask, 'id' | 'state' | 'reason' | 'results'>[],
  at: string,
): Promise<void> {
  await sql.query(
    `update ai_task t set state = given.state, reason = given.reason, results = given.results, ended_at = $2,
       leased_until = null
     from jsonb_to_recordset($1::jsonb) as given (id uuid, state text, reason text, results text[])
     where t.id = given.id`,
    [JSON.stringify(ended), at],
  );
}
