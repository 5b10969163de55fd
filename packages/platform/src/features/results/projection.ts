import type { JournalProjection } from '../../journal/projection.ts';
import { queueNotes } from './delivery.repo.ts';
import { putMarks, putWithdrawals, restoreAnnounced, type Withdrawal } from './withdrawal.repo.ts';

/**
 * Marks as the journal tells them, and notes that were to be sent. Behind the projection of tasks, which has them. What
 * a withdrawal had not come to yet it finds by itself: it begins anew, and passes over what is marked.
 */
export const resultsProjection: JournalProjection = {
  kinds: ['ai-results.withdrawn', 'ai-model.withdrawn'],
  apply: async (sql, events) => {
    for (const { kind, facts, institution } of events) {
      const { withdrawal } = facts as { withdrawal: Withdrawal };
      await putWithdrawals(sql, [withdrawal]);
      if (kind === 'ai-model.withdrawn') {
        await restoreAnnounced(sql, withdrawal.id, institution);
        continue;
      }
      const { tasks } = facts as { tasks: { task: string; note: string | null }[] };
      await putMarks(
        sql,
        tasks.map((each) => ({ ...each, withdrawal: withdrawal.id })),
      );
      await queueNotes(
        sql,
        tasks.flatMap(({ task, note }) => (note === null ? [] : [{ task, note }])),
      );
    }
  },
};
