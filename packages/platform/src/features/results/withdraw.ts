import { toFailure } from '@acervo/kernel/failure.ts';
import { withdrawalWords, withdraws } from '@acervo/model/lifecycle/withdrawal.ts';
import { LEASE_MS, underLease } from '../../bindings/lease.ts';
import { heldObjects } from '../../holdings/held-objects.ts';
import { type Envelope, envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Db } from '../../ports/sql.ts';
import { queueNotes } from './delivery.repo.ts';
import { storeNote } from './note.ts';
import type { ResultsPorts } from './ports.ts';
import {
  advance,
  claimWithdrawal,
  endingSteps,
  endWithdrawal,
  type Found,
  isUnended,
  type Mark,
  type Open,
  passAgain,
  putBack,
  putMarks,
  putWithdrawals,
  renewWithdrawal,
  resultsOf,
  takeUnannounced,
  type Withdrawal,
} from './withdrawal.repo.ts';

/** Tasks that are marked together. */
const TASKS_MAX = 50;
/**
 * A process runs what it last knew to be approved: 45 s at the most without the database (0043), and then what it has
 * computed is kept. What was done until then was done by the version that was withdrawn.
 */
const GRACE_MS = 120_000;
const AGAIN_MS = 10_000;
const TROUBLE_MS = 30_000;

/** Steps by which results are withdrawn become rows, once. @returns how many there are of them */
export async function takeSteps(db: Db): Promise<number> {
  const found = (await endingSteps(db)).flatMap((step): Withdrawal[] => {
    const { state, ...rest } = step;
    return withdraws(state, rest.cause) ? [{ ...rest, state }] : [];
  });
  await putWithdrawals(db, found);
  return found.length;
}

/**
 * Go on with one withdrawal: find the results of its version, mark them, store a note beside them, send it where they
 * were sent, and tell their institutions. Ended anywhere it goes on behind the last mark.
 * @returns whether there was one
 */
export async function withdrawOnce(ports: ResultsPorts, signal: AbortSignal): Promise<boolean> {
  const { db, log } = ports.holdings;
  const open = await claimWithdrawal(db, LEASE_MS);
  if (open === undefined) return false;
  try {
    await underLease(
      () => renewWithdrawal(db, open, LEASE_MS),
      signal,
      (leased) => passOver(ports, open, leased),
    );
  } catch (thrown) {
    const { code, detail } = toFailure(thrown);
    log.warn('ai.unwithdrawn', { withdrawal: open.id, code, detail });
    await putBack(db, open, signal.aborted ? 0 : TROUBLE_MS);
  }
  return true;
}

/** From where it was to the last of the results. */
async function passOver(ports: ResultsPorts, open: Open, signal: AbortSignal): Promise<void> {
  const { db } = ports.holdings;
  const beganMs = Date.now();
  let from = open;
  for (;;) {
    signal.throwIfAborted();
    const found = await resultsOf(db, from, GRACE_MS, TASKS_MAX);
    const last = found.at(-1);
    if (last === undefined) break;
    if (!(await markAll(ports, open, found, signal))) return;
    from = { ...from, afterTask: last.task };
  }
  await announce(ports, open, signal);
  const isSettled = beganMs > Date.parse(open.at) + GRACE_MS && !(await isUnended(db, open));
  if (isSettled) await endWithdrawal(db, open);
  else await passAgain(db, open, AGAIN_MS);
}

/** @returns whether the lease is still ours */
async function markAll(
  ports: ResultsPorts,
  open: Open,
  found: readonly Found[],
  signal: AbortSignal,
): Promise<boolean> {
  const marks: (Mark & Found)[] = [];
  for (const each of found) {
    signal.throwIfAborted();
    const note = await noteOf(ports, open, each, signal);
    if (note !== 'nothing') marks.push({ ...each, withdrawal: open.id, note });
  }
  const last = found.at(-1);
  if (last === undefined) return true;
  const { db } = ports.holdings;
  const count = await db.transaction(async (sql) => {
    if (!(await advance(sql, open, last.task))) return undefined;
    const made = new Set(await putMarks(sql, marks));
    const isNew = marks.filter(({ task }) => made.has(task));
    await insertEvents(sql, markedEvents(ports, open, isNew, signal));
    await queueNotes(
      sql,
      isNew.flatMap(({ task, note }) => (note === null ? [] : [{ task, note }])),
    );
    return isNew.length;
  });
  if (count !== undefined) ports.metrics.aiWithdrawn(count);
  return count !== undefined;
}

/**
 * The note of a task, or null where none of its results is there to refer to. Of one that is not done nothing may be
 * there (yet): then there is nothing to be marked.
 */
async function noteOf(
  ports: ResultsPorts,
  { id, at, model, version, state, reason }: Open,
  found: Found,
  signal: AbortSignal,
): Promise<string | null | 'nothing'> {
  const [first, ...others] = await heldObjects(ports.holdings.db, found, found.results);
  if (first === undefined) return found.isDone ? null : 'nothing';
  const { reasonEs } = withdrawalWords(state, reason);
  const text = `${reasonEs}. Modelo ${model}@${version}. Este resultado ya no cuenta; se conserva como evidencia.`;
  const op = ports.openOp(found.institution, signal);
  try {
    return await storeNote(ports, op, [first, ...others], found, { withdrawal: id, at: new Date(at), text });
  } catch (thrown) {
    const { code, detail } = toFailure(thrown);
    if (!isOfTheBytes(code)) throw thrown;
    // One that cannot be read any more is marked all the same, and keeps no other one waiting.
    ports.holdings.log.error('ai.unnoted', { task: found.task, code, detail });
    return null;
  }
}

const isOfTheBytes = (code: string): boolean =>
  code.startsWith('parse/') || code === 'retrieve/damaged' || code === 'model/not-applicable';

/** What was marked of each study: one fact, with the withdrawal, so that the rows come back from it. */
function markedEvents(
  ports: ResultsPorts,
  open: Open,
  marks: readonly (Mark & Found)[],
  signal: AbortSignal,
): Envelope[] {
  return [...Map.groupBy(marks, ({ studyKey }) => studyKey).values()].map((of) => {
    const [{ institution, studyUid: study }] = of as [Mark & Found];
    const facts = { withdrawal: told(open), tasks: of.map(({ task, note }) => ({ task, note })) };
    return envelopeOf(ports.openOp(institution, signal), 'ai-results.withdrawn', { institution, study }, facts);
  });
}

const told = ({ attempts: _attempts, afterTask: _afterTask, ...withdrawal }: Open): Withdrawal => withdrawal;

/** Each institution is told of how many of its results count no more, in how many studies. */
async function announce(ports: ResultsPorts, open: Open, signal: AbortSignal): Promise<void> {
  const { db, log } = ports.holdings;
  const counts = await db.transaction(async (sql) => {
    const unannounced = await takeUnannounced(sql, open.id);
    const events = unannounced.map(({ institution, results, studies }) => {
      const facts = { withdrawal: told(open), results, studies };
      const op = ports.openOp(institution, signal);
      return envelopeOf(op, 'ai-model.withdrawn', { institution, outcome: 'warning' }, facts);
    });
    await insertEvents(sql, events);
    return unannounced;
  });
  const { id: withdrawal, model, version, state } = open;
  for (const count of counts) log.warn('ai.withdrawn', { withdrawal, model, version, state, ...count });
}
