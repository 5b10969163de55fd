import { Failure } from '@acervo/kernel/failure.ts';
import type { Db, Sql } from '../../ports/sql.ts';

/**
 * What of the login is carried to another machine: who proves itself by what, and which programs there are. Not
 * sessions, links, attempts, and what the issuer keeps: whoever was logged in logs in anew.
 */
const CARRIED = ['login_credential', 'login_recovery', 'webauthn_credential', 'login_external', 'oidc_client'] as const;

type Rows = readonly Readonly<Record<string, unknown>>[];
/** Rows by table, as JSON has them. */
export type CarriedLogins = Readonly<Partial<Record<(typeof CARRIED)[number], Rows>>>;

const COLUMN = /^[a-z][a-z_]{0,62}$/;

/** All of one moment. */
export async function takeLogins(db: Db): Promise<CarriedLogins> {
  return db.transaction(async (sql) => {
    await sql.query('set transaction isolation level repeatable read, read only');
    const taken: Partial<Record<(typeof CARRIED)[number], Rows>> = {};
    for (const table of CARRIED) {
      const rows = await sql.query<{ row: Record<string, unknown> }>(`select to_jsonb(t) as row from ${table} t`);
      taken[table] = rows.map(({ row }) => row);
    }
    return taken;
  });
}

/**
 * Put them where none are. Columns that a later version added keep their defaults.
 * @returns how many people have something to log in with
 * @throws {Failure} request/invalid for what no archive wrote; config/invalid where somebody is enrolled already
 */
export async function putLogins(sql: Sql, carried: CarriedLogins): Promise<number> {
  for (const table of CARRIED) {
    const rows = carried[table] ?? [];
    const [there] = await sql.query<{ is: boolean }>(`select exists (select from ${table}) as is`);
    if (there?.is === true) throw new Failure('config/invalid', `${table} is not empty: somebody is enrolled here`);
    const columns = Object.keys(rows[0] ?? {});
    if (columns.length === 0) continue;
    if (!columns.every((column) => COLUMN.test(column))) throw new Failure('request/invalid', `${table}: odd columns`);
    const names = columns.join(', ');
    await sql.query(
      `insert into ${table} (${names}) select ${names} from jsonb_populate_recordset(null::${table}, $1::jsonb)`,
      [JSON.stringify(rows)],
    );
  }
  return carried.login_credential?.length ?? 0;
}
