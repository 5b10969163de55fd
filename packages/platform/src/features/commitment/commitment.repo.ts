import { type Envelope, envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import type { Failures, References } from './references.ts';

/** A request that a report is owed for, claimed by this process. */
export type Owed = {
  id: string;
  aeTitle: string;
  transactionUid: string;
  institution: string;
  sees: readonly string[] | null;
  references: References;
  failures: Failures | null;
  /** Attempts, this one included. */
  attempts: number;
  ageSeconds: number;
};

/** What a system asked us to commit to. */
export type Requested = {
  id: string;
  aeTitle: string;
  transactionUid: string;
  institution: string;
  sees: readonly string[] | undefined;
  references: References;
  referenceCount: number;
  digest: Uint8Array;
  /** Nobody else reports before that, in milliseconds. */
  graceMs: number;
};

/**
 * A request, or one that ended, opened again. Index: unique (transaction_uid, ae_title, role, digest).
 * @returns its id, or undefined when it is open already
 */
export async function insertRequested(sql: Sql, of: Requested): Promise<string | undefined> {
  const [row] = await sql.query<{ id: string }>(
    `insert into commitment as known (id, role, ae_title, transaction_uid, institution, sees, requested_at, digest,
       reference_count, sop_references, state, due_at)
     values ($1, 'scp', $2, $3, $4, $5, now(), $6, $7, $8, 'open', now() + $9 * interval '1 ms')
     on conflict (transaction_uid, ae_title, role, digest) do update
       set requested_at = excluded.requested_at, sop_references = excluded.sop_references, state = 'open',
         sees = excluded.sees, failures = null, ended_at = null, attempts = 0, due_at = excluded.due_at,
         leased_until = null
       where known.state <> 'open'
     returning id::text as id`,
    [
      of.id,
      of.aeTitle,
      of.transactionUid,
      of.institution,
      of.sees ?? null,
      of.digest,
      of.referenceCount,
      JSON.stringify(of.references),
      of.graceMs,
    ],
  );
  return row?.id;
}

/** Instances of a system's requests that no report was delivered for. Index: commitment_owed. */
export async function referencesOwed(sql: Sql, aeTitle: string): Promise<number> {
  const [row] = await sql.query<{ sum: number }>(
    `select coalesce(sum(reference_count), 0)::bigint as sum from commitment
     where role = 'scp' and state = 'open' and ae_title = $1`,
    [aeTitle],
  );
  return row?.sum ?? 0;
}

/** Reports that are owed now. Index: commitment_due. */
export async function countOwed(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    `select count(*) as count from commitment where role = 'scp' and state = 'open'`,
  );
  return row?.count ?? 0;
}

/** Which reports to claim: those that are due, of one system; one; or all of a system, due or not. */
export type Which = { kind: 'due' } | { kind: 'one'; id: string } | { kind: 'system'; aeTitle: string };

const FREE = `role = 'scp' and state = 'open' and (leased_until is null or leased_until < now())`;
const WHICH: Record<Which['kind'], string> = {
  due: `due_at <= now() and ae_title = (select ae_title from commitment where ${FREE} and due_at <= now()
    order by due_at limit 1) and $1::text is null`,
  one: 'id = $1::uuid',
  system: 'ae_title = $1::text',
};
const OWED = `id::text as id, ae_title as "aeTitle", transaction_uid as "transactionUid", institution, sees,
  sop_references as references, failures, attempts, extract(epoch from now() - requested_at)::float8 as "ageSeconds"`;

/**
 * Take the lease of reports, so that no other process sends them meanwhile. Indexes: commitment_due, commitment_owed,
 * primary key.
 */
export async function claimOwed(sql: Sql, which: Which, leaseMs: number, limit: number): Promise<Owed[]> {
  const value = which.kind === 'one' ? which.id : which.kind === 'system' ? which.aeTitle : null;
  const rows = await sql.query<Owed>(
    `update commitment set leased_until = now() + $2 * interval '1 ms', attempts = attempts + 1
     where id in (select id from commitment where ${FREE} and ${WHICH[which.kind]}
       order by id limit $3 for update skip locked)
     returning ${OWED}`,
    [value, leaseMs, limit],
  );
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
}

export async function renewLease(sql: Sql, ids: readonly string[], leaseMs: number): Promise<void> {
  await sql.query(
    `update commitment set leased_until = now() + $2 * interval '1 ms' where id = any($1::uuid[]) and state = 'open'`,
    [ids, leaseMs],
  );
}

/** The judgement, before it is said: a report that is sent again says the same. */
export async function saveFailures(sql: Sql, id: string, failures: Failures): Promise<void> {
  await sql.query('update commitment set failures = $2 where id = $1', [id, JSON.stringify(failures)]);
}

/** Not delivered: once more after `waitMs`. */
export async function postpone(sql: Sql, id: string, waitMs: number, problem: string): Promise<void> {
  await sql.query(
    `update commitment set leased_until = null, due_at = now() + $2 * interval '1 ms', last_problem = $3
     where id = $1 and state = 'open'`,
    [id, waitMs, problem],
  );
}

/** A system that cannot be told anything now is left alone for so long. Index: commitment_owed. */
export async function restSystem(sql: Sql, aeTitle: string, waitMs: number): Promise<void> {
  await sql.query(
    `update commitment set due_at = now() + $2 * interval '1 ms'
     where ${FREE} and ae_title = $1 and due_at < now() + $2 * interval '1 ms'`,
    [aeTitle, waitMs],
  );
}

/** Is another request with the same Transaction UID older? Index: unique (transaction_uid, ...). */
export async function isDuplicate(sql: Sql, of: Pick<Owed, 'id' | 'aeTitle' | 'transactionUid'>): Promise<boolean> {
  const rows = await sql.query(
    `select from commitment where transaction_uid = $1 and ae_title = $2 and role = 'scp' and id < $3 limit 1`,
    [of.transactionUid, of.aeTitle, of.id],
  );
  return rows.length > 0;
}

/** How a transaction ends, with the fact that ends it. */
export type End = {
  id: string;
  state: 'reported' | 'abandoned' | 'refused' | 'answered';
  failures: Failures | null;
  problem: string | null;
};

/** One transaction: the row ends, and the journal says so. References that a report told are kept by the journal. */
export async function endCommitment(db: Db, end: End, event: Envelope): Promise<void> {
  await db.transaction(async (sql) => {
    const rows = await sql.query(
      `update commitment set state = $2, failures = coalesce($3, failures), ended_at = $5, leased_until = null,
         last_problem = $4, sop_references = case when $2 in ('reported', 'answered') then null else sop_references end
       where id = $1 and state in ('open', 'asked') returning id`,
      [end.id, end.state, end.failures === null ? null : JSON.stringify(end.failures), end.problem, event.at],
    );
    if (rows.length > 0) await insertEvents(sql, [event]);
  });
}

/** What we ask another archive for. */
export type Asked = Omit<Requested, 'sees' | 'graceMs'>;

/** Index: unique (transaction_uid, ae_title, role, digest): its Transaction UID is fresh. */
export async function insertAsked(db: Db, of: Asked, op: Op): Promise<void> {
  const { id, aeTitle, transactionUid, institution, references, referenceCount, digest } = of;
  const facts = { commitment: id, aeTitle, transaction: transactionUid, references, sees: null };
  await db.transaction(async (sql) => {
    await sql.query(
      `insert into commitment (id, role, ae_title, transaction_uid, institution, requested_at, digest, reference_count,
         sop_references, state, due_at)
       values ($1, 'scu', $2, $3, $4, now(), $5, $6, $7, 'asked', now())`,
      [id, aeTitle, transactionUid, institution, digest, referenceCount, JSON.stringify(references)],
    );
    await insertEvents(sql, [envelopeOf(op, 'commitment.asked', { institution }, facts)]);
  });
}

export type AskedRow = { id: string; aeTitle: string; institution: string; state: string; references: References };

/** What we asked under a Transaction UID. Index: unique (transaction_uid, ...). */
export async function findAsked(sql: Sql, transactionUid: string): Promise<AskedRow | undefined> {
  const [row] = await sql.query<AskedRow>(
    `select id::text as id, ae_title as "aeTitle", institution, state, coalesce(sop_references, '{}') as references
     from commitment where transaction_uid = $1 and role = 'scu'`,
    [transactionUid],
  );
  return row;
}

/** A transaction as it is told. */
export type CommitmentRow = {
  role: 'scp' | 'scu';
  aeTitle: string;
  transactionUid: string;
  institution: string;
  requestedAt: string;
  endedAt: string | null;
  state: string;
  count: number;
  failures: Failures | null;
  attempts: number;
  problem: string | null;
};

/** The newest first. Index: commitment_requested. */
export async function newestCommitments(
  sql: Sql,
  of: { onlyOpen: boolean; aeTitle: string | undefined; limit: number },
): Promise<CommitmentRow[]> {
  return sql.query<CommitmentRow>(
    `select role, ae_title as "aeTitle", transaction_uid as "transactionUid", institution,
       to_char(requested_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "requestedAt",
       to_char(ended_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "endedAt",
       state, reference_count as count, failures, attempts, last_problem as problem
     from commitment
     where ($1 = false or state in ('open', 'asked')) and ($2::text is null or ae_title = $2)
     order by requested_at desc, id desc limit $3`,
    [of.onlyOpen, of.aeTitle ?? null, of.limit],
  );
}
