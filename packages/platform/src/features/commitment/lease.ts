import type { Sql } from '../../ports/sql.ts';
import { renewLease } from './commitment.repo.ts';

/** After a process died others go on with its reports when this has passed, in milliseconds. */
export const LEASE_MS = 30_000;
const RENEW_MS = 10_000;
/** A lease that could not be renewed ends the work before it runs out. */
const LAST_MS = 25_000;

/** Work while the lease of these rows is renewed. The signal of `work` aborts when it cannot be. */
export async function underLease<T>(
  sql: Sql,
  ids: readonly string[],
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const last = setTimeout(() => lost.abort(), LAST_MS);
  const renewing = setInterval(() => {
    renewLease(sql, ids, LEASE_MS).then(
      () => last.refresh(),
      () => undefined, // What matters is how long ago it was renewed.
    );
  }, RENEW_MS);
  try {
    return await work(AbortSignal.any([signal, lost.signal]));
  } finally {
    clearInterval(renewing);
    clearTimeout(last);
  }
}
