import { Failure } from '@acervo/kernel/failure.ts';
import type { Envelope } from '../../journal/event.ts';
import type { JournalProjection } from '../../journal/projection.ts';
import type { Sql } from '../../ports/sql.ts';
import {
  type ApprovalRow,
  hasStep,
  type KeyRow,
  putApproval,
  putKeys,
  putStep,
  type StepRow,
} from './governance.repo.ts';

type Facts = { key: KeyRow } | { approval: Omit<ApprovalRow, 'event'> } | { step: StepRow };

const revisionOf = ({ facts }: Envelope): number => {
  const told = facts as Facts;
  if ('key' in told) return told.key.revision;
  return 'step' in told ? told.step.revision : told.approval.revision;
};

/**
 * The life-cycle as the journal tells it. Each step is judged by the database again: what does not follow from what
 * came before it, in a journal with holes, is left out, so that nothing runs for which there are no signatures.
 */
export const governanceProjection: JournalProjection = {
  kinds: ['approver.enrolled', 'approver.revoked', 'model.approved', 'model.stepped'],
  apply: async (sql, events) => {
    for (const event of events.toSorted((a, b) => revisionOf(a) - revisionOf(b))) await applyOne(sql, event);
  },
};

async function applyOne(sql: Sql, { id, facts }: Envelope): Promise<void> {
  const told = facts as Facts;
  await sql.query('savepoint governance');
  try {
    if ('key' in told) await putKeys(sql, [told.key]);
    else if ('approval' in told) await putApproval(sql, { ...told.approval, event: id });
    else if (!(await hasStep(sql, told.step.id))) await putStep(sql, told.step);
    await sql.query('release savepoint governance');
  } catch (thrown) {
    // A step that does not follow. Anything else, such as a database that is gone, fails the rebuilding.
    if (!(thrown instanceof Failure) || thrown.code !== 'internal') throw thrown;
    await sql.query('rollback to savepoint governance');
  }
}
