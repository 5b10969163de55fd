import { Failure } from '@acervo/kernel/failure.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Op } from '../../ports/op.ts';
import { seenIncident, type ToldIncident } from './incident.ts';
import { type Cause, type IncidentState, putSteps } from './incident-step.repo.ts';
import { stepRow } from './projection.ts';
import type { AssessmentPorts } from './told.ts';

/** Steps of one incident: as the database has it. */
const STEPS_MAX = 200;

/** What there is from where; whoever goes on with what another one looks into takes it over. */
const NEXT: Readonly<Record<IncidentState, readonly IncidentState[]>> = {
  open: ['investigating'],
  investigating: ['investigating', 'closed'],
  closed: ['open'],
};

/** A step that somebody asks for, and what is to be said with it. */
export type IncidentStep =
  | { to: 'investigating' | 'open'; note: string }
  | { to: 'closed'; note: string; cause: Cause; correctiveAct: string | null };

/**
 * Take an incident on, close it with what was found, or open it again with a reason. By a person whose office it is
 * (`handle-incident`); each step is an event of the study, and none is ever changed.
 * @throws {Failure} request/not-found where the incident is not the caller's to read; access/denied where it is not the
 *   caller's to handle; request/invalid where a fault is named and no act; incident/state where it stands elsewhere
 */
export async function stepIncident(
  ports: AssessmentPorts,
  op: Op,
  id: string,
  asked: IncidentStep,
): Promise<ToldIncident> {
  const incident = await seenIncident(ports, op, id);
  const { institution, studyUid: study, task, state: from, steps } = incident;
  if (op.actor.kind !== 'person') throw new Failure('access/denied', `${op.actor.id} is no person`);
  op.allow('handle-incident', institution);
  if (!NEXT[from].includes(asked.to) || steps.length >= STEPS_MAX) throw elsewhere(from);
  const { to, note } = asked;
  const [cause, correctiveAct] = to === 'closed' ? [asked.cause, asked.correctiveAct] : [null, null];
  if (cause !== null && cause !== 'none' && correctiveAct === null) {
    throw new Failure('request/invalid', 'a fault was found, and nothing is said of what was done about it');
  }
  const number = steps.length + 1;
  const facts = { incident: id, task, number, from, to, note, cause, correctiveAct, by: op.institution };
  const outcome = to === 'open' ? 'warning' : 'success';
  const event = envelopeOf(op, 'ai.incident-stepped', { institution, study, outcome }, facts);
  await ports.db.transaction(async (sql) => {
    const put = await putSteps(sql, [stepRow(event)]);
    // Somebody else was faster.
    if (put.size === 0) throw elsewhere(from);
    await insertEvents(sql, [event]);
  });
  op.log.info('ai.incident-stepped', { op: op.id, incident: id, from, to, ...(cause !== null && { cause }) });
  return seenIncident(ports, op, id);
}

const elsewhere = (state: IncidentState): Failure =>
  new Failure('incident/state', `the incident is ${state}, or has just been taken further`);
