import { isValidUid } from '@acervo/dicom/uid.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { isUuid, newId } from '@acervo/kernel/id.ts';
import { findStudies, type HeldStudy } from '../../holdings/find.repo.ts';
import { seen } from '../../holdings/seen.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { PlacedModel } from '../../ports/inference-tasks.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { addDestinations, queueAgain } from './delivery.repo.ts';
import { checkDestinations } from './destinations.ts';
import { factsOf, revisionOf } from './facts.repo.ts';
import type { InferencePorts } from './ports.ts';
import { endedEvents, madeEvents } from './projection.ts';
import { cancelTask, insertTasks, type NewTask, PRIORITY } from './task.repo.ts';

/** What asking takes of the archive. */
export type RequestPorts = {
  holdings: Pick<InferencePorts['holdings'], 'db' | 'journal'>;
  states: InferencePorts['states'];
  systems: InferencePorts['systems'];
};

/** Studies of one request. */
export const STUDIES_MAX = 200;
/** Results and documents about images, of which no model makes anything. */
const NO_IMAGES: ReadonlySet<string> = new Set(['SR', 'SEG', 'PR', 'KO', 'DOC', 'REG', 'RTSTRUCT', 'RTPLAN', 'RTDOSE']);

export type Asked = {
  studies: readonly string[];
  /** ID@VERSION of the package. */
  model: string;
  deadlineMinutes: number;
  /** AE titles of systems of the institution of each study that the results are sent to. */
  deliverTo?: readonly string[] | undefined;
};

/**
 * What became of one study. `known`: the task was there, and is not begun again; its results are sent all the same
 * where that was asked for.
 */
export type Answered = { study: string; outcome: 'queued' | 'known' | 'not-found' | 'no-images'; task?: string };

/**
 * Ask for a package on studies, past ones too: tasks behind those of rules. A task that ended without a result begins
 * anew; one that has a result, or waits, stays. Whether a model may run is said by the institution that has the study.
 * @throws {Failure} request/not-found: no such package may run there (or none that the caller may know of);
 *   access/denied
 */
export async function requestTasks(ports: RequestPorts, op: Op, asked: Asked): Promise<Answered[]> {
  const answers: Answered[] = [];
  for (const study of new Set(asked.studies)) {
    if (!isValidUid(study)) throw new Failure('request/invalid', 'not a Study Instance UID');
    const found = (await findStudies(ports.holdings.db, study)).flatMap(({ held }) => held ?? []);
    const permitted = (await seen(ports.holdings, op, 'read', study, found)).filter(({ institution }) =>
      op.may('request-ai', institution),
    );
    if (permitted.length === 0) answers.push({ study, outcome: 'not-found' });
    for (const held of permitted) answers.push(await requestOne(ports, op, held, asked));
  }
  return answers;
}

async function requestOne(ports: RequestPorts, op: Op, held: HeldStudy, asked: Asked): Promise<Answered> {
  const { db } = ports.holdings;
  const { studyUid: study, studyKey, institution } = held;
  const placed = placedModel(ports, op, institution, asked.model);
  const { deliverTo = [] } = asked;
  checkDestinations(ports.systems, institution, deliverTo);
  const [facts] = await factsOf(db, [studyKey]);
  const series = facts?.series.filter(({ modality = '' }) => !NO_IMAGES.has(modality)) ?? [];
  const keys = series.map(({ seriesKey }) => seriesKey);
  const revision = series.length === 0 ? undefined : await revisionOf(db, studyKey, keys);
  if (revision === undefined) return { study, outcome: 'no-images' };
  const { package: digest, model, version, stage } = placed;
  const now = Date.now();
  const task: NewTask = {
    id: newId(),
    package: digest,
    model,
    version,
    stage,
    institution,
    studyKey,
    studyUid: study,
    revision,
    series: series.map(({ seriesUid }) => seriesUid),
    rules: [],
    askedBy: `${op.actor.kind}/${op.actor.id}`,
    priority: PRIORITY.asked,
    deliverTo,
    createdAt: new Date(now).toISOString(),
    deadline: new Date(now + asked.deadlineMinutes * 60_000).toISOString(),
  };
  const made = await db.transaction(async (sql) => {
    const tasks = await insertTasks(sql, [task], true);
    await insertEvents(sql, madeEvents(op, tasks));
    return tasks;
  });
  const [first] = made;
  if (first !== undefined) return { study, outcome: 'queued', task: first.id };
  if (deliverTo.length > 0) await sendKnown(db, op, task, deliverTo);
  return { study, outcome: 'known' };
}

/** The results of a task that was there, or that it will have, are to be sent to these as well. */
function sendKnown(db: Db, op: Op, asked: NewTask, aeTitles: readonly string[]): Promise<void> {
  return db.transaction(async (sql) => {
    const task = await addDestinations(sql, asked, aeTitles);
    if (task === undefined) return;
    const { institution, studyUid: study } = asked;
    await insertEvents(sql, [envelopeOf(op, 'ai-delivery.asked', { institution, study }, { task, aeTitles })]);
    await queueAgain(sql, task, aeTitles);
  });
}

/** A silent package is known only to whoever may watch it. */
function placedModel(
  { states }: Pick<RequestPorts, 'states'>,
  op: Op,
  institution: string,
  named: string,
): PlacedModel {
  const found = states
    .runningAt(institution)
    .find(
      ({ model, version, stage }) =>
        `${model}@${version}` === named && (stage !== 'silencioso' || op.may('watch-ai', institution)),
    );
  if (found === undefined) throw new Failure('request/not-found', `no model ${named} runs at ${institution}`);
  return found;
}

/**
 * A task that has not ended does so.
 * @throws {Failure} request/not-found, also where it is not the caller's to end, or its results are being stored
 */
export async function cancel(
  { holdings }: Pick<RequestPorts, 'holdings'>,
  op: Op,
  id: string,
): Promise<{ id: string; state: 'cancelled' }> {
  if (op.actor.kind !== 'process') op.allow('route-ai', op.institution);
  await holdings.db.transaction(async (sql) => {
    const institution = op.actor.kind === 'process' ? undefined : op.institution;
    const ended = isUuid(id) ? await cancelTask(sql, id, institution) : [];
    if (ended.length === 0) throw new Failure('request/not-found', 'no such task without an end or a result');
    await insertEvents(sql, endedEvents(op, ended));
  });
  return { id, state: 'cancelled' };
}
