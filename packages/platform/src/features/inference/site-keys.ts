import { isAssigned } from '@acervo/model/lifecycle/assignment.ts';
import type { Assignment } from '../../ports/inference-tasks.ts';
import type { Sql } from '../../ports/sql.ts';
import { type SiteKey, siteKeyOf } from './site-key.repo.ts';

const KEY_BYTES = 32;

/** Shares of studies by the secrets of their sites, each read once: one that is there never changes. */
export function assignmentOver(sql: Sql): Assignment {
  const keys = new Map<string, SiteKey>();
  return async (institution, studyUid, percentage) => {
    const fresh = () => siteKeyOf(sql, institution, crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
    const key = keys.get(institution) ?? (await fresh());
    keys.set(institution, key);
    return isAssigned(key, studyUid, percentage);
  };
}
