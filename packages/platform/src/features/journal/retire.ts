import { setTimeout as pause } from 'node:timers/promises';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { lastCheckpoint } from '../../journal/checkpoint.repo.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import { monthAfter } from '../../journal/month.ts';
import { dropMonth, insertRetired } from '../../journal/months.repo.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import { countMonth, exportCursors, lockJournal, type MonthRow, monthsTo } from './retire.repo.ts';
import { FilesCheck } from './retire-check.ts';

export type RetirePorts = {
  db: Db;
  journalBlobs: BlobStore;
  /** A connection as the owner of the tables: the server's role can drop nothing. */
  asOwner<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
};

export type RetireWanted = {
  now: Date;
  /** Events are kept in the database for so many months after their own. */
  months: number;
  /** The receiver of audit messages that is set, if one is. */
  receiver: string | undefined;
  /** Receivers that are waited for no more. */
  ignored: readonly string[];
  isDryRun: boolean;
};

/** Why a month, and with it every later one, stays. */
export type Obstacle = {
  month: string;
  code: 'young' | 'unsealed' | 'unsigned' | 'unexported' | 'damaged' | 'busy' | 'changed';
  detail: string;
};

export type RetireOutcome = {
  /** Months whose events were taken out, or would be. */
  months: { month: string; events: number; firstSeq: number; lastSeq: number }[];
  /** The last month that the rule lets go. */
  through: string;
  obstacle: Obstacle | undefined;
};

/** Tries to have the journal alone; somebody who reads for longer is not waited for. */
const TRIES_MAX = 20;
const TRY_AGAIN_MS = 250;

/**
 * Take months out of the database that are wholly older than the rule. Each goes in a transaction with the event that
 * says so, and only when the journal segments hold every one of its events, a signed checkpoint covers them, and every
 * receiver has them. Months go in their order: at the first one that must stay it ends. Segments are only read.
 * @throws {Failure} access/denied, database/unavailable
 */
export async function retire(ports: RetirePorts, op: Op, wanted: RetireWanted): Promise<RetireOutcome> {
  op.allow('administer', op.institution);
  const through = monthAfter(wanted.now.toISOString().slice(0, 7), -wanted.months - 1);
  const outcome: RetireOutcome = { months: [], through, obstacle: undefined };
  const candidates = await Promise.all((await monthsTo(ports.db, through)).map((month) => countMonth(ports.db, month)));
  if (candidates.length === 0) return outcome;
  const checkpoint = await lastCheckpoint(ports.db);
  const files = await FilesCheck.of(ports, candidates, checkpoint?.line);
  for (const row of candidates) {
    const { month, events, firstSeq, lastSeq } = row;
    outcome.obstacle = (await obstacleOf(ports.db, row, wanted, through)) ?? files.obstacleOf(row);
    if (outcome.obstacle !== undefined) return outcome;
    if (!wanted.isDryRun) outcome.obstacle = await takeOut(ports, op, row, wanted);
    if (outcome.obstacle !== undefined) return outcome;
    outcome.months.push({ month, events, firstSeq, lastSeq });
  }
  return outcome;
}

async function obstacleOf(
  sql: Sql,
  row: MonthRow,
  wanted: RetireWanted,
  through: string,
): Promise<Obstacle | undefined> {
  const { month, events, numbered, lastSeq, until } = row;
  const { receiver, ignored } = wanted;
  if (until >= `${monthAfter(through, 1)}-01`) {
    return { month, code: 'young', detail: `an event of it happened at ${until}` };
  }
  if (numbered < events) {
    return { month, code: 'unsealed', detail: `${events - numbered} of its events have no number` };
  }
  const cursors = await exportCursors(sql);
  if (receiver !== undefined && !cursors.some((each) => each.receiver === receiver)) {
    cursors.unshift({ receiver, seq: 0 });
  }
  const [least] = cursors.filter((each) => !ignored.includes(each.receiver));
  if (least !== undefined && least.seq < lastSeq) {
    const detail = `${least.receiver} has the journal up to ${least.seq}, and its last event is ${lastSeq}`;
    return { month, code: 'unexported', detail };
  }
  return undefined;
}

/** Both or neither: the event that says so, and the drop. */
async function takeOut(
  { asOwner }: RetirePorts,
  op: Op,
  row: MonthRow,
  { months, ignored }: RetireWanted,
): Promise<Obstacle | undefined> {
  const { month, events, firstSeq, lastSeq } = row;
  const facts = { month, events, firstSeq, lastSeq, rule: months, ...(ignored.length > 0 && { ignored }) };
  const event = envelopeOf(op, 'journal.retired', { institution: '' }, facts);
  for (let tries = 1; ; tries++) {
    try {
      return await asOwner(async (sql) => {
        await sql.query('begin');
        await sql.query('set local synchronous_commit = on');
        await lockJournal(sql);
        const found = await countMonth(sql, month);
        if (found.events !== events || found.numbered !== events || found.lastSeq !== lastSeq) {
          await sql.query('rollback');
          return { month, code: 'changed', detail: 'an event was added meanwhile' } as const;
        }
        await insertEvents(sql, [event]);
        await insertRetired(sql, event);
        await dropMonth(sql, month);
        await sql.query('commit');
        return undefined;
      });
    } catch (thrown) {
      if (!isBusy(thrown)) throw thrown;
      if (tries === TRIES_MAX) return { month, code: 'busy', detail: 'others read the journal all the time' };
      await pause(TRY_AGAIN_MS);
    }
  }
}

/** lock_not_available: somebody else has the journal now. */
const isBusy = (thrown: unknown): boolean => thrown instanceof Failure && toFailure(thrown).detail.includes('55P03');
