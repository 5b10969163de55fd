import type { Sql } from '../../ports/sql.ts';
import type { Bound } from './seal.ts';

/** Over the sessions of the silent role: the application's cannot ask these. */
export type SilentRow = Bound & { institution: string; sealed: Uint8Array };
type Of = { package: string; institution: string };

/** Once for each task. */
export async function insertSilent(sql: Sql, row: SilentRow): Promise<void> {
  await sql.query(
    `insert into silent.result (task, package, institution, study_uid, sealed) values ($1, $2, $3, $4, $5)
     on conflict (task) do nothing`,
    [row.task, row.package, row.institution, row.studyUid, row.sealed],
  );
}

/** How many there are, counted up to `most`. Index: result_of_package. */
export async function countSilent(sql: Sql, of: Of, most: number): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    `select count(*) as count
     from (select from silent.result where package = $1 and institution = $2 limit $3) as held`,
    [of.package, of.institution, most],
  );
  return row?.count ?? 0;
}

/** The next ones in their order. Index: result_of_package. */
export async function silentAfter(
  sql: Sql,
  of: Of,
  { after, limit }: { after: number; limit: number },
): Promise<(SilentRow & { seq: number })[]> {
  return sql.query(
    `select seq, task::text as task, package, institution, study_uid as "studyUid", sealed from silent.result
     where package = $1 and institution = $2 and seq > $3 order by seq limit $4`,
    [of.package, of.institution, after, limit],
  );
}

export async function packagesHeld(sql: Sql): Promise<string[]> {
  const rows = await sql.query<{ package: string }>('select distinct package from silent.result');
  return rows.map((row) => row.package);
}

/** @returns how many there were */
export async function deleteSilent(sql: Sql, digest: string): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    `with gone as (delete from silent.result where package = $1 returning 1) select count(*) as count from gone`,
    [digest],
  );
  return row?.count ?? 0;
}

/** Over the application's sessions: which of these packages the nation has retired. */
export async function retiredAmong(sql: Sql, packages: readonly string[]): Promise<string[]> {
  const rows = await sql.query<{ package: string }>(
    `select package from model_state where site = '' and state = 'retirado' and package = any($1)`,
    [packages],
  );
  return rows.map((row) => row.package);
}

/** Over the application's sessions: the digest of a version. */
export async function packageNamed(sql: Sql, model: string, version: string): Promise<string | undefined> {
  const [row] = await sql.query<{ digest: string }>(
    'select digest from model_package where model = $1 and version = $2',
    [model, version],
  );
  return row?.digest;
}
