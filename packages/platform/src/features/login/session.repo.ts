import type { Strength } from '../../ports/identity.ts';
import type { Sql } from '../../ports/sql.ts';

export type SessionRow = {
  id: string;
  person: string;
  strength: Strength;
  purpose: string;
  institution: string;
  methods: readonly string[];
  /** Since 1970; null: the issuer does not say. */
  authenticatedMs: number | null;
  idToken: Uint8Array | null;
};

export type Lifetimes = { idleMs: number; absoluteMs: number };

export async function insertSession(sql: Sql, row: SessionRow, { idleMs, absoluteMs }: Lifetimes): Promise<void> {
  await sql.query(
    `insert into session (id, person, strength, purpose, institution, id_token, idle_until, expires_at, methods,
       authenticated_at)
     values ($1, $2, $3, $4, $5, $6, now() + $7::float8 * interval '1 ms', now() + $8::float8 * interval '1 ms', $9,
       to_timestamp($10::float8 / 1000))`,
    [
      row.id,
      row.person,
      row.strength,
      row.purpose,
      row.institution,
      row.idToken,
      idleMs,
      absoluteMs,
      [...row.methods],
      row.authenticatedMs,
    ],
  );
}

/** A session that lives. Primary key. `isStale`: it is time to write that it was seen. */
export async function liveSession(
  sql: Sql,
  id: string,
  seenEveryMs: number,
): Promise<(SessionRow & { isStale: boolean }) | undefined> {
  const [row] = await sql.query<SessionRow & { isStale: boolean }>(
    `select id, person, strength, purpose, institution, id_token as "idToken",
       methods, extract(epoch from authenticated_at)::float8 * 1000 as "authenticatedMs",
       seen_at < now() - $2::float8 * interval '1 ms' as "isStale"
     from session where id = $1 and revoked_at is null and idle_until > now() and expires_at > now()`,
    [id, seenEveryMs],
  );
  return row;
}

export async function touchSession(sql: Sql, id: string, idleMs: number): Promise<void> {
  await sql.query(
    `update session set seen_at = now(), idle_until = now() + $2::float8 * interval '1 ms'
     where id = $1 and revoked_at is null`,
    [id, idleMs],
  );
}

export async function chooseForSession(
  sql: Sql,
  id: string,
  { purpose, institution }: { purpose: string; institution: string },
): Promise<void> {
  await sql.query('update session set purpose = $2, institution = $3 where id = $1', [id, purpose, institution]);
}

/** @returns whether it lived until now */
export async function revokeSession(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql.query<{ id: string }>(
    'update session set revoked_at = now(), id_token = null where id = $1 and revoked_at is null returning id',
    [id],
  );
  return rows.length > 0;
}

/** @returns how many lived until now. Index: session_person. */
export async function revokeSessionsOf(sql: Sql, person: string): Promise<number> {
  const rows = await sql.query<{ id: string }>(
    'update session set revoked_at = now(), id_token = null where person = $1 and revoked_at is null returning id',
    [person],
  );
  return rows.length;
}

/** Forget sessions that are over. @returns whose ran out, who has not been told of it. Index: session_expiry. */
export async function sweepSessions(sql: Sql, limit: number): Promise<{ person: string; isRevoked: boolean }[]> {
  return sql.query<{ person: string; isRevoked: boolean }>(
    `delete from session where id in (
       select id from session where least(idle_until, expires_at) < now() limit $1 for update skip locked)
     returning person, revoked_at is not null as "isRevoked"`,
    [limit],
  );
}
