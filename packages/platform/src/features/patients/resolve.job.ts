import { toFailure } from '@acervo/kernel/failure.ts';
import type { Job } from '../../bindings/feature.ts';
import { waitMs } from '../../journal/sealer.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { resolveSome } from './resolve.ts';

const INTERVAL_MS = 1_000;

/** Looks at studies soon after they came. Any number of processes may: one at a time, none twice. */
export function resolveJob(db: Db, openOp: (signal: AbortSignal) => Op): Job {
  return {
    name: 'patients',
    run: async (signal) => {
      while (!signal.aborted) {
        const op = openOp(signal);
        try {
          if ((await resolveSome(db, op)) > 0) continue;
        } catch (thrown) {
          op.log.warn('patients.unresolved', { code: toFailure(thrown).code, detail: toFailure(thrown).detail });
        }
        await waitMs(INTERVAL_MS, signal);
      }
    },
  };
}
