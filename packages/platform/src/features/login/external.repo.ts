import type { Role } from '../../ports/directory.ts';
import type { Sql } from '../../ports/sql.ts';

export type Given = { role: Role; institution: string };

export type ExternalRow = { person: string; grants: Given[] };

export async function findExternal(sql: Sql, issuer: string, subject: string): Promise<ExternalRow | undefined> {
  const [row] = await sql.query<ExternalRow>(
    'select person, grants from login_external where issuer = $1 and subject = $2',
    [issuer, subject],
  );
  return row;
}

/** @returns false where the person is somebody else of that issuer already */
export async function linkExternal(sql: Sql, issuer: string, subject: string, person: string): Promise<boolean> {
  const rows = await sql.query<{ person: string }>(
    `insert into login_external (issuer, subject, person) values ($1, $2, $3) on conflict do nothing returning person`,
    [issuer, subject, person],
  );
  return rows.length > 0;
}

export async function putExternalGrants(
  sql: Sql,
  issuer: string,
  subject: string,
  grants: readonly Given[],
): Promise<void> {
  await sql.query('update login_external set grants = $3::jsonb where issuer = $1 and subject = $2', [
    issuer,
    subject,
    JSON.stringify(grants),
  ]);
}
