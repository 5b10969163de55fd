import type { WithdrawnState } from '@acervo/model/lifecycle/withdrawal.ts';
import { rfc3339, type Sql } from '../../ports/sql.ts';

/** A step of the life-cycle by which results are withdrawn. */
export type Withdrawal = {
  /** Of the step. */
  id: string;
  revision: number;
  package: string;
  model: string;
  version: string;
  /** Empty: the results of all institutions. */
  site: string;
  state: WithdrawnState;
  cause: string;
  reason: string;
  at: string;
};

/** The number of the last step. Index: primary key of model_transition. */
export async function lastRevision(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ last: number }>('select coalesce(max(revision), 0) as last from model_transition');
  return row?.last ?? 0;
}

/** Steps that end the use of a version, and that are no withdrawals yet. Steps are few: all are looked through. */
export async function endingSteps(sql: Sql): Promise<(Omit<Withdrawal, 'state'> & { state: string })[]> {
  return sql.query(
    `select t.id::text as id, t.revision, t.package, p.model, p.version, t.site, t.to_state as state, t.cause,
       coalesce(t.statement ->> 'reason', '') as reason, ${rfc3339('t.at')} as at
     from model_transition t join model_package p on p.digest = t.package
     where t.to_state in ('retirado', 'suspendido')
       and not exists (select from ai_withdrawal w where w.id = t.id)
     order by t.revision`,
  );
}

/** Those that are known stay. */
export async function putWithdrawals(sql: Sql, withdrawals: readonly Withdrawal[]): Promise<void> {
  if (withdrawals.length === 0) return;
  await sql.query(
    `insert into ai_withdrawal (id, revision, package, model, version, site, state, cause, reason, at, due_at)
     select id, revision, package, model, version, site, state, cause, reason, at, now()
     from jsonb_to_recordset($1::jsonb) as given (id uuid, revision bigint, package text, model text, version text,
       site text, state text, cause text, reason text, at timestamptz)
     on conflict (id) do nothing`,
    [JSON.stringify(withdrawals)],
  );
}

/** A withdrawal that this process goes on with, behind the task that was looked at last. */
export type Open = Withdrawal & { attempts: number; afterTask: string | null };

const WITHDRAWAL = `id::text as id, revision, package, model, version, site, state, cause, reason,
  ${rfc3339('at')} as at`;

/** The next one, leased to this process. Index: ai_withdrawal_due. */
export async function claimWithdrawal(sql: Sql, leaseMs: number): Promise<Open | undefined> {
  const [row] = await sql.query<Open>(
    `update ai_withdrawal set leased_until = now() + $1 * interval '1 ms', attempts = attempts + 1
     where id = (select id from ai_withdrawal where ended_at is null and due_at <= now()
       and (leased_until is null or leased_until < now()) order by due_at limit 1 for update skip locked)
     returning ${WITHDRAWAL}, attempts, after_task::text as "afterTask"`,
    [leaseMs],
  );
  return row;
}

const OURS = 'id = $1 and attempts = $2 and ended_at is null';

/** @returns whether the lease is still ours */
export async function renewWithdrawal(sql: Sql, { id, attempts }: Open, leaseMs: number): Promise<boolean> {
  const rows = await sql.query(
    `update ai_withdrawal set leased_until = now() + $3 * interval '1 ms' where ${OURS} returning id`,
    [id, attempts, leaseMs],
  );
  return rows.length > 0;
}

/** So far all was looked at, in the transaction of what was found. @returns whether the lease is still ours */
export async function advance(sql: Sql, { id, attempts }: Open, afterTask: string): Promise<boolean> {
  const rows = await sql.query(`update ai_withdrawal set after_task = $3 where ${OURS} returning id`, [
    id,
    attempts,
    afterTask,
  ]);
  return rows.length > 0;
}

/** From the beginning once more after `waitMs`: something may come to an end by then. */
export async function passAgain(sql: Sql, { id, attempts }: Open, waitMs: number): Promise<void> {
  await sql.query(
    `update ai_withdrawal set after_task = null, leased_until = null, due_at = now() + $3 * interval '1 ms'
     where ${OURS}`,
    [id, attempts, waitMs],
  );
}

/** Given back as it is. */
export async function putBack(sql: Sql, { id, attempts }: Open, waitMs: number): Promise<void> {
  await sql.query(`update ai_withdrawal set leased_until = null, due_at = now() + $3 * interval '1 ms' where ${OURS}`, [
    id,
    attempts,
    waitMs,
  ]);
}

/** All of it was found. @returns whether it was ours to end */
export async function endWithdrawal(sql: Sql, { id, attempts }: Open): Promise<boolean> {
  const rows = await sql.query(
    `update ai_withdrawal set ended_at = now(), leased_until = null where ${OURS} returning id`,
    [id, attempts],
  );
  return rows.length > 0;
}

/** A task whose results are withdrawn. */
export type Found = {
  task: string;
  isDone: boolean;
  institution: string;
  studyKey: string;
  studyUid: string;
  /** Whose the Patient ID of the study is; null: the study is not there. */
  issuer: string | null;
  results: string[];
};

/**
 * Whose results: of tasks that were made before the step. One that was done long after it was done by a version that
 * was approved again.
 */
const OF_IT = `t.package = $1 and t.results <> '{}' and t.stage <> 'silencioso' and ($2 = '' or t.institution = $2)
  and t.created_at <= $3`;
const questionOf = ({ package: digest, site, at }: Withdrawal): string[] => [digest, site, at];

/** The next tasks with results that are not marked. Indexes: ai_task_results, primary key of ai_withdrawn. */
export async function resultsOf(sql: Sql, of: Open, graceMs: number, limit: number): Promise<Found[]> {
  return sql.query<Found>(
    `select t.id::text as task, t.state = 'done' as "isDone", t.institution, t.study_key::text as "studyKey",
       t.study_uid as "studyUid", s.issuer, t.results
     from ai_task t left join study s on s.study_key = t.study_key
     where ${OF_IT} and (t.state <> 'done' or t.ended_at <= $3::timestamptz + $4 * interval '1 ms')
       and ($5::uuid is null or t.id > $5) and not exists (select from ai_withdrawn w where w.task = t.id)
     order by t.id limit $6`,
    [...questionOf(of), graceMs, of.afterTask, limit],
  );
}

/** Is a task at work of whose results some may be there? Index: ai_task_results. */
export async function isUnended(sql: Sql, of: Withdrawal): Promise<boolean> {
  const rows = await sql.query(
    `select t.id from ai_task t where ${OF_IT} and t.state in ('queued', 'leased') limit 1`,
    questionOf(of),
  );
  return rows.length > 0;
}

export type Mark = { task: string; withdrawal: string; note: string | null };

/** Marks are never taken away. @returns tasks that had none */
export async function putMarks(sql: Sql, marks: readonly Mark[]): Promise<string[]> {
  const rows = await sql.query<{ task: string }>(
    `insert into ai_withdrawn (task, withdrawal, institution, study_key, study_uid, note)
     select t.id, given.withdrawal, t.institution, t.study_key, t.study_uid, given.note
     from jsonb_to_recordset($1::jsonb) as given (task uuid, withdrawal uuid, note text)
     join ai_task t on t.id = given.task
     on conflict (task) do nothing returning task::text as task`,
    [JSON.stringify(marks)],
  );
  return rows.map(({ task }) => task);
}

/** Results and studies of an institution. */
export type Count = { institution: string; results: number; studies: number };

/** Institutions that are to be told, each with what it was not told of before. Index: ai_withdrawn_withdrawal. */
export async function takeUnannounced(sql: Sql, withdrawal: string): Promise<Count[]> {
  return sql.query<Count>(
    `with told as (update ai_withdrawn set is_announced = true where withdrawal = $1 and not is_announced
       returning institution, study_key)
     select institution, count(*) as results, count(distinct study_key) as studies from told
     group by institution order by institution`,
    [withdrawal],
  );
}

/** The journal told an institution. */
export async function restoreAnnounced(sql: Sql, withdrawal: string, institution: string): Promise<void> {
  await sql.query('update ai_withdrawn set is_announced = true where withdrawal = $1 and institution = $2', [
    withdrawal,
    institution,
  ]);
}

/** A withdrawal as institutions are told of it. */
export type Notice = Withdrawal & { results: number; studies: number; notes: number; isWhole: boolean };

/**
 * The newest first. @param institution  whose results are counted; undefined: those of all
 * Index: ai_withdrawn_withdrawal.
 */
export async function listWithdrawals(sql: Sql, institution: string | undefined, limit: number): Promise<Notice[]> {
  return sql.query<Notice>(
    `select ${WITHDRAWAL}, ended_at is not null as "isWhole", c.results, c.studies, c.notes
     from ai_withdrawal d cross join lateral (select count(*) as results, count(distinct study_key) as studies,
       count(note) as notes from ai_withdrawn w
       where w.withdrawal = d.id and ($1::text is null or w.institution = $1)) c
     where $1::text is null or d.site in ('', $1)
     order by d.revision desc limit $2`,
    [institution ?? null, limit],
  );
}

export type WithdrawnResult = {
  task: string;
  institution: string;
  study: string;
  results: string[];
  note: string | null;
};

/** What one withdrawal is of, in pages. Index: ai_withdrawn_withdrawal. */
export async function withdrawnBy(
  sql: Sql,
  of: { withdrawal: string; institution: string | undefined; after: string | undefined },
  limit: number,
): Promise<WithdrawnResult[]> {
  return sql.query<WithdrawnResult>(
    `select w.task::text as task, w.institution, w.study_uid as study, t.results, w.note
     from ai_withdrawn w join ai_task t on t.id = w.task
     where w.withdrawal = $1 and ($2::text is null or w.institution = $2) and ($3::uuid is null or w.task > $3)
     order by w.task limit $4`,
    [of.withdrawal, of.institution ?? null, of.after ?? null, limit],
  );
}
