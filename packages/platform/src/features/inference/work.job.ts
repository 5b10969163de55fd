import { toFailure } from '@acervo/kernel/failure.ts';
import type { Job } from '../../bindings/feature.ts';
import { LEASE_MS } from '../../bindings/lease.ts';
import { Bell } from './bell.ts';
import type { InferencePorts, WorkerPorts } from './ports.ts';
import { claimTask } from './task.repo.ts';
import { workOn } from './work.ts';

const POLL_MS = 1_000;
/** After a failure that is not one task's, such as an absent database. */
const TROUBLE_MS = 5_000;

/**
 * Do tasks, each leased to one process at a time. Of the queue nothing is in memory but what is being done.
 * @param bell  rings when this process has made some
 */
export function doTasks(ports: InferencePorts, worker: WorkerPorts, bell = new Bell()): Job {
  return {
    name: 'do inference tasks',
    run: async (signal) => {
      await Promise.all(Array.from({ length: worker.count }, () => oneByOne(ports, { worker, bell }, signal)));
    },
  };
}

type Doing = { worker: WorkerPorts; bell: Bell };

async function oneByOne(ports: InferencePorts, { worker, bell }: Doing, signal: AbortSignal): Promise<void> {
  const { db, log } = ports.holdings;
  while (!signal.aborted) {
    try {
      const task = await claimTask(db, LEASE_MS);
      if (task === undefined) await bell.wait(POLL_MS, signal);
      else await workOn(ports, worker, task, signal);
    } catch (thrown) {
      const { code, detail } = toFailure(thrown);
      log.warn('ai.unworked', { code, detail });
      await bell.wait(TROUBLE_MS, signal);
    }
  }
}
