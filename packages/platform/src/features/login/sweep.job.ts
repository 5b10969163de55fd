import { toFailure } from '@acervo/kernel/failure.ts';
import type { Job } from '../../bindings/feature.ts';
import { waitMs } from '../../journal/sealer.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { sweepAttempts } from './attempts.repo.ts';
import { sweepPayloads } from './payload.repo.ts';
import type { Sessions } from './session.ts';
import { sweepChallenges } from './webauthn.repo.ts';

const EVERY_MS = 60_000;
const ROWS_MAX = 5000;

/** Forgets what is over: sessions, what the issuer kept, attempts. Every process does it; rows go once. */
export function sweepJob(db: Db, sessions: () => Sessions, openOp: (address: string) => Op): Job {
  return {
    name: 'login.sweep',
    run: async (signal) => {
      while (!signal.aborted) {
        await waitMs(EVERY_MS, signal);
        if (signal.aborted) return;
        const op = openOp('');
        try {
          await sessions().sweep(op);
          await sweepPayloads(db, ROWS_MAX);
          await sweepAttempts(db);
          await sweepChallenges(db, ROWS_MAX);
        } catch (thrown) {
          op.log.warn('login.unswept', { code: toFailure(thrown).code });
        }
      }
    },
  };
}
