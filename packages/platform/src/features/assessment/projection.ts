import type { Envelope } from '../../journal/event.ts';
import type { JournalProjection } from '../../journal/projection.ts';
import { type DecisionRow, putDecisions, putShown, type ShownRow } from './assessment.repo.ts';
import { type IncidentRow, putIncidents } from './incident.repo.ts';
import { putSteps, type StepRow } from './incident-step.repo.ts';

/** Who was shown what, decisions and incidents as the journal tells them. */
export const assessmentProjection: JournalProjection = {
  kinds: ['ai.result-shown', 'ai.result-decided', 'ai.incident-reported', 'ai.incident-stepped'],
  apply: async (sql, events) => {
    const of = (kind: Envelope['kind']): Envelope[] => events.filter((event) => event.kind === kind);
    await putShown(sql, of('ai.result-shown').map(shownRow));
    await putDecisions(sql, of('ai.result-decided').map(decisionRow));
    await putIncidents(sql, of('ai.incident-reported').map(incidentRow));
    await putSteps(sql, of('ai.incident-stepped').map(stepRow));
  },
};

type DecisionFacts = Pick<
  DecisionRow,
  'task' | 'package' | 'decision' | 'reason' | 'shownAt' | 'claimedShownAt' | 'secondsToDecide'
> & { by: string };
type IncidentFacts = Pick<IncidentRow, 'task' | 'package' | 'model' | 'version' | 'severity' | 'text'> & { by: string };

export function shownRow({ id: event, at, actor, facts }: Envelope): ShownRow {
  const { task } = facts as { task: string };
  return { task, person: actor.id, at, event };
}

export function decisionRow({ id, at, actor, institution, facts }: Envelope): DecisionRow {
  const { by: personInstitution, ...of } = facts as DecisionFacts;
  return { id, at, institution, person: actor.id, personInstitution, ...of };
}

export function incidentRow({ id, at, actor, institution, study, facts }: Envelope): IncidentRow {
  const { by: reporterInstitution, ...of } = facts as IncidentFacts;
  const reporter = { reporterKind: actor.kind, reporter: actor.id, reporterInstitution };
  return { id, at, institution, studyUid: study, ...reporter, ...of };
}

type StepFacts = Omit<StepRow, 'id' | 'at' | 'person' | 'personInstitution'> & { task: string; by: string };

export function stepRow({ id, at, actor, facts }: Envelope): StepRow {
  const { by: personInstitution, task: _task, ...of } = facts as StepFacts;
  return { id, at, person: actor.id, personInstitution, ...of };
}
