import type { Recorder } from '../journal/recorder.ts';
import type { Op } from '../ports/op.ts';
import type { StudyAction } from '../ports/policy.ts';
import type { Sql } from '../ports/sql.ts';
import { type Standing, standingOf } from '../ports/view.ts';
import { viewOf } from './scope.ts';
import { studyFacts } from './study-facts.repo.ts';

export type Ports = { db: Sql; journal: Pick<Recorder, 'denied'> };

/**
 * Of what was found under a Study Instance UID, what the caller may have: decided by what was found, not by what was
 * asked for. What it may not have is left out as if it were not there; that a person was refused is journaled.
 * A caller who sees the whole institution is asked nothing more.
 * @throws {Failure} access/denied where the caller can never have anything
 */
export async function seen<T extends { institution: string }>(
  ports: Ports,
  op: Op,
  action: StudyAction,
  studyUid: string,
  found: readonly T[],
): Promise<T[]> {
  const view = viewOf(op, action);
  const standings = new Map<string, Standing>();
  for (const { institution } of found) standings.set(institution, standingOf(view, institution));
  const unsure = [...standings].filter(([, standing]) => standing === 'depends').map(([institution]) => institution);
  const permitted = new Set([...standings].filter(([, standing]) => standing === 'all').map(([each]) => each));
  if (unsure.length > 0) {
    for (const facts of await studyFacts(ports.db, [studyUid], unsure)) {
      if (op.decide(action, facts).isPermitted) permitted.add(facts.institution);
    }
  }
  for (const institution of standings.keys()) {
    if (!permitted.has(institution)) ports.journal.denied(op, action, institution, studyUid);
  }
  return found.filter(({ institution }) => permitted.has(institution));
}
