import type { Sql } from '../../ports/sql.ts';

export type ClientRow = {
  id: string;
  kind: 'system' | 'native';
  secret: string | null;
  institution: string;
  system: string;
  redirectUris: string[];
};

const COLUMNS = 'id, kind, secret, institution, system, redirect_uris as "redirectUris"';

export async function findClient(sql: Sql, id: string): Promise<ClientRow | undefined> {
  const [row] = await sql.query<ClientRow>(`select ${COLUMNS} from oidc_client where id = $1 and removed_at is null`, [
    id,
  ]);
  return row;
}

export function listClients(sql: Sql, limit: number): Promise<ClientRow[]> {
  return sql.query<ClientRow>(`select ${COLUMNS} from oidc_client where removed_at is null order by id limit $1`, [
    limit,
  ]);
}

/** @returns false where there is one of that name, or was: its tokens could still be about */
export async function insertClient(sql: Sql, row: ClientRow): Promise<boolean> {
  const rows = await sql.query<{ id: string }>(
    `insert into oidc_client (id, kind, secret, institution, system, redirect_uris) values ($1, $2, $3, $4, $5, $6)
     on conflict (id) do nothing returning id`,
    [row.id, row.kind, row.secret, row.institution, row.system, row.redirectUris],
  );
  return rows.length > 0;
}

export async function removeClientRow(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql.query<{ id: string }>(
    `update oidc_client set removed_at = now(), secret = null where id = $1 and removed_at is null returning id`,
    [id],
  );
  return rows.length > 0;
}
