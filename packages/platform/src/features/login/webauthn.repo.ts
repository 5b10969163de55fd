import type { Sql } from '../../ports/sql.ts';

export type KeyRow = {
  id: string;
  person: string;
  name: string;
  publicKey: Uint8Array;
  counter: number;
  transports: string[];
  isSynced: boolean;
};

export type KnownKey = Pick<KeyRow, 'id' | 'name' | 'isSynced' | 'transports'> & {
  /** Since 1970. */
  createdMs: number;
  usedMs: number | null;
  isSuspended: boolean;
};

/** Oldest first. Index: webauthn_credential_person. */
export async function keysOf(sql: Sql, person: string): Promise<KnownKey[]> {
  return sql.query<KnownKey>(
    `select id, name, is_synced as "isSynced", transports, extract(epoch from created_at)::float8 * 1000 as "createdMs",
       extract(epoch from used_at)::float8 * 1000 as "usedMs",
       suspended_at is not null as "isSuspended"
     from webauthn_credential where person = $1 order by created_at, id`,
    [person],
  );
}

/** Primary key. @returns undefined for a key of somebody else, or one that is suspended */
export async function findKey(sql: Sql, person: string, id: string): Promise<KeyRow | undefined> {
  const [row] = await sql.query<KeyRow>(
    `select id, person, name, public_key as "publicKey", counter::float8 as counter, transports,
       is_synced as "isSynced"
     from webauthn_credential where id = $1 and person = $2 and suspended_at is null`,
    [id, person],
  );
  return row;
}

/** @returns false where that key is there already */
export async function insertKey(sql: Sql, row: KeyRow): Promise<boolean> {
  const rows = await sql.query<{ id: string }>(
    `insert into webauthn_credential (id, person, name, public_key, counter, transports, is_synced)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing returning id`,
    [row.id, row.person, row.name, row.publicKey, row.counter, row.transports, row.isSynced],
  );
  return rows.length > 0;
}

/** A counter only goes on, unless there is none. @returns false where it did not: two may hold this key */
export async function advanceCounter(sql: Sql, id: string, counter: number): Promise<boolean> {
  const rows = await sql.query<{ id: string }>(
    `update webauthn_credential set counter = $2, used_at = now()
     where id = $1 and suspended_at is null and (counter < $2 or (counter = 0 and $2 = 0)) returning id`,
    [id, counter],
  );
  return rows.length > 0;
}

/** @returns false where it was suspended before */
export async function suspendKey(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql.query<{ id: string }>(
    'update webauthn_credential set suspended_at = now() where id = $1 and suspended_at is null returning id',
    [id],
  );
  return rows.length > 0;
}

export async function deleteKey(sql: Sql, person: string, id: string): Promise<boolean> {
  const rows = await sql.query<{ id: string }>(
    'delete from webauthn_credential where id = $1 and person = $2 returning id',
    [id, person],
  );
  return rows.length > 0;
}

/** Index: webauthn_credential_person. */
export async function deleteKeysOf(sql: Sql, person: string): Promise<void> {
  await sql.query('delete from webauthn_credential where person = $1', [person]);
}

/** One at a time changes what a person proves itself by; ends with the transaction. */
export async function lockKeysOf(sql: Sql, person: string): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(hashtextextended('webauthn ' || $1, 0))`, [person]);
}

export async function putChallenge(sql: Sql, challenge: string, bound: string, seconds: number): Promise<void> {
  await sql.query(
    `insert into webauthn_challenge (challenge, bound, expires_at)
     values ($1, $2, now() + $3::float8 * interval '1 s')`,
    [challenge, bound, seconds],
  );
}

/** @returns false where it was taken before, is over, or was given out for something else */
export async function takeChallenge(sql: Sql, challenge: string, bound: string): Promise<boolean> {
  const rows = await sql.query<{ challenge: string }>(
    `delete from webauthn_challenge where challenge = $1 and bound = $2 and expires_at > now() returning challenge`,
    [challenge, bound],
  );
  return rows.length > 0;
}

/** Index: webauthn_challenge_expiry. */
export async function sweepChallenges(sql: Sql, limit: number): Promise<void> {
  await sql.query(
    `delete from webauthn_challenge where challenge in (
       select challenge from webauthn_challenge where expires_at < now() limit $1 for update skip locked)`,
    [limit],
  );
}
