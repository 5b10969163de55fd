import type { Sql } from '../../ports/sql.ts';

export type PayloadRow = {
  model: string;
  /** SHA-256 of the name. */
  id: string;
  payload: Uint8Array;
  grantId: string | null;
  uid: string | null;
  account: string | null;
  /** null: for ever. */
  expiresInS: number | null;
};

export async function putPayload(sql: Sql, row: PayloadRow): Promise<void> {
  await sql.query(
    `insert into oidc_payload (model, id, payload, grant_id, uid, account, expires_at)
     values ($1, $2, $3, $4, $5, $6, now() + $7::float8 * interval '1 s')
     on conflict (model, id) do update set payload = excluded.payload, grant_id = excluded.grant_id,
       uid = excluded.uid, account = excluded.account, expires_at = excluded.expires_at`,
    [row.model, row.id, row.payload, row.grantId, row.uid, row.account, row.expiresInS],
  );
}

export type StoredPayload = { payload: Uint8Array; consumedAt: number | null };

const STORED = `payload, extract(epoch from consumed_at)::float8 as "consumedAt"`;
const LIVES = '(expires_at is null or expires_at > now())';

export async function findPayload(sql: Sql, model: string, id: string): Promise<StoredPayload | undefined> {
  const [row] = await sql.query<StoredPayload>(
    `select ${STORED} from oidc_payload where model = $1 and id = $2 and ${LIVES}`,
    [model, id],
  );
  return row;
}

/** Index: oidc_payload_uid. */
export async function findPayloadByUid(sql: Sql, model: string, uid: string): Promise<StoredPayload | undefined> {
  const [row] = await sql.query<StoredPayload>(
    `select ${STORED} from oidc_payload where model = $1 and uid = $2 and ${LIVES}`,
    [model, uid],
  );
  return row;
}

/** @returns false where it was consumed before: of two who come with one code, one is the second */
export async function consumePayload(sql: Sql, model: string, id: string): Promise<boolean> {
  const rows = await sql.query<{ id: string }>(
    `update oidc_payload set consumed_at = now() where model = $1 and id = $2 and consumed_at is null returning id`,
    [model, id],
  );
  return rows.length > 0;
}

export async function deletePayload(sql: Sql, model: string, id: string): Promise<void> {
  await sql.query('delete from oidc_payload where model = $1 and id = $2', [model, id]);
}

/** Index: oidc_payload_grant. */
export async function deletePayloadsOfGrant(sql: Sql, model: string, grantId: string): Promise<void> {
  await sql.query('delete from oidc_payload where model = $1 and grant_id = $2', [model, grantId]);
}

/** What a person has at the issuer: its session there, what apps may, refresh tokens. Index: oidc_payload_account. */
export async function deletePayloadsOf(sql: Sql, account: string, model?: string): Promise<void> {
  await sql.query('delete from oidc_payload where account = $1 and ($2::text is null or model = $2)', [
    account,
    model ?? null,
  ]);
}

/** Index: oidc_payload_expiry. */
export async function sweepPayloads(sql: Sql, limit: number): Promise<void> {
  await sql.query(
    `delete from oidc_payload where (model, id) in (
       select model, id from oidc_payload where expires_at < now() limit $1 for update skip locked)`,
    [limit],
  );
}
