import { Bell } from '../../bindings/bell.ts';
import type { Job } from '../../bindings/feature.ts';
import { LEASE_MS } from '../../bindings/lease.ts';
import { inRounds } from '../../bindings/rounds.ts';
import type { InferencePorts, WorkerPorts } from './ports.ts';
import { claimTask } from './task.repo.ts';
import { workOn } from './work.ts';

const POLL_MS = 1_000;

/**
 * Do tasks, each leased to one process at a time. Of the queue nothing is in memory but what is being done.
 * @param bell  rings when this process has made some
 */
export function doTasks(ports: InferencePorts, worker: WorkerPorts, bell = new Bell()): Job {
  const { db, log } = ports.holdings;
  const round = async (signal: AbortSignal): Promise<number> => {
    const task = await claimTask(db, LEASE_MS);
    if (task === undefined) return POLL_MS;
    await workOn(ports, worker, task, signal);
    return 0;
  };
  return inRounds({ name: 'do inference tasks', round, log, trouble: 'ai.unworked', sideBySide: worker.count, bell });
}
