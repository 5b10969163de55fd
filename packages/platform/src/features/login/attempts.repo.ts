import type { Db, Sql } from '../../ports/sql.ts';

/** How long an attempt is remembered after the last one. */
const FORGET = `interval '24 hours'`;

export type Attempt = { failures: number; lockedForS: number };

/**
 * Count an attempt as failed before it is judged: of many that come at once none is judged uncounted, and the one that
 * locks is the last. One that comes while its subject is locked is neither judged nor counted. Primary key.
 * @param lockS  for how long so many failures lock
 */
export function beginAttempt(db: Db, subject: string, lockS: (failures: number) => number): Promise<Attempt> {
  return db.transaction(async (sql) => {
    await sql.query(
      `insert into login_attempt (subject, failures, failed_at) values ($1, 0, now()) on conflict do nothing`,
      [subject],
    );
    const [row] = await sql.query<Attempt>(
      `select case when failed_at < now() - ${FORGET} then 0 else failures end as failures,
         coalesce(greatest(0, extract(epoch from locked_until - clock_timestamp())), 0)::float8 as "lockedForS"
       from login_attempt where subject = $1 for update`,
      [subject],
    );
    const { failures: before, lockedForS } = row ?? { failures: 0, lockedForS: 0 };
    const failures = lockedForS > 0 ? before : before + 1;
    const seconds = lockedForS > 0 ? lockedForS : lockS(failures);
    await sql.query(
      `update login_attempt set failures = $2, failed_at = now(), untold = untold + 1,
         locked_until = case when $3::float8 > 0 then clock_timestamp() + $3::float8 * interval '1 s' end
       where subject = $1`,
      [subject, failures, seconds],
    );
    return { failures, lockedForS };
  });
}

export async function forgiveAttempts(sql: Sql, subject: string): Promise<void> {
  await sql.query('delete from login_attempt where subject = $1', [subject]);
}

/** One attempt of an address was right after all: the others that it made stay counted. */
export async function discountAttempt(sql: Sql, subject: string): Promise<void> {
  await sql.query(
    `update login_attempt set failures = greatest(0, failures - 1), locked_until = null where subject = $1`,
    [subject],
  );
}

/** @returns how many failures the journal is to be told of now; undefined: it was told a moment ago */
export async function untoldFailures(sql: Sql, subject: string, everyMs: number): Promise<number | undefined> {
  const [row] = await sql.query<{ count: number }>(
    `update login_attempt a set told_at = now(), untold = 0
     from (select subject, untold from login_attempt where subject = $1 for update) b
     where a.subject = b.subject and (a.told_at is null or a.told_at < now() - $2::float8 * interval '1 ms')
     returning b.untold as count`,
    [subject, everyMs],
  );
  return row?.count;
}

/** Index: login_attempt_failed. */
export async function sweepAttempts(sql: Sql): Promise<void> {
  await sql.query(`delete from login_attempt where failed_at < now() - ${FORGET}`);
}
