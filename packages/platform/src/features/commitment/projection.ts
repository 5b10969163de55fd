import type { Envelope } from '../../journal/event.ts';
import type { JournalProjection } from '../../journal/projection.ts';
import { type Restored, restoreCommitments } from './commitment-restore.repo.ts';
import { countOf, digestOf, type Failures, type References } from './references.ts';

/**
 * Commitments as the journal tells them. What was owed is owed again, and judged anew; attempts begin anew, while the
 * time after which a report is given up counts from its request.
 */
export const commitmentsProjection: JournalProjection = {
  kinds: [
    'commitment.requested',
    'commitment.reported',
    'commitment.abandoned',
    'commitment.asked',
    'commitment.answered',
  ],
  apply: async (sql, events) => restoreCommitments(sql, restoredOf(events)),
};

type Facts = {
  commitment: string;
  aeTitle: string;
  transaction: string;
  references?: References;
  sees?: readonly string[] | null;
  failures?: Failures;
  problem?: string;
  refused?: string;
};

/** One row for each transaction, as its last event has it: a statement cannot change a row twice. */
function restoredOf(events: readonly Envelope[]): Restored[] {
  const rows = new Map<string, Restored>();
  for (const event of events) {
    const facts = event.facts as Facts;
    const { references } = facts;
    const before = rows.get(facts.commitment);
    rows.set(
      facts.commitment,
      references === undefined ? ended(event, facts, before) : begun(event, facts, references),
    );
  }
  return [...rows.values()];
}

function begun({ at, kind, institution }: Envelope, facts: Facts, references: References): Restored {
  const isAsked = kind === 'commitment.asked';
  return {
    id: facts.commitment,
    begun: {
      role: isAsked ? 'scu' : 'scp',
      aeTitle: facts.aeTitle,
      transactionUid: facts.transaction,
      institution,
      sees: facts.sees ?? null,
      requestedAt: at,
      digest: digestOf(references).toString('hex'),
      count: countOf(references),
      references,
    },
    state: isAsked ? 'asked' : 'open',
    failures: null,
    endedAt: null,
    problem: null,
  };
}

function ended({ at, kind }: Envelope, facts: Facts, before: Restored | undefined): Restored {
  const answer = facts.refused === undefined ? 'answered' : 'refused';
  const state = kind === 'commitment.reported' ? 'reported' : kind === 'commitment.abandoned' ? 'abandoned' : answer;
  return {
    id: facts.commitment,
    begun: before?.begun,
    state,
    failures: facts.failures ?? null,
    endedAt: at,
    problem: facts.problem ?? facts.refused ?? null,
  };
}
