import type { Sql } from '../../ports/sql.ts';

/** Objects of a task that a system is to be sent, claimed by this process. `attempts` counts this one. */
export type Delivery = {
  task: string;
  kind: 'result' | 'rejection';
  aeTitle: string;
  institution: string;
  studyUid: string;
  package: string;
  objects: string[];
  attempts: number;
  ageSeconds: number;
};

/** A note comes behind what it withdraws: a system must not be sent a result that it was told to reject. */
const NEXT_DELIVERY = `select task, kind, ae_title from ai_delivery d
  where state = 'waiting' and due_at <= now() and (leased_until is null or leased_until < now())
    and (kind = 'result' or not exists (select from ai_delivery r
      where r.task = d.task and r.kind = 'result' and r.ae_title = d.ae_title and r.state = 'waiting'))
  order by due_at limit 1 for update skip locked`;

/** The next delivery, leased to this process. Index: ai_delivery_due. */
export async function claimDelivery(sql: Sql, leaseMs: number): Promise<Delivery | undefined> {
  const [row] = await sql.query<Delivery>(
    `with next as materialized (${NEXT_DELIVERY})
     update ai_delivery d set leased_until = now() + $1 * interval '1 ms', attempts = attempts + 1 from next
     where d.task = next.task and d.kind = next.kind and d.ae_title = next.ae_title
     returning d.task::text as task, d.kind, d.ae_title as "aeTitle", institution, study_uid as "studyUid", package,
       objects, attempts, extract(epoch from now() - made_at)::float8 as "ageSeconds"`,
    [leaseMs],
  );
  return row;
}

const OURS = `task = $1 and kind = $2 and ae_title = $3 and attempts = $4 and state = 'waiting'`;
const oursOf = ({ task, kind, aeTitle, attempts }: Delivery): (string | number)[] => [task, kind, aeTitle, attempts];

/** @returns whether the lease is still ours */
export async function renewDelivery(sql: Sql, of: Delivery, leaseMs: number): Promise<boolean> {
  const rows = await sql.query(
    `update ai_delivery set leased_until = now() + $5 * interval '1 ms' where ${OURS} returning task`,
    [...oursOf(of), leaseMs],
  );
  return rows.length > 0;
}

/** Once more after `waitMs`. */
export async function postponeDelivery(
  sql: Sql,
  of: Delivery,
  { waitMs, problem }: { waitMs: number; problem: string | null },
): Promise<void> {
  await sql.query(
    `update ai_delivery set leased_until = null, due_at = now() + $5 * interval '1 ms',
       problem = coalesce($6, problem)
     where ${OURS}`,
    [...oursOf(of), waitMs, problem],
  );
}

/** @returns whether it was ours to end */
export async function endDelivery(
  sql: Sql,
  of: Delivery,
  end: { state: 'delivered' | 'failed' | 'cancelled'; problem: string | null },
): Promise<boolean> {
  const rows = await sql.query(
    `update ai_delivery set leased_until = null, state = $5, problem = $6, ended_at = now()
     where ${OURS} returning task`,
    [...oursOf(of), end.state, end.problem],
  );
  return rows.length > 0;
}

/** Is what was found withdrawn? Index: primary key of ai_withdrawn. */
export async function isWithdrawn(sql: Sql, task: string): Promise<boolean> {
  const rows = await sql.query('select task from ai_withdrawn where task = $1', [task]);
  return rows.length > 0;
}

/** A system that cannot be called is left alone for so long. Index: ai_delivery_system. */
export async function restDestination(sql: Sql, aeTitle: string, waitMs: number): Promise<void> {
  await sql.query(
    `update ai_delivery set due_at = now() + $2 * interval '1 ms'
     where state = 'waiting' and ae_title = $1 and (leased_until is null or leased_until < now())
       and due_at < now() + $2 * interval '1 ms'`,
    [aeTitle, waitMs],
  );
}

/** Notes about results go where any of them may have come. Index: primary key. */
export async function queueNotes(sql: Sql, notes: readonly { task: string; note: string }[]): Promise<void> {
  await sql.query(
    `insert into ai_delivery (task, kind, ae_title, institution, study_uid, package, objects, state, made_at, due_at)
     select r.task, 'rejection', r.ae_title, r.institution, r.study_uid, r.package, array[given.note], 'waiting', now(),
       now()
     from jsonb_to_recordset($1::jsonb) as given (task uuid, note text)
     join ai_delivery r on r.task = given.task and r.kind = 'result' and r.attempts > 0
     on conflict do nothing`,
    [JSON.stringify(notes)],
  );
}
