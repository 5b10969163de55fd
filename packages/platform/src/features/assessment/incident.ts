import { Failure } from '@acervo/kernel/failure.ts';
import { isUuid } from '@acervo/kernel/id.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Op } from '../../ports/op.ts';
import {
  type HeldIncident,
  type IncidentRow,
  incidentBy,
  incidentsAt,
  institutionsWithIncidents,
  putIncidents,
  type Severity,
} from './incident.repo.ts';
import { type StepRow, stepsOf } from './incident-step.repo.ts';
import { incidentRow } from './projection.ts';
import { seenResult } from './result.ts';
import { type AssessmentPorts, nameOf, type WhoIs } from './told.ts';

/** Incidents in one list. */
export const LIST_MAX = 1_000;

type Listing = Pick<AssessmentPorts, 'db' | 'whoIs'>;

export type ToldStep = Omit<StepRow, 'incident'> & {
  /** Name of the person where it is known, else the id. */ by: string;
};
export type ToldIncident = HeldIncident & {
  /** Name of the reporter where it is known, else the id. */
  by: string;
  /** Who looks into it now. */
  investigator: { person: string; by: string } | null;
  /** The first one first. */
  steps: readonly ToldStep[];
};

/**
 * Something went wrong with a result, or nearly did. Whoever may read the study says so: to report is never harder than
 * to go on.
 * @throws {Failure} access/denied for a program; retrieve/not-found
 */
export async function reportIncident(
  ports: AssessmentPorts,
  op: Op,
  named: string,
  { severity, text }: { severity: Severity; text: string },
): Promise<ToldIncident> {
  if (op.actor.kind === 'system') throw new Failure('access/denied', `${op.actor.id} is no person`);
  const { result } = await seenResult(ports, op, named);
  const { id: task, package: digest, model, version, institution, studyUid: study } = result;
  const facts = { task, package: digest, model, version, severity, text, by: op.institution };
  const event = envelopeOf(op, 'ai.incident-reported', { institution, study, outcome: 'warning' }, facts);
  const row = incidentRow(event);
  await ports.db.transaction(async (sql) => {
    await insertEvents(sql, [event]);
    await putIncidents(sql, [row]);
  });
  op.log.warn('ai.incident-reported', { op: op.id, incident: row.id, model, version, severity });
  return told(row, [], ports.whoIs);
}

/** Incidents of the institutions that the caller answers for, the newest first. @throws {Failure} access/denied */
export async function listIncidents({ db, whoIs }: Listing, op: Op): Promise<ToldIncident[]> {
  const seen = (await institutionsWithIncidents(db)).filter((each) => op.may('read-incident', each));
  if (seen.length === 0) op.allow('read-incident', op.institution);
  const rows = await incidentsAt(db, seen, LIST_MAX);
  const ids = rows.map(({ id }) => id);
  const steps = Map.groupBy(await stepsOf(db, ids), ({ incident }) => incident);
  return rows.map((row) => told(row, steps.get(row.id) ?? [], whoIs));
}

/** @throws {Failure} request/not-found, also where it is not for this caller */
export async function seenIncident({ db, whoIs }: Listing, op: Op, id: string): Promise<ToldIncident> {
  const row = isUuid(id) ? await incidentBy(db, id) : undefined;
  if (row === undefined || !op.may('read-incident', row.institution)) {
    throw new Failure('request/not-found', 'no such incident, or not for this caller');
  }
  return told(row, await stepsOf(db, [id]), whoIs);
}

/** Where it stands is told by the steps alone: a second look at it would be of another moment. */
function told(row: IncidentRow, rows: readonly StepRow[], whoIs: WhoIs): ToldIncident {
  const steps = rows.map(({ incident: _incident, ...step }): ToldStep => ({ ...step, by: nameOf(whoIs, step.person) }));
  const last = steps.at(-1);
  const investigator = last?.to === 'investigating' ? { person: last.person, by: last.by } : null;
  const by = row.reporterKind === 'person' ? nameOf(whoIs, row.reporter) : row.reporter;
  return { ...row, state: last?.to ?? 'open', by, investigator, steps };
}
