import type { Json } from '@acervo/kernel/canonical-json.ts';
import { type Envelope, envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import { directoryRevision, lockDirectory } from './directory.repo.ts';
import { type DirectoryKind, directoryProjection, type Facts } from './projection.ts';

/** What one transaction sees and does. */
export type Registering = { sql: Sql; op: Op; now: Date; revision: number };

/** What a change did, or would do. */
export type How = 'added' | 'changed' | 'removed' | 'unchanged';

/** One after the other: revisions are in the order of commit. */
export async function registering<T>(db: Db, op: Op, change: (at: Registering) => Promise<T>): Promise<T> {
  return db.transaction(async (sql) => {
    await lockDirectory(sql);
    return change({ sql, op, now: new Date(), revision: await directoryRevision(sql) });
  });
}

/** Ends the transaction of a dry run. */
class DryRun extends Error {}

/** The same, and nothing is kept of it. */
export async function rehearsing<T>(db: Db, op: Op, change: (at: Registering) => Promise<T>): Promise<T> {
  const told: T[] = [];
  const done = registering(db, op, async (at) => {
    told.push(await change(at));
    throw new DryRun('nothing is kept of a dry run');
  });
  await done.catch((thrown: unknown) => {
    if (!(thrown instanceof DryRun)) throw thrown;
  });
  return told[0] as T;
}

type Subject = { institution: string; study?: string };

/**
 * A change is an event, and the rows that this stands for: made by what replays it, so that they cannot differ.
 * @returns the id of the event
 */
export async function record<Kind extends DirectoryKind>(
  at: Registering,
  kind: Kind,
  subject: Subject,
  facts: Omit<Facts[Kind], 'revision'>,
): Promise<Envelope> {
  at.revision += 1;
  const event = envelopeOf(at.op, kind, subject, { ...asJson(facts), revision: at.revision });
  await insertEvents(at.sql, [event]);
  await directoryProjection.apply(at.sql, [event]);
  return event;
}

/** Without what is absent, which JSON cannot say. */
const asJson = (facts: object): { [name: string]: Json } =>
  JSON.parse(JSON.stringify(facts)) as { [name: string]: Json };
