import type { Job } from '../../bindings/feature.ts';
import { LEASE_MS } from '../../bindings/lease.ts';
import { inRounds } from '../../bindings/rounds.ts';
import { deliverOne } from './deliver.ts';
import { claimDelivery } from './delivery.repo.ts';
import type { ResultsPorts } from './ports.ts';

/** Systems that are sent to side by side by one process. */
const CALLS_MAX = 3;
const POLL_MS = 1_000;

/** Send what waits, each delivery leased to one process at a time. Any number of processes may run it. */
export function deliverResults(ports: ResultsPorts): Job {
  const { db, log } = ports.holdings;
  const round = async (signal: AbortSignal): Promise<number> => {
    const delivery = await claimDelivery(db, LEASE_MS);
    if (delivery === undefined) return POLL_MS;
    await deliverOne(ports, delivery, signal);
    return 0;
  };
  return inRounds({ name: 'send results of models', round, log, trouble: 'ai.undelivered', sideBySide: CALLS_MAX });
}
