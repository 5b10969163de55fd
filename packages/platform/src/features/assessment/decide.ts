import { Failure } from '@acervo/kernel/failure.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { DecisionWord, ToldDecision } from '../../ports/assessment.ts';
import type { Op } from '../../ports/op.ts';
import { putDecisions, shownOf } from './assessment.repo.ts';
import { decisionRow } from './projection.ts';
import { seenResult } from './result.ts';
import { type AssessmentPorts, toldDecision } from './told.ts';

export type Decided = {
  decision: DecisionWord;
  reason: string | null;
  /** When the client says that it showed the result: kept as what it is. */
  shownAt: string | null;
};

/** Whoever says that a result is not as it should be says why: that is what the next model learns from. */
const NEED_REASON: ReadonlySet<DecisionWord> = new Set(['modified', 'rejected']);

/**
 * A person's decision on a result, for good: who thinks otherwise later decides again, and both stand in the journal.
 * @throws {Failure} access/denied: no person, or one whose office it is not; retrieve/not-found; request/invalid
 */
export async function decide(ports: AssessmentPorts, op: Op, named: string, asked: Decided): Promise<ToldDecision> {
  if (op.actor.kind !== 'person') throw new Failure('access/denied', `${op.actor.id} is no person`);
  op.allow('assess-ai', op.institution);
  const { decision, reason, shownAt: claimedShownAt } = asked;
  if (reason === null && NEED_REASON.has(decision))
    throw new Failure('request/invalid', `${decision} without a reason`);
  const { result, study } = await seenResult(ports, op, named);
  const [shown] = await shownOf(ports.db, [result.id], op.actor.id);
  const subject = { institution: result.institution, study: study.studyUid };
  const of = { task: result.id, package: result.package, decision, reason, claimedShownAt, by: op.institution };
  const made = envelopeOf(op, 'ai.result-decided', subject, of);
  const took = { shownAt: shown?.at ?? null, secondsToDecide: secondsBetween(shown?.at, made.at) };
  const event = { ...made, facts: { ...made.facts, ...took } };
  await ports.db.transaction(async (sql) => {
    await insertEvents(sql, [event]);
    await putDecisions(sql, [decisionRow(event)]);
  });
  return toldDecision(decisionRow(event), ports.whoIs);
}

/** Two clocks of one archive may differ by little: nobody decides before he sees. */
function secondsBetween(from: string | undefined, to: string): number | null {
  return from === undefined ? null : Math.max(0, Date.parse(to) - Date.parse(from)) / 1_000;
}
