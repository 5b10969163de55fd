import type { Sql } from '../../ports/sql.ts';

/** One row: a described system, or the mark that one was removed. */
export type SystemRow = { aeTitle: string; revision: number; record: unknown };

/** Changes are made one after the other, so that a revision is never visible before a lower one. */
export async function lockSystems(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(hashtext('acervo systems'))`);
}

/** What changed after a revision, in its order. Index: known_system_revision_key. */
export function systemsAfter(sql: Sql, revision: number, limit: number): Promise<SystemRow[]> {
  return sql.query<SystemRow>(
    `select ae_title as "aeTitle", revision, record from known_system where revision > $1 order by revision limit $2`,
    [revision, limit],
  );
}

export async function highestRevision(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ revision: number }>(
    'select coalesce(max(revision), 0) as revision from known_system',
  );
  return row?.revision ?? 0;
}

/** Write rows; a row of a higher revision stays, so that a replay of older events changes nothing. */
export async function putSystems(sql: Sql, rows: readonly (SystemRow & { at: string })[]): Promise<void> {
  await sql.query(
    `insert into known_system (ae_title, revision, changed_at, record)
     select "aeTitle", revision, at, record
     from jsonb_to_recordset($1::jsonb) as given ("aeTitle" text, revision bigint, at timestamptz, record jsonb)
     on conflict (ae_title) do update
       set revision = excluded.revision, changed_at = excluded.changed_at, record = excluded.record
       where known_system.revision < excluded.revision`,
    [JSON.stringify(rows)],
  );
}
