import type { Sql } from '../../ports/sql.ts';

/** May read and write the schema `silent`, and nothing else; the application's role may not even name what is in it. */
export const SILENT_ROLE = 'acervo_silent';

/** Any constant: grants of two processes at a time would meet in one row of the catalogue. */
const GRANT_LOCK = 4_127_703_303;
const GRANTS = `begin;
  select pg_advisory_xact_lock(${GRANT_LOCK});
  grant usage on schema silent to ${SILENT_ROLE};
  grant select, insert, delete on silent.result to ${SILENT_ROLE};
  commit`;

/**
 * Give the silent role what it needs; as the owner. Not a step of the schema, for on an operator's server the role may
 * come later than the tables.
 * @returns whether what is silent is kept from the application's role: where that is the owner, a superuser, or was
 *   granted what it must not have, nothing is kept there
 */
export async function keepApart(sql: Sql, appRole: string): Promise<boolean> {
  const [row] = await sql.query<{ isGranted: boolean; isOpen: boolean }>(
    `select has_schema_privilege($1::name, 'silent', 'usage')
         and has_table_privilege($1::name, 'silent.result', 'insert') as "isGranted",
       has_schema_privilege($2::name, 'silent', 'usage') or has_table_privilege($2::name, 'silent.result', 'select')
         or pg_has_role($2::name, $1::name, 'member') as "isOpen"`,
    [SILENT_ROLE, appRole],
  );
  if (row === undefined || row.isOpen) return false;
  if (!row.isGranted) await sql.query(GRANTS);
  return true;
}
