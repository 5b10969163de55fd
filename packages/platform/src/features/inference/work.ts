import { type Failure, toFailure } from '@acervo/kernel/failure.ts';
import { LEASE_MS, underLease } from '../../bindings/lease.ts';
import { seriesKeyOf } from '../../holdings/keys.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { PlacedModel, PlacedModels } from '../../ports/inference-tasks.ts';
import { queueResults } from './delivery.repo.ts';
import { revisionOf } from './facts.repo.ts';
import { inputOf } from './images.ts';
import type { InferencePorts, WorkerPorts } from './ports.ts';
import { endedEvents } from './projection.ts';
import { type Ended, endTask, type Leased, noteResults, postponeTask, renewTask } from './task.repo.ts';

/** Then a task has failed. */
export const ATTEMPTS_MAX = 3;
/** After the first attempt; longer after each. */
export const BACK_OFF_MS = 5_000;

/** `record`: SHA-256 of the sealed bytes of a silent result. */
type End = { state: Ended; reason: string | null; results: readonly string[]; record?: string };

/** How long each part of a task took, ms, by the names under which the log has them. */
type Laps = {
  lap(name: 'openMs' | 'readMs' | 'computeMs' | 'keepMs'): void;
  runMs?: number;
  ms: Record<string, number>;
};

function startLaps(): Laps {
  let from = performance.now();
  const ms: Record<string, number> = {};
  const lap = (name: string): void => {
    const now = performance.now();
    ms[name] = Math.round(now - from);
    from = now;
  };
  return { lap, ms };
}

const ended = (state: Ended, reason: string | null, results: readonly string[] = []): End => ({
  state,
  reason,
  results,
});

/**
 * Do one task, and write down how it went. What fails for a reason that may pass is tried again, with waits between;
 * what runs into its deadline is late, whatever the model does. Rejects only where that could not be written down: then
 * the lease runs out, and another one does it again.
 */
export async function workOn(
  ports: InferencePorts,
  worker: WorkerPorts,
  task: Leased,
  signal: AbortSignal,
): Promise<void> {
  const { db, log } = ports.holdings;
  // Not AbortSignal.timeout, which would stay in memory until the deadline of a task that is long done.
  const late = new AbortController();
  const deadline = setTimeout(() => late.abort(), Math.ceil(task.leftMs));
  const from = performance.now();
  const laps = startLaps();
  let end: End;
  try {
    end = await underLease(
      () => renewTask(db, task, LEASE_MS),
      AbortSignal.any([signal, late.signal]),
      (leased) => perform(ports, worker, { task, laps }, leased),
    );
  } catch (thrown) {
    if (signal.aborted) return await postponeTask(db, task, { waitMs: 0, reason: null, counts: false });
    const { code, detail } = toFailure(thrown);
    // Its detail may tell of the input: the log has it, the row does not. Of what is silent nothing has it.
    const told = isSilent(task) ? {} : { detail };
    log.warn('ai.attempt-failed', { task: task.id, attempts: task.attempts, code, ...told });
    if (!late.signal.aborted && task.attempts < ATTEMPTS_MAX && mayPass(code)) {
      const waitMs = BACK_OFF_MS * 2 ** (task.attempts - 1);
      return await postponeTask(db, task, { waitMs, reason: code, counts: true });
    }
    end = late.signal.aborted ? ended('late', 'deadline') : ended('failed', code);
  } finally {
    clearTimeout(deadline);
  }
  await db.transaction(async (sql) => {
    const over = await endTask(sql, task, end);
    const told = over.map((row) => (end.record === undefined ? row : { ...row, record: end.record }));
    await insertEvents(sql, endedEvents(ports.openOp(signal), told));
    await queueResults(
      sql,
      over.map(({ id }) => id),
    );
  });
  const { state } = end;
  const allMs = Math.round(performance.now() - from);
  const { runMs } = laps;
  // How long it took to draw what was found tells that something was.
  const seconds = { all: allMs / 1000, run: runMs === undefined ? undefined : runMs / 1000 };
  ports.metrics.taskEnded(state, isSilent(task) ? undefined : seconds);
  const took = isSilent(task) ? {} : { allMs, ...laps.ms, ...(runMs !== undefined && { runMs }) };
  log.info('ai.ended', { task: task.id, state, ...took });
}

type Doing = { task: Leased; laps: Laps };

async function perform(
  ports: InferencePorts,
  worker: WorkerPorts,
  { task, laps }: Doing,
  signal: AbortSignal,
): Promise<End> {
  const { holdings, states } = ports;
  const placed = placedNow(states, task);
  if (placed === undefined) return ended('cancelled', 'not-placed');
  const silent = isSilent(task) ? worker.silent : undefined;
  if (isSilent(task)) {
    if (silent === undefined) return ended('cancelled', 'no-silent-store');
    if (!(await silent.hasRoom(task))) return ended('cancelled', 'silent-full');
  }
  const revision = await revisionOf(holdings.db, task.studyKey, task.series.map(seriesKeyOf));
  // It got more meanwhile: that input is routed by itself.
  if (revision !== task.revision) return ended('cancelled', 'superseded');
  const model = await worker.runner.open(task.package);
  laps.lap('openMs');
  const images = await inputOf(holdings, task, model.manifest, worker.inputBytesMax, signal);
  if ('rule' in images) return ended('not-applicable', images.rule);
  laps.lap('readMs');
  const { createdAt } = task;
  const marks = { createdAt, qualification: placed.contentQualification, isSilent: isSilent(task) };
  const outcome = await model.run(images, marks, signal);
  laps.lap('computeMs');
  // Said of the images before the model runs: a rule tells nothing of what it would have found.
  if (outcome.status === 'NOT_APPLICABLE') return ended('not-applicable', outcome.rule);
  laps.runMs = Math.round(outcome.runMs * 10) / 10;
  signal.throwIfAborted();
  // It may have been stopped while it ran.
  if (placedNow(states, task) === undefined) return ended('cancelled', 'not-placed');
  if (silent !== undefined) return { ...ended('done', null), record: (await silent.keep(task, outcome)).sha256 };
  const { objects } = outcome;
  // Known before it is there: should this process die in between, what it kept is found, whatever became of the model.
  const uids = objects.map(({ sopInstanceUid }) => sopInstanceUid);
  if (uids.length > 0 && !(await noteResults(holdings.db, task, uids))) return ended('cancelled', 'lease-lost');
  const results = await worker.sink.keep(task, objects, signal);
  laps.lap('keepMs');
  return ended('done', null, results);
}

/** As the task was made: one that was made in silence stays silent, whatever the package may do by now. */
const isSilent = ({ stage }: Leased): boolean => stage === 'silencioso';

/**
 * The package as it stands there now; undefined where it is not run. A package that went back to silence does not
 * answer a task of before: whoever waits for it is told that there is no result, as of one that was stopped.
 */
function placedNow(states: PlacedModels, task: Leased): PlacedModel | undefined {
  const placed = states.runningAt(task.institution).find((each) => each.package === task.package);
  return placed?.stage === 'silencioso' && !isSilent(task) ? undefined : placed;
}

/** What is so because of the bytes stays so. */
function mayPass(code: Failure['code']): boolean {
  if (code.startsWith('parse/')) return false;
  if (code.startsWith('pixel/')) return code === 'pixel/busy' || code === 'pixel/failed';
  if (code.startsWith('model/')) return PASSING.has(code);
  return code !== 'request/not-found';
}

const PASSING: ReadonlySet<string> = new Set([
  'model/failed',
  'model/time',
  'model/memory',
  'model/busy',
  'model/no-sandbox',
]);
