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

/** Secrets of all sites by institution, in base64: what a sealed backup carries. */
export type CarriedSiteKeys = Readonly<Record<string, string>>;

/** Index: none; there is a row for each institution. */
export async function takeSiteKeys(sql: Sql): Promise<CarriedSiteKeys> {
  const rows = await sql.query<{ institution: string; key: string }>(
    `select institution, encode(key, 'base64') as key from ai_site_key order by institution`,
  );
  return Object.fromEntries(rows.map(({ institution, key }) => [institution, key]));
}

/** Put them where none are; a site that has drawn its share by another one keeps that. @returns how many were put */
export async function putSiteKeys(sql: Sql, carried: CarriedSiteKeys): Promise<number> {
  const rows = await sql.query(
    `insert into ai_site_key (institution, key) select institution, decode(key, 'base64')
     from jsonb_to_recordset($1::jsonb) as given (institution text, key text)
     on conflict (institution) do nothing returning institution`,
    [JSON.stringify(Object.entries(carried).map(([institution, key]) => ({ institution, key })))],
  );
  return rows.length;
}
