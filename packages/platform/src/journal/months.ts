import { toFailure } from '@acervo/kernel/failure.ts';
import type { Log } from '../ports/log.ts';
import type { Db, Sql } from '../ports/sql.ts';
import { monthAfter } from './month.ts';
import { makeMonths } from './months.repo.ts';
import { waitMs } from './sealer.ts';

/** Months that are made before they begin, beside the present one. */
const AHEAD = 2;
const EVERY_MS = 3_600_000;
const AGAIN_MS = 60_000;
/** The lock is asked for beside stores, and given up soon (0018): that somebody has it is told when it lasts. */
const TRY_MS = 1_000;
const TRIES_UNTOLD = 20;

/** The present month and the next ones have their tables. Where one is missing its events wait in the default one. */
export function ensureMonths(sql: Sql, now: Date): Promise<number> {
  const month = now.toISOString().slice(0, 7);
  return makeMonths(sql, monthAfter(month, -1), monthAfter(month, AHEAD));
}

/** The same until the signal aborts. A failure that lasts is logged, and tried again: there are weeks left. */
export async function keepMonths(db: Db, log: Log, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      await ensureMonths(db, new Date());
      failures = 0;
    } catch (thrown) {
      failures += 1;
      const { code, detail } = toFailure(thrown);
      if (failures > TRIES_UNTOLD) log.warn('journal.months-unmade', { code, detail });
    }
    await waitMs(waitAfter(failures), signal);
  }
}

const waitAfter = (failures: number): number => {
  if (failures === 0) return EVERY_MS;
  return failures > TRIES_UNTOLD ? AGAIN_MS : TRY_MS;
};
