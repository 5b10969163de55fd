import pg from 'pg';
import type { Log } from '../../ports/log.ts';
import { APP_ROLE } from './cluster.ts';
import type { Access } from './database.ts';
import { databaseFailure, sqlStateOf } from './database-failure.ts';
import { SILENT_ROLE } from './silent.ts';

/** What our own server is started with, as far as a session may ask for it. */
const SESSION_OPTIONS = '-c plan_cache_mode=force_custom_plan -c jit=off -c timezone=UTC';
/** Any constant: one process at a time makes the role. */
const ROLE_LOCK = 4_127_703_302;
/** insufficient_privilege, invalid_grant_operation. */
const NOT_ALLOWED: readonly (string | undefined)[] = ['42501', '0LP01'];

/**
 * Access to an operator's PostgreSQL. With two URLs the users of the two are application and owner. With one,
 * its user owns the tables, and the application's sessions step down to the role acervo_app; where that role
 * cannot be made or taken, both are one role, and the journal is only protected by its seals: a warning. The sessions
 * for what is silent are the owner's, stepped down to acervo_silent.
 * @throws {Failure} database/unavailable, or internal with PostgreSQL's own code.
 */
export async function operatorAccess(urls: { url: string; ownerUrl?: string }, log: Log): Promise<Access> {
  const app = { connectionString: urls.url, options: SESSION_OPTIONS };
  if (urls.ownerUrl !== undefined) {
    const owner = { connectionString: urls.ownerUrl, options: SESSION_OPTIONS };
    return { app, owner, appRole: await once(app, currentRole), silent: () => steppedDown(owner, SILENT_ROLE) };
  }
  const silent = () => steppedDown(app, SILENT_ROLE);
  const stepped = await steppedDown(app, APP_ROLE);
  if (stepped !== undefined) return { app: stepped, owner: app, appRole: APP_ROLE, silent };
  const appRole = await once(app, currentRole);
  log.warn('database.single-role', { role: appRole });
  return { app, owner: app, appRole, silent };
}

/** Sessions of a user that take another role; undefined where it can neither make nor take it. */
async function steppedDown(config: pg.ClientConfig, role: string): Promise<pg.ClientConfig | undefined> {
  if (!(await once(config, (client) => ensureRole(client, role)))) return undefined;
  return { ...config, options: `${SESSION_OPTIONS} -c role=${role}` };
}

async function once<T>(config: pg.ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(config);
  client.on('error', () => {}); // The question at hand fails and says so.
  try {
    await client.connect();
    return await work(client);
  } catch (thrown) {
    throw databaseFailure(thrown);
  } finally {
    await client.end().catch(() => {}); // Lost already.
  }
}

async function currentRole(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ role: string }>('select current_user::text as role');
  return rows[0]?.role ?? APP_ROLE;
}

/** True when this user may step down to a role (a name of our own), which is made when it is not there. */
async function ensureRole(client: pg.Client, role: string): Promise<boolean> {
  const steps = `begin;
    do $$
    declare
      -- From 16 on who makes a role is its member, and may not take it before it granted itself that.
      stepping_down text := case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end;
    begin
      perform pg_advisory_xact_lock(${ROLE_LOCK});
      if not exists (select from pg_roles where rolname = '${role}') then create role ${role} nologin; end if;
      if not pg_has_role(current_user, '${role}', stepping_down) then grant ${role} to current_user; end if;
    end $$;
    set local role ${role};
    commit`;
  try {
    await client.query(steps);
    return true;
  } catch (thrown) {
    if (!NOT_ALLOWED.includes(sqlStateOf(databaseFailure(thrown)))) throw thrown;
    return false;
  }
}
