import { isAssigned } from '@acervo/model/lifecycle/assignment.ts';
import type { Assignment } from '../../ports/inference-tasks.ts';
import type { Sql } from '../../ports/sql.ts';

const KEY_BYTES = 32;

type Key = Uint8Array<ArrayBuffer>;

/** Whoever comes first makes it; all processes of a database have the same one. Index: primary key. */
async function siteKeyOf(sql: Sql, institution: string): Promise<Key> {
  const made = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
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

/** Shares of studies by the secrets of their sites, each read once: what is there never changes. */
export function assignmentOver(sql: Sql): Assignment {
  const keys = new Map<string, Key>();
  return async (institution, studyUid, percentage) => {
    const key = keys.get(institution) ?? (await siteKeyOf(sql, institution));
    keys.set(institution, key);
    return isAssigned(key, studyUid, percentage);
  };
}
