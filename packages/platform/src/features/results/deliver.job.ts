import { toFailure } from '@acervo/kernel/failure.ts';
import type { Job } from '../../bindings/feature.ts';
import { LEASE_MS } from '../../bindings/lease.ts';
import { waitMs } from '../../journal/sealer.ts';
import { deliverOne } from './deliver.ts';
import { claimDelivery } from './delivery.repo.ts';
import type { ResultsPorts } from './ports.ts';

/** Systems that are sent to side by side by one process. */
const CALLS_MAX = 3;
const POLL_MS = 1_000;
/** After a failure that is not one system's, such as an absent database. */
const TROUBLE_MS = 5_000;

/** Send what waits, each delivery leased to one process at a time. Any number of processes may run it. */
export function deliverResults(ports: ResultsPorts): Job {
  return {
    name: 'send results of models',
    run: async (signal) => {
      await Promise.all(Array.from({ length: CALLS_MAX }, () => oneByOne(ports, signal)));
    },
  };
}

async function oneByOne(ports: ResultsPorts, signal: AbortSignal): Promise<void> {
  const { db, log } = ports.holdings;
  while (!signal.aborted) {
    try {
      const delivery = await claimDelivery(db, LEASE_MS);
      if (delivery === undefined) await waitMs(POLL_MS, signal);
      else await deliverOne(ports, delivery, signal);
    } catch (thrown) {
      const { code, detail } = toFailure(thrown);
      log.warn('ai.undelivered', { code, detail });
      await waitMs(TROUBLE_MS, signal);
    }
  }
}
