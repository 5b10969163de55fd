import type { Sql } from '../../ports/sql.ts';

export type CredentialRow = { password: string; totpSecret: Uint8Array | null; totpStep: number };

export async function findCredential(sql: Sql, person: string): Promise<CredentialRow | undefined> {
  const [row] = await sql.query<CredentialRow>(
    `select password, totp_secret as "totpSecret", totp_step as "totpStep" from login_credential where person = $1`,
    [person],
  );
  return row;
}

/** A new password takes the place of everything that was. */
export async function putCredential(
  sql: Sql,
  person: string,
  { password, totpSecret, totpStep }: CredentialRow,
): Promise<void> {
  await sql.query(
    `insert into login_credential (person, password, totp_secret, totp_step) values ($1, $2, $3, $4)
     on conflict (person) do update set password = excluded.password, totp_secret = excluded.totp_secret,
       totp_step = excluded.totp_step, changed_at = now()`,
    [person, password, totpSecret, totpStep],
  );
}

export async function putPassword(sql: Sql, person: string, password: string): Promise<void> {
  await sql.query('update login_credential set password = $2 where person = $1', [person, password]);
}

export async function putTotp(sql: Sql, person: string, secret: Uint8Array, step: number): Promise<void> {
  await sql.query(
    'update login_credential set totp_secret = $2, totp_step = $3, changed_at = now() where person = $1',
    [person, secret, step],
  );
}

/** @returns false where the step was used meanwhile: a code counts once, whoever comes first */
export async function useTotpStep(sql: Sql, person: string, step: number): Promise<boolean> {
  const rows = await sql.query<{ person: string }>(
    'update login_credential set totp_step = $2 where person = $1 and totp_step < $2 returning person',
    [person, step],
  );
  return rows.length > 0;
}

export async function putRecoveryCodes(sql: Sql, person: string, digests: readonly string[]): Promise<void> {
  await sql.query('delete from login_recovery where person = $1', [person]);
  await sql.query('insert into login_recovery (person, code) select $1, unnest($2::text[])', [person, digests]);
}

/** @returns false where there is none such, or it was used */
export async function useRecoveryCode(sql: Sql, person: string, digest: string): Promise<boolean> {
  const rows = await sql.query<{ person: string }>(
    `update login_recovery set used_at = now() where person = $1 and code = $2 and used_at is null returning person`,
    [person, digest],
  );
  return rows.length > 0;
}
