import type { Sql } from '../../ports/sql.ts';

export type SiteKey = Uint8Array<ArrayBuffer>;

/** The secret of a site: `made`, unless there was one before. All processes of a database get the same. */
export async function siteKeyOf(sql: Sql, institution: string, made: SiteKey): Promise<SiteKey> {
  await sql.query('insert into ai_site_key (institution, key) values ($1, $2) on conflict (institution) do nothing', [
    institution,
    made,
  ]);
  const [row] = await sql.query<{ key: Uint8Array }>('select key from ai_site_key where institution = $1', [
    institution,
  ]);
  if (row === undefined) throw new Error(`${institution} has a key`);
  return new Uint8Array(row.key);
}
