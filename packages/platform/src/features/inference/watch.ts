import { isValidUid } from '@acervo/dicom/uid.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { withdrawalWords } from '@acervo/model/lifecycle/withdrawal.ts';
import { findStudies } from '../../holdings/find.repo.ts';
import { seen } from '../../holdings/seen.ts';
import type { Op } from '../../ports/op.ts';
import type { Sql } from '../../ports/sql.ts';
import { type DeliveryRow, deliveriesOf, openDeliveries, type WithdrawnRow, withdrawnOf } from './delivery.repo.ts';
import type { RequestPorts } from './request.ts';
import { consideredOf } from './route.repo.ts';
import { checkWatch } from './rules.ts';
import { countTasks, openTasks, type TaskCount, type TaskRow, tasksOfStudy } from './watch.repo.ts';
import { type Told, toldOf } from './words.ts';

/** Tasks in one answer. */
export const LIST_MAX = 200;
/** Tasks that were made since then are counted. */
const COUNTED_DAYS = 30;

/** A task as people who answer for models see it: never what was found, and of silent ones not where it lies. */
export type WatchedTask = Omit<TaskRow, 'results' | 'isOver'>;
/** `deliveries`: what is to be sent to systems, and what could not be. */
export type Queue = { counts: TaskCount[]; tasks: WatchedTask[]; deliveries: DeliveryRow[] };

/** What is to be done, and how it went. @throws {Failure} access/denied */
export async function queueOf(sql: Sql, op: Op, institution: string | undefined): Promise<Queue> {
  checkWatch(op, institution);
  const tasks = await openTasks(sql, institution, LIST_MAX);
  const sinceId = newId(Date.now() - COUNTED_DAYS * 86_400_000);
  const deliveries = await openDeliveries(sql, institution, LIST_MAX);
  return { counts: await countTasks(sql, institution, sinceId), tasks: tasks.map(watched), deliveries };
}

const watched = ({ results: _results, isOver: _isOver, ...task }: TaskRow): WatchedTask => task;

/** One model and a study, for whoever reads the study. */
export type StudyTask = {
  model: string;
  version: string;
  state: Told;
  /** What a screen says of it: Spanish of Mexico, English. */
  es: string;
  en: string;
  /** Why there is no result: a code, or the rule of the manifest. */
  reason: string | null;
  deadline: string;
  endedAt: string | null;
  /** SOP Instance UIDs. */
  results: readonly string[];
  /** The version was withdrawn: its results count no more. They stay to be read. */
  withdrawn: { at: string; reasonEs: string; reasonEn: string } | null;
  /** Systems that its objects are sent to, for its own institution; `rejection`: the note that withdraws them. */
  deliveries: readonly Sent[];
};
type Sent = Pick<DeliveryRow, 'aeTitle' | 'kind' | 'state' | 'endedAt'>;

export type StudyStatus = {
  institution: string;
  study: string;
  tasks: StudyTask[];
  /** For whoever may watch models there: silent tasks, and what rules said. */
  watched?: { tasks: WatchedTask[]; considered: unknown };
};

/**
 * What AI has said of a study, or that it has not: a deadline that passed is "sin resultado de IA", whether a process
 * is there to write it down or not. Silent tasks are not in `tasks`, for nobody.
 * @throws {Failure} retrieve/not-found, access/denied
 */
export async function statusOf(
  { holdings }: Pick<RequestPorts, 'holdings'>,
  op: Op,
  studyUid: string,
): Promise<StudyStatus[]> {
  const { db } = holdings;
  if (!isValidUid(studyUid)) throw new Failure('retrieve/not-found', 'no such study');
  const found = (await findStudies(db, studyUid)).flatMap(({ held }) => held ?? []);
  const permitted = await seen(holdings, op, 'read', studyUid, found);
  if (permitted.length === 0) throw new Failure('retrieve/not-found', 'no such study');
  const answers: StudyStatus[] = [];
  for (const { institution, studyKey } of permitted) {
    const rows = await tasksOfStudy(db, studyKey, LIST_MAX);
    const said = latest(rows.filter(({ stage }) => stage !== 'silencioso'));
    const after = await afterwardsOf(db, said);
    // Which systems an institution has is its own to know.
    const isOwn = op.actor.kind === 'process' || op.institution === institution;
    const tasks = said.map((row) => clinical(row, isOwn ? after : { ...after, deliveries: [] }));
    const status: StudyStatus = { institution, study: studyUid, tasks };
    if (op.may('watch-ai', institution)) {
      status.watched = { tasks: rows.map(watched), considered: await consideredOf(db, studyKey) };
    }
    answers.push(status);
  }
  return answers;
}

/** Of each package the newest task: what was said of an older input is behind it. */
function latest(rows: readonly TaskRow[]): TaskRow[] {
  const byPackage = new Map<string, TaskRow>();
  for (const row of rows) if (!byPackage.has(row.package)) byPackage.set(row.package, row);
  return [...byPackage.values()];
}

/** What became of results after they were stored, by the id of their task. */
type Afterwards = { withdrawn: ReadonlyMap<string, WithdrawnRow>; deliveries: readonly DeliveryRow[] };

async function afterwardsOf(sql: Sql, rows: readonly TaskRow[]): Promise<Afterwards> {
  const ids = rows.map(({ id }) => id);
  const withdrawn = await withdrawnOf(sql, ids);
  return {
    withdrawn: new Map(withdrawn.map((row) => [row.task, row])),
    deliveries: await deliveriesOf(sql, ids),
  };
}

function clinical(row: TaskRow, { withdrawn, deliveries }: Afterwards): StudyTask {
  const { model, version, deadline, endedAt, reason } = row;
  const by = withdrawn.get(row.id);
  // Those of a task that did not end well are written down before they are there.
  const results = row.state === 'done' || by !== undefined ? row.results : [];
  const sent = deliveries
    .filter(({ task }) => task === row.id)
    .map(({ aeTitle, kind, state, endedAt: at }): Sent => ({ aeTitle, kind, state, endedAt: at }));
  const { told, es, en } = toldOf(row);
  const why = told === 'not-applicable' || told === 'no-result' ? (reason ?? 'deadline') : null;
  return {
    model,
    version,
    state: told,
    es,
    en,
    reason: why,
    deadline,
    endedAt,
    results,
    withdrawn: by === undefined ? null : { at: by.at, ...withdrawalWords(by.state, by.reason) },
    deliveries: sent,
  };
}
