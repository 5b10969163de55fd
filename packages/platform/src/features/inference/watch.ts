import { isValidUid } from '@acervo/dicom/uid.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { findStudies } from '../../holdings/find.repo.ts';
import { seen } from '../../holdings/seen.ts';
import type { TellResults, ToldResult, Withdrawn } from '../../ports/assessment.ts';
import type { Stage } from '../../ports/inference-tasks.ts';
import type { Op } from '../../ports/op.ts';
import type { Sql } from '../../ports/sql.ts';
import { type DeliveryRow, deliveriesOf, openDeliveries } from './delivery.repo.ts';
import type { RequestPorts } from './request.ts';
import { consideredOf } from './route.repo.ts';
import { checkWatch } from './rules.ts';
import { countTasks, openTasks, type TaskCount, type TaskRow, tasksOfStudy } from './watch.repo.ts';
import { withdrawnTold } from './withdrawn.ts';
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
export type StudyTask = ToldResult & {
  id: string;
  /** Digest of its statement. */
  package: string;
  stage: Stage;
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
  withdrawn: Withdrawn | null;
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
  { holdings, resultsTold }: Pick<RequestPorts, 'holdings'> & { resultsTold: TellResults },
  op: Op,
  studyUid: string,
): Promise<StudyStatus[]> {
  const { db } = holdings;
  if (!isValidUid(studyUid)) throw new Failure('retrieve/not-found', 'no such study');
  const found = (await findStudies(db, studyUid)).flatMap(({ held }) => held ?? []);
  const permitted = await seen(holdings, op, 'read', studyUid, found);
  if (permitted.length === 0) throw new Failure('retrieve/not-found', 'no such study');
  const answers: StudyStatus[] = [];
  for (const held of permitted) {
    const { institution, studyKey } = held;
    const rows = await tasksOfStudy(db, studyKey, LIST_MAX);
    const said = latest(rows.filter(({ stage }) => stage !== 'silencioso'));
    const after = await afterwardsOf(db, said);
    const known = said.map((row) => withResultsOf(row, after));
    const told = await resultsTold(op, held, known);
    // Which systems an institution has is its own to know.
    const isOwn = op.actor.kind === 'process' || op.institution === institution;
    const shown = isOwn ? after : { ...after, deliveries: [] };
    const tasks = known.map((row) => clinical(row, told.get(row.id) ?? NOTHING, shown));
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

/** Where nobody tells anything of results. */
const NOTHING: ToldResult = {
  contentQualification: null,
  isDemonstration: false,
  objects: [],
  findings: [],
  reportsUnread: 0,
  decisions: [],
};

/** What became of results after they were stored, by the id of their task. */
type Afterwards = { withdrawn: ReadonlyMap<string, Withdrawn>; deliveries: readonly DeliveryRow[] };

async function afterwardsOf(sql: Sql, rows: readonly TaskRow[]): Promise<Afterwards> {
  const ids = rows.map(({ id }) => id);
  return { withdrawn: await withdrawnTold(sql, ids), deliveries: await deliveriesOf(sql, ids) };
}

/** Those of a task that did not end well are written down before they are there. */
const withResultsOf = (row: TaskRow, { withdrawn }: Afterwards): TaskRow =>
  row.state === 'done' || withdrawn.has(row.id) ? row : { ...row, results: [] };

function clinical(row: TaskRow, of: ToldResult, { withdrawn, deliveries }: Afterwards): StudyTask {
  const { id, stage, model, version, deadline, endedAt, results, reason } = row;
  const { told, es, en } = toldOf(row);
  const why = told === 'not-applicable' || told === 'no-result' ? (reason ?? 'deadline') : null;
  return {
    id,
    package: row.package,
    stage,
    model,
    version,
    deadline,
    endedAt,
    results,
    ...of,
    state: told,
    es,
    en,
    reason: why,
    withdrawn: withdrawn.get(id) ?? null,
    deliveries: deliveries
      .filter(({ task }) => task === id)
      .map(({ aeTitle, kind, state, endedAt: at }): Sent => ({ aeTitle, kind, state, endedAt: at })),
  };
}
