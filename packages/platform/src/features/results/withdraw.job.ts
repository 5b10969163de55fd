import type { Job } from '../../bindings/feature.ts';
import { inRounds } from '../../bindings/rounds.ts';
import type { ResultsPorts } from './ports.ts';
import { takeSteps, withdrawOnce } from './withdraw.ts';
import { lastRevision } from './withdrawal.repo.ts';

const POLL_MS = 1_000;

/** Withdraw results of versions that were retired, or suspended for a fault. Any number of processes may run it. */
export function withdrawResults(ports: ResultsPorts): Job {
  const { db, log } = ports.holdings;
  // Steps that were taken while no process ran are found at the start.
  let seen = -1;
  const round = async (signal: AbortSignal): Promise<number> => {
    const last = await lastRevision(db);
    if (last > seen) await takeSteps(db);
    seen = last;
    return (await withdrawOnce(ports, signal)) ? 0 : POLL_MS;
  };
  return inRounds({ name: 'withdraw results of models', round, log, trouble: 'ai.unfollowed' });
}
