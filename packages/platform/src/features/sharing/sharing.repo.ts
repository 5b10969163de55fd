import type { Sql } from '../../ports/sql.ts';

export type Kind = 'agreement' | 'referral' | 'glass';

/** One row: something shared, as it is after its last change. */
export type SharingRow = {
  id: string;
  kind: Kind;
  revision: number;
  owner: string;
  receiver: string;
  until: string | null;
  isOpen: boolean;
  record: unknown;
};

const COLUMNS = `id::text as id, kind, revision, owner, receiver,
  to_char(until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as until, is_open as "isOpen", record`;

/** Changes are made one after the other, so that a revision is never visible before a lower one. */
export async function lockSharing(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(hashtext('acervo sharing'))`);
}

/** What changed after a revision, in its order. Index: sharing_revision_key. */
export function sharingAfter(sql: Sql, revision: number, limit: number): Promise<SharingRow[]> {
  return sql.query<SharingRow>(`select ${COLUMNS} from sharing where revision > $1 order by revision limit $2`, [
    revision,
    limit,
  ]);
}

export async function highestRevision(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ revision: number }>('select coalesce(max(revision), 0) as revision from sharing');
  return row?.revision ?? 0;
}

/** Index: primary key. */
export async function findSharing(sql: Sql, id: string): Promise<SharingRow | undefined> {
  const [row] = await sql.query<SharingRow>(`select ${COLUMNS} from sharing where id = $1`, [id]);
  return row;
}

/** Of an institution, given or received, the newest first. @param institution  undefined: of all */
export function listSharing(
  sql: Sql,
  of: { institution: string | undefined; kinds: readonly Kind[]; isOpen: boolean },
  limit: number,
): Promise<SharingRow[]> {
  return sql.query<SharingRow>(
    `select ${COLUMNS} from sharing where kind = any($1::text[]) and (is_open or not $2)
       and ($3::text is null or owner = $3 or receiver = $3) order by revision desc limit $4`,
    [of.kinds, of.isOpen, of.institution ?? null, limit],
  );
}

/** Write rows; a row of a higher revision stays, so that a replay of older events changes nothing. */
export async function putSharing(sql: Sql, rows: readonly (SharingRow & { at: string })[]): Promise<void> {
  await sql.query(
    `insert into sharing (id, kind, revision, changed_at, owner, receiver, until, is_open, record)
     select id, kind, revision, at, owner, receiver, until, "isOpen", record
     from jsonb_to_recordset($1::jsonb) as given (id uuid, kind text, revision bigint, at timestamptz, owner text,
       receiver text, until timestamptz, "isOpen" boolean, record jsonb)
     on conflict (id) do update set revision = excluded.revision, changed_at = excluded.changed_at,
       until = excluded.until, is_open = excluded.is_open, record = excluded.record
       where sharing.revision < excluded.revision`,
    [JSON.stringify(rows)],
  );
}

/** Which labels of sensitivity stand anywhere at each institution. Every row of sensitivity is read. */
export function labelsInUse(sql: Sql): Promise<{ institution: string; labels: string[] }[]> {
  return sql.query<{ institution: string; labels: string[] }>(
    `select institution, array_agg(distinct label order by label) as labels from sensitivity group by institution`,
  );
}

/** Grows with every mark that is made or cleared, and whatever else the directory changes. */
export async function marksRevision(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ revision: number }>(
    'select coalesce(max(revision), 0) as revision from directory_state',
  );
  return row?.revision ?? 0;
}
