import type { InferenceTask } from '../../ports/inference-tasks.ts';
import { rfc3339, type Sql } from '../../ports/sql.ts';

export const ENDED = ['done', 'not-applicable', 'failed', 'late', 'cancelled'] as const;
export type Ended = (typeof ENDED)[number];
export type TaskState = 'queued' | 'leased' | Ended;

/** 0 before 1. */
export const PRIORITY = { routed: 0, asked: 1 } as const;

/** A task that is to be made. */
export type NewTask = InferenceTask & {
  rules: readonly string[];
  askedBy: string;
  priority: number;
  deadline: string;
  /** AE titles of systems of its institution that the results are sent to. */
  deliverTo: readonly string[];
};

const TASK = `id::text as id, package, model, version, stage, institution, study_key::text as "studyKey",
  study_uid as "studyUid", series, revision,
  ${rfc3339('created_at')} as "createdAt"`;
const NEW = `(id uuid, package text, model text, version text, stage text, institution text, "studyKey" uuid,
  "studyUid" text, series text[], revision text, rules text[], "askedBy" text, priority smallint,
  "createdAt" timestamptz, deadline timestamptz, "deliverTo" text[])`;

/**
 * Those that are new are made, and are told. With `isAgain` one that ended without a result begins anew.
 * Index: unique (study_key, package, revision).
 */
export async function insertTasks(sql: Sql, tasks: readonly NewTask[], isAgain: boolean): Promise<NewTask[]> {
  if (tasks.length === 0) return [];
  const made = await sql.query<{ studyKey: string; package: string; revision: string; id: string }>(
    `insert into ai_task as held (id, package, model, version, stage, institution, study_key, study_uid, series,
       revision, rules, asked_by, priority, state, created_at, due_at, deadline, deliver_to)
     select id, package, model, version, stage, institution, "studyKey", "studyUid", series, revision, rules, "askedBy",
       priority, 'queued', "createdAt", now(), deadline, "deliverTo"
     from jsonb_to_recordset($1::jsonb) as given ${NEW} order by "studyKey", package
     on conflict (study_key, package, revision) do update set state = 'queued', stage = excluded.stage,
       asked_by = excluded.asked_by, rules = excluded.rules, priority = excluded.priority, due_at = now(),
       deadline = excluded.deadline, deliver_to = excluded.deliver_to, attempts = 0, reason = null, ended_at = null,
       leased_until = null
       where $2 and held.state in ('failed', 'late', 'cancelled')
     returning id::text as id, study_key::text as "studyKey", package, revision`,
    [JSON.stringify(tasks), isAgain],
  );
  const ids = new Map(made.map((row) => [`${row.studyKey} ${row.package} ${row.revision}`, row.id]));
  return tasks.flatMap((task) => {
    const id = ids.get(`${task.studyKey} ${task.package} ${task.revision}`);
    return id === undefined ? [] : [{ ...task, id }];
  });
}

/** What ended, for the journal. */
export type EndedTask = {
  id: string;
  institution: string;
  studyUid: string;
  state: Ended;
  reason: string | null;
  results: string[];
  /** Of a silent one that is done: SHA-256 of what was sealed. In the journal alone. */
  record?: string;
};
const END = `id::text as id, institution, study_uid as "studyUid", state, reason, results`;

/** Of the same study and package, tasks on an older input that nobody began. Index: unique (study_key, ...). */
export async function supersede(sql: Sql, tasks: readonly NewTask[]): Promise<EndedTask[]> {
  if (tasks.length === 0) return [];
  return sql.query<EndedTask>(
    `update ai_task t set state = 'cancelled', reason = 'superseded', ended_at = now()
     from jsonb_to_recordset($1::jsonb) as given ${NEW}
     where t.study_key = given."studyKey" and t.package = given.package and t.revision <> given.revision
       and t.state = 'queued' and t.asked_by = given."askedBy"
     returning t.id::text as id, t.institution, t.study_uid as "studyUid", t.state, t.reason, t.results`,
    [JSON.stringify(tasks)],
  );
}

/** A task that this process is to do. `attempts` counts this one. */
export type Leased = InferenceTask & { attempts: number; leftMs: number };

/** Text of the question alone, so that a test can see how it is answered. */
export const NEXT_TASK = `select id from ai_task where state = 'queued' and due_at <= now() and deadline > now()
  order by priority, due_at, id limit 1 for update skip locked`;

/** The next task, so that no other process does it meanwhile. Index: ai_task_queue. */
export async function claimTask(sql: Sql, leaseMs: number): Promise<Leased | undefined> {
  const [row] = await sql.query<Leased>(
    `update ai_task set state = 'leased', attempts = attempts + 1, leased_until = now() + $1 * interval '1 ms'
     where id = (${NEXT_TASK})
     returning ${TASK}, attempts, greatest(0, extract(epoch from deadline - now()) * 1000)::float8 as "leftMs"`,
    [leaseMs],
  );
  return row;
}

/** @returns whether the lease is still ours */
export async function renewTask(sql: Sql, { id, attempts }: Leased, leaseMs: number): Promise<boolean> {
  const rows = await sql.query(
    `update ai_task set leased_until = now() + $3 * interval '1 ms'
     where id = $1 and attempts = $2 and state = 'leased' returning id`,
    [id, attempts, leaseMs],
  );
  return rows.length > 0;
}

/** How our attempt ended; nothing where the lease is another's by now. */
export async function endTask(
  sql: Sql,
  { id, attempts }: Leased,
  end: { state: Ended; reason: string | null; results: readonly string[] },
): Promise<EndedTask[]> {
  return sql.query<EndedTask>(
    `update ai_task set state = $3, reason = $4, results = case when $5::text[] = '{}' then results else $5 end,
       ended_at = now(), leased_until = null
     where id = $1 and attempts = $2 and state = 'leased' returning ${END}`,
    [id, attempts, end.state, end.reason, end.results],
  );
}

/**
 * The results that are about to be kept, so that none is ever there of which no task knows.
 * @returns whether the lease is still ours
 */
export async function noteResults(sql: Sql, { id, attempts }: Leased, results: readonly string[]): Promise<boolean> {
  const rows = await sql.query(
    `update ai_task set results = $3 where id = $1 and attempts = $2 and state = 'leased' returning id`,
    [id, attempts, results],
  );
  return rows.length > 0;
}

/** Once more after `waitMs`. @param counts  false: it was not the task's fault, as when the process ends */
export async function postponeTask(
  sql: Sql,
  { id, attempts }: Leased,
  of: { waitMs: number; reason: string | null; counts: boolean },
): Promise<void> {
  await sql.query(
    `update ai_task set state = 'queued', due_at = now() + $3 * interval '1 ms', reason = coalesce($4, reason),
       leased_until = null, attempts = attempts - $5
     where id = $1 and attempts = $2 and state = 'leased'`,
    [id, attempts, of.waitMs, of.reason, of.counts ? 0 : 1],
  );
}

/** Those that wait beyond their deadline. Index: ai_task_deadline. */
export async function endLate(sql: Sql, limit: number): Promise<EndedTask[]> {
  return sql.query<EndedTask>(
    `update ai_task set state = 'late', reason = coalesce(reason, 'deadline'), ended_at = now()
     where id in (select id from ai_task where state = 'queued' and deadline <= now() order by deadline limit $1
       for update skip locked)
     returning ${END}`,
    [limit],
  );
}

/**
 * Those whose process died: back in the queue, or at the end of their attempts failed. Index: ai_task_leased.
 * @returns what ended
 */
export async function reapTasks(
  sql: Sql,
  of: { attemptsMax: number; waitMs: number; limit: number },
): Promise<EndedTask[]> {
  const rows = await sql.query<Omit<EndedTask, 'state'> & { state: TaskState }>(
    `update ai_task set leased_until = null, reason = 'worker-died',
       state = case when attempts >= $1 then 'failed' else 'queued' end,
       ended_at = case when attempts >= $1 then now() end, due_at = now() + attempts * $2 * interval '1 ms'
     where id in (select id from ai_task where state = 'leased' and leased_until < now() order by leased_until limit $3
       for update skip locked)
     returning ${END}`,
    [of.attemptsMax, of.waitMs, of.limit],
  );
  return rows.filter((row): row is EndedTask => row.state === 'failed');
}

export type OpenCounts = { queued: number; leased: number; oldestSeconds: number };

/** Tasks that have not ended, silent ones among them. Indexes: ai_task_queue, ai_task_leased. */
export async function openCounts(sql: Sql): Promise<OpenCounts> {
  const [row] = await sql.query<OpenCounts>(
    `select count(*) as queued, (select count(*) from ai_task where state = 'leased') as leased,
       greatest(0, coalesce(extract(epoch from now() - min(due_at)), 0))::float8 as "oldestSeconds"
     from ai_task where state = 'queued'`,
  );
  return row ?? { queued: 0, leased: 0, oldestSeconds: 0 };
}

/**
 * One whose results are being stored, or were before its process died, ends by having them.
 * Index: primary key.
 */
export async function cancelTask(sql: Sql, id: string, institution: string | undefined): Promise<EndedTask[]> {
  return sql.query<EndedTask>(
    `update ai_task set state = 'cancelled', reason = 'cancelled', ended_at = now(), leased_until = null
     where id = $1 and ($2::text is null or institution = $2) and state in ('queued', 'leased')
       and results = '{}' returning ${END}`,
    [id, institution ?? null],
  );
}
