import { toFailure } from '@acervo/kernel/failure.ts';
import type { Job } from '../../bindings/feature.ts';
import { waitMs } from '../../journal/sealer.ts';
import type { ResultsPorts } from './ports.ts';
import { takeSteps, withdrawOnce } from './withdraw.ts';
import { lastRevision } from './withdrawal.repo.ts';

const POLL_MS = 1_000;
/** After a failure that is not one withdrawal's, such as an absent database. */
const TROUBLE_MS = 5_000;

/** Withdraw results of versions that were retired, or suspended for a fault. Any number of processes may run it. */
export function withdrawResults(ports: ResultsPorts): Job {
  return {
    name: 'withdraw results of models',
    run: async (signal) => {
      const { db, log } = ports.holdings;
      // Steps that were taken while no process ran are found at the start.
      let seen = -1;
      while (!signal.aborted) {
        try {
          const last = await lastRevision(db);
          if (last > seen) await takeSteps(db);
          seen = last;
          if (!(await withdrawOnce(ports, signal))) await waitMs(POLL_MS, signal);
        } catch (thrown) {
          const { code, detail } = toFailure(thrown);
          log.warn('ai.unfollowed', { code, detail });
          await waitMs(TROUBLE_MS, signal);
        }
      }
    },
  };
}
