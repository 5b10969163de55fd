import { toFailure } from '@acervo/kernel/failure.ts';
import type { Job } from '../../bindings/feature.ts';
import { waitMs } from '../../journal/sealer.ts';
import type { Op } from '../../ports/op.ts';
import { expiredStates } from './governance.repo.ts';
import type { Ports } from './refusing.ts';
import { suspendExpired } from './stopping.ts';

const EVERY_MS = 60_000;
const ROWS_MAX = 1000;

/** Suspend what stands by expired signatures. Every process does it; each state is suspended once. */
export async function sweepExpired(ports: Ports, op: Op): Promise<number> {
  let count = 0;
  for (const state of await expiredStates(ports.db, ports.now().toISOString(), ROWS_MAX)) {
    if (await suspendExpired(ports, op, state)) count += 1;
  }
  if (count > 0) op.log.info('model.expired', { count });
  return count;
}

/** The view in memory knows of the clock by itself; this writes it down. */
export function expiryJob(ports: Ports, openOp: (signal: AbortSignal) => Op): Job {
  return {
    name: 'model.expiry',
    run: async (signal) => {
      while (!signal.aborted) {
        const op = openOp(signal);
        try {
          await sweepExpired(ports, op);
        } catch (thrown) {
          op.log.warn('model.unexpired', { code: toFailure(thrown).code });
        }
        await waitMs(EVERY_MS, signal);
      }
    },
  };
}
