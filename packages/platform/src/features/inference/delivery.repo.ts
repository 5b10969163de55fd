import { rfc3339, type Sql } from '../../ports/sql.ts';

const QUEUED = `insert into ai_delivery as held (task, kind, ae_title, institution, study_uid, package, objects, state,
    made_at, due_at)
  select t.id, 'result', given.ae_title, t.institution, t.study_uid, t.package, t.results, 'waiting', now(), now()
  from ai_task t cross join unnest(coalesce($2::text[], t.deliver_to)) as given (ae_title)
  where t.id = any($1::uuid[]) and t.state = 'done' and t.results <> '{}' and t.stage <> 'silencioso'
    and not exists (select from ai_withdrawn w where w.task = t.id)`;

const UNITED = (more: string): string =>
  `(select array_agg(distinct each order by each) from unnest(deliver_to || ${more}::text[]) as given (each))`;

/** Results of tasks that are done are to be sent to where these say: in the transaction of their end. */
export async function queueResults(sql: Sql, tasks: readonly string[]): Promise<void> {
  if (tasks.length > 0) await sql.query(`${QUEUED} on conflict do nothing`, [tasks, null]);
}

/** Somebody asks for results that are there to be sent, again where they were. @returns how many deliveries wait now */
export async function queueAgain(sql: Sql, task: string, aeTitles: readonly string[]): Promise<number> {
  const rows = await sql.query(
    `${QUEUED} on conflict (task, kind, ae_title) do update set state = 'waiting', made_at = now(), due_at = now(),
       attempts = 0, problem = null, ended_at = null where held.state <> 'waiting' returning task`,
    [[task], aeTitles],
  );
  return rows.length;
}

/** @returns the id of the task, where there is one. Index: unique (study_key, package, revision) */
export async function addDestinations(
  sql: Sql,
  of: { studyKey: string; package: string; revision: string },
  aeTitles: readonly string[],
): Promise<string | undefined> {
  const [row] = await sql.query<{ id: string }>(
    `update ai_task set deliver_to = ${UNITED('$4')} where study_key = $1 and package = $2 and revision = $3
     returning id::text as id`,
    [of.studyKey, of.package, of.revision, aeTitles],
  );
  return row?.id;
}

/** The same as the journal tells it. Index: primary key. */
export async function restoreAsked(sql: Sql, task: string, aeTitles: readonly string[]): Promise<void> {
  await sql.query(`update ai_task set deliver_to = ${UNITED('$2')} where id = $1`, [task, aeTitles]);
  await queueAgain(sql, task, aeTitles);
}

/** How a delivery ended, for the journal. */
export type EndedDelivery = {
  task: string;
  kind: 'result' | 'rejection';
  aeTitle: string;
  objects: readonly string[];
  state: 'delivered' | 'failed' | 'cancelled';
  attempts: number;
  problem: string | null;
};

/** Index: primary key. */
export async function restoreDelivery(sql: Sql, ended: EndedDelivery, at: string): Promise<void> {
  await sql.query(
    `insert into ai_delivery (task, kind, ae_title, institution, study_uid, package, objects, state, made_at, due_at,
       attempts, problem, ended_at)
     select id, $2, $3, institution, study_uid, package, $4, $5, $8, $8, $6, $7, $8 from ai_task where id = $1
     on conflict (task, kind, ae_title) do update set state = excluded.state, attempts = excluded.attempts,
       problem = excluded.problem, ended_at = excluded.ended_at`,
    [ended.task, ended.kind, ended.aeTitle, ended.objects, ended.state, ended.attempts, ended.problem, at],
  );
}

/** Of a task, where objects were sent or are to be. */
export type DeliveryRow = {
  task: string;
  kind: 'result' | 'rejection';
  aeTitle: string;
  institution: string;
  studyUid: string;
  state: 'waiting' | 'delivered' | 'failed' | 'cancelled';
  attempts: number;
  problem: string | null;
  madeAt: string;
  endedAt: string | null;
};

const ROW = `task::text as task, kind, ae_title as "aeTitle", institution, study_uid as "studyUid", state, attempts,
  problem, ${rfc3339('made_at')} as "madeAt", ${rfc3339('ended_at')} as "endedAt"`;

/** Index: primary key. */
export async function deliveriesOf(sql: Sql, tasks: readonly string[]): Promise<DeliveryRow[]> {
  return sql.query<DeliveryRow>(
    `select ${ROW} from ai_delivery where task = any($1::uuid[]) order by task, kind desc, ae_title`,
    [tasks],
  );
}

/** What waits, and what was given up, the newest first. Index: ai_delivery_institution. */
export async function openDeliveries(sql: Sql, institution: string | undefined, limit: number): Promise<DeliveryRow[]> {
  return sql.query<DeliveryRow>(
    `select ${ROW} from ai_delivery where state in ('waiting', 'failed') and ($1::text is null or institution = $1)
     order by made_at desc, task, ae_title limit $2`,
    [institution ?? null, limit],
  );
}

export type WithdrawnRow = { task: string; state: 'retirado' | 'suspendido'; reason: string; at: string };

/** Which of some tasks were withdrawn, and by what. Indexes: primary keys. */
export async function withdrawnOf(sql: Sql, tasks: readonly string[]): Promise<WithdrawnRow[]> {
  return sql.query<WithdrawnRow>(
    `select w.task::text as task, d.state, d.reason, ${rfc3339('d.at')} as at
     from ai_withdrawn w join ai_withdrawal d on d.id = w.withdrawal where w.task = any($1::uuid[])`,
    [tasks],
  );
}
