import { withdrawalWords } from '@acervo/model/lifecycle/withdrawal.ts';
import type { TellWithdrawn } from '../../ports/assessment.ts';
import { withdrawnOf } from './delivery.repo.ts';

/** Which results count no more, in words. */
export const withdrawnTold: TellWithdrawn = async (sql, tasks) => {
  const rows = await withdrawnOf(sql, tasks);
  return new Map(rows.map(({ task, at, state, reason }) => [task, { at, ...withdrawalWords(state, reason) }]));
};
