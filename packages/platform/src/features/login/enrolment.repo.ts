import type { Sql } from '../../ports/sql.ts';

export async function insertEnrolment(sql: Sql, code: string, person: string, hours: number): Promise<void> {
  await sql.query(
    `insert into login_enrolment (code, person, expires_at) values ($1, $2, now() + $3::float8 * interval '1 hour')`,
    [code, person, hours],
  );
}

/** A later link takes the place of an earlier one. */
export async function withdrawEnrolments(sql: Sql, person: string): Promise<void> {
  await sql.query('update login_enrolment set used_at = now() where person = $1 and used_at is null', [person]);
}

/** @returns for whom; undefined where the link is used, over, or none of ours */
export async function liveEnrolment(sql: Sql, code: string): Promise<string | undefined> {
  const [row] = await sql.query<{ person: string }>(
    'select person from login_enrolment where code = $1 and used_at is null and expires_at > now()',
    [code],
  );
  return row?.person;
}

/** @returns false where somebody else was first */
export async function claimEnrolment(sql: Sql, code: string): Promise<boolean> {
  const rows = await sql.query<{ code: string }>(
    `update login_enrolment set used_at = now()
     where code = $1 and used_at is null and expires_at > now() returning code`,
    [code],
  );
  return rows.length > 0;
}

/** It came to nothing after all. */
export async function releaseEnrolment(sql: Sql, code: string): Promise<void> {
  await sql.query('update login_enrolment set used_at = null where code = $1', [code]);
}

export async function hasEnrolmentOf(sql: Sql, person: string): Promise<boolean> {
  const rows = await sql.query<{ code: string }>('select code from login_enrolment where person = $1 limit 1', [
    person,
  ]);
  return rows.length > 0;
}
