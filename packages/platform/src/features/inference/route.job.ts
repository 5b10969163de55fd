import { toFailure } from '@acervo/kernel/failure.ts';
import type { Job } from '../../bindings/feature.ts';
import { LEASE_MS } from '../../bindings/lease.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import { waitMs } from '../../journal/sealer.ts';
import type { InferencePorts } from './ports.ts';
import { endedEvents } from './projection.ts';
import { claimDue, followings, followJournal } from './route.repo.ts';
import { routeStudies } from './route.ts';
import { endLate, reapTasks } from './task.repo.ts';
import { ATTEMPTS_MAX, BACK_OFF_MS } from './work.ts';

const POLL_MS = 1_000;
const TROUBLE_MS = 5_000;
/** Studies that are routed together. */
const STUDIES_MAX = 100;
/** Tasks that are put away together. */
const TASKS_MAX = 500;

/**
 * Route studies when they are complete, and put away tasks whose time or whose process is over. It follows the journal:
 * storing knows nothing of it. Any number of processes may run it.
 */
export function routeCompleteStudies(ports: InferencePorts): Job {
  return {
    name: 'route studies to models',
    run: async (signal) => {
      const { log } = ports.holdings;
      while (!signal.aborted) {
        try {
          if (!(await routeOnce(ports, signal))) await waitMs(POLL_MS, signal);
        } catch (thrown) {
          const { code, detail } = toFailure(thrown);
          log.warn('ai.unrouted', { code, detail });
          await waitMs(TROUBLE_MS, signal);
        }
      }
    },
  };
}

/** One round of everything. @returns whether there may be more to do at once */
export async function routeOnce(ports: InferencePorts, signal: AbortSignal): Promise<boolean> {
  const { db, log } = ports.holdings;
  const read = await followJournal(db, await followings(db), ports.quietMs);
  const due = await claimDue(db, LEASE_MS, STUDIES_MAX);
  const op = ports.openOp(signal);
  if (due.length > 0) {
    const tasks = await routeStudies(ports, op, due);
    log.info('ai.routed', { studies: due.length, tasks });
  }
  const ended = await db.transaction(async (sql) => {
    const late = await endLate(sql, TASKS_MAX);
    const dead = await reapTasks(sql, { attemptsMax: ATTEMPTS_MAX, waitMs: BACK_OFF_MS, limit: TASKS_MAX });
    await insertEvents(sql, endedEvents(op, [...late, ...dead]));
    return late.length + dead.length;
  });
  if (ended > 0) log.warn('ai.given-up', { tasks: ended });
  return read > 0 || due.length > 0 || ended > 0;
}
