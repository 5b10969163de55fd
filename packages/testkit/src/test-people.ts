import { importSeed } from '@acervo/platform/features/directory/seed.ts';
import type { Role } from '@acervo/platform/ports/directory.ts';
import type { Identities } from '@acervo/platform/ports/identity.ts';
import type { Db } from '@acervo/platform/ports/sql.ts';
import { testOp } from './fakes/op.ts';

/** People by login, each with an office at his institution. */
export type Staff = Readonly<Record<string, { institution: string; role: Role }>>;

/**
 * What issues sessions and tokens is a port: here a header, `Person LOGIN`, says who it is. The directory is the real
 * one, and whoever is not among `ids` is in no directory.
 */
export function headerIdentities(ids: ReadonlyMap<string, string>): Identities {
  return {
    of: ({ headers }) => {
      const login = /^Person (.+)$/.exec(headers['authorization'] ?? '')?.[1];
      if (login === undefined) return Promise.resolve(undefined);
      const id = ids.get(login) ?? 'nobody';
      return Promise.resolve({ kind: 'person', id, strength: 'second-factor', purpose: '', institution: '' });
    },
  };
}

/** Puts people and their institutions into the directory, where a login is in small letters. @param ids  gets theirs */
export async function hire(database: Db, staff: Staff, ids: Map<string, string>): Promise<void> {
  const logins = Object.keys(staff);
  const people = Object.entries(staff).map(([login, { institution, role }]) => {
    return { login: login.toLowerCase(), name: `Persona ${login}`, institution, roles: [{ role, institution }] };
  });
  const codes = new Set(people.map(({ institution }) => institution));
  const institutions = [...codes].map((code) => ({ code, name: code }));
  await importSeed(database, testOp(), { institutions, people });
  const rows = await database.query<{ id: string; login: string }>('select id::text as id, login from person');
  for (const login of logins) ids.set(login, rows.find((row) => row.login === login.toLowerCase())?.id ?? 'nobody');
}
