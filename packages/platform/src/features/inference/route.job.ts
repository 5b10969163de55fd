import { Bell } from '../../bindings/bell.ts';
import type { Job } from '../../bindings/feature.ts';
import { LEASE_MS } from '../../bindings/lease.ts';
import { inRounds } from '../../bindings/rounds.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { InferencePorts } from './ports.ts';
import { endedEvents } from './projection.ts';
import { claimDue, followings, followJournal, nextDueMs } from './route.repo.ts';
import { routeStudies } from './route.ts';
import { endLate, openCounts, reapTasks } from './task.repo.ts';
import { ATTEMPTS_MAX, BACK_OFF_MS } from './work.ts';

const POLL_MS = 1_000;
/** How often tasks are counted for monitors. */
const COUNT_MS = 10_000;
/** Studies that are routed together. */
const STUDIES_MAX = 100;
/** Tasks that are put away together. */
const TASKS_MAX = 500;

/**
 * Route studies when they are complete, and put away tasks whose time or whose process is over. It follows the journal:
 * storing knows nothing of it. Any number of processes may run it.
 * @param bell  is rung when there are tasks to do
 */
export function routeCompleteStudies(ports: InferencePorts, bell = new Bell()): Job {
  const { log } = ports.holdings;
  let countedAt = Number.NEGATIVE_INFINITY;
  const round = async (signal: AbortSignal): Promise<number> => {
    const isMore = await routeOnce(ports, signal, bell);
    if (performance.now() - countedAt >= COUNT_MS) {
      await tellOpen(ports);
      countedAt = performance.now();
    }
    return isMore ? 0 : pauseMs(ports);
  };
  return inRounds({ name: 'route studies to models', round, log, trouble: 'ai.unrouted' });
}

/** Until the next look, or until a study that waits for its quiet period has waited long enough. */
async function pauseMs({ holdings: { db } }: InferencePorts): Promise<number> {
  return Math.min(POLL_MS, Math.max(1, (await nextDueMs(db)) ?? POLL_MS));
}

async function tellOpen({ holdings: { db }, metrics }: InferencePorts): Promise<void> {
  const { queued, leased, oldestSeconds } = await openCounts(db);
  metrics.setTasksOpen({ queued, leased }, oldestSeconds);
}

/** One round of everything. @returns whether there may be more to do at once */
export async function routeOnce(ports: InferencePorts, signal: AbortSignal, bell = new Bell()): Promise<boolean> {
  const { db, log } = ports.holdings;
  const read = await followJournal(db, await followings(db), ports.quietMs);
  const due = await claimDue(db, LEASE_MS, STUDIES_MAX);
  const op = ports.openOp(signal);
  if (due.length > 0) {
    const tasks = await routeStudies(ports, op, due);
    if (tasks > 0) bell.ring();
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
