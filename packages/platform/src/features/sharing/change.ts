import { asJson } from '@acervo/kernel/canonical-json.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { z } from 'zod';
import { type EventKind, envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Op } from '../../ports/op.ts';
import type { Glass } from '../../ports/sharing.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import { AGREEMENT, FINDING, GLASS, GLASS_ASKED, REFERRAL } from './description.ts';
import { rowOf } from './projection.ts';
import {
  findSharing,
  highestRevision,
  type Kind,
  listSharing,
  lockSharing,
  putSharing,
  type SharingRow,
} from './sharing.repo.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const LIST_MAX = 1_000;

/** What stands in a list, and what each change answers. */
export type Shared = { id: string; kind: Kind; until: string | null; record: unknown };

type Change = Omit<SharingRow, 'id' | 'revision'> & { id?: string; event: EventKind };

/** One institution shares with another one. @throws {Failure} request/invalid, access/denied */
export async function makeAgreement(db: Db, op: Op, description: unknown): Promise<Shared> {
  const record = understood(AGREEMENT, description);
  const { owner, receiver, validity } = record;
  op.allow('administer', owner);
  const until = validity.until ?? null;
  const change: Change = { event: 'agreement.made', kind: 'agreement', owner, receiver, until, isOpen: false, record };
  return changing(db, op, () => Promise.resolve(change));
}

/** A patient is sent on. @throws {Failure} request/invalid, access/denied */
export async function refer(db: Db, op: Op, description: unknown): Promise<Shared> {
  const record = understood(REFERRAL, description);
  const { owner, receiver, validity } = record;
  op.allow('refer', owner);
  const until = validity.until ?? null;
  const change: Change = { event: 'referral.made', kind: 'referral', owner, receiver, until, isOpen: false, record };
  return changing(db, op, () => Promise.resolve(change));
}

/**
 * A person needs what it may not see. It is not looked at whether there is such a study or patient: the answer is the
 * same. Until somebody else has looked at it, it stands on the list of the data-protection officer.
 * @param person  for whom; a person breaks glass for itself alone
 * @throws {Failure} request/invalid, access/denied
 */
export async function breakGlass(db: Db, op: Op, description: unknown, person = op.actor.id): Promise<Shared> {
  const { owner, subject, reason, minutes } = understood(GLASS_ASKED, description);
  op.allow('break-glass', owner);
  if (op.actor.kind === 'person' && person !== op.actor.id) throw new Failure('access/denied', 'glass of another one');
  const now = Date.now();
  const validity = { from: iso(now), until: iso(now + minutes * 60_000) };
  const receiver = op.institution;
  const record: Glass = { owner, receiver, person, subject, reason, validity };
  const change: Change = {
    event: 'glass.broken',
    kind: 'glass',
    owner,
    receiver,
    until: validity.until,
    isOpen: true,
    record,
  };
  return changing(db, op, () => Promise.resolve(change));
}

/**
 * The second look, by another one than the person who broke the glass.
 * @throws {Failure} request/not-found, request/invalid, access/denied
 */
export async function reviewGlass(db: Db, op: Op, id: string, finding: string): Promise<Shared> {
  const found = understood(FINDING, finding);
  return changing(db, op, async (sql) => {
    const row = await known(sql, id, 'glass');
    const record = understood(GLASS, row.record);
    if (!op.may('review', row.owner) && !op.may('review', row.receiver)) throw unknown('glass', id);
    if (record.person === op.actor.id) throw new Failure('access/denied', 'nobody reviews what he did himself');
    if (!row.isOpen) throw new Failure('request/invalid', 'it was reviewed');
    const review = { by: op.actor.id, at: iso(Date.now()), finding: found };
    return { ...row, event: 'glass.reviewed', isOpen: false, record: { ...record, review } };
  });
}

/** Nothing is shared by it any more, from now on. @throws {Failure} request/not-found, access/denied */
export async function endSharing(db: Db, op: Op, kind: 'agreement' | 'referral', id: string): Promise<Shared> {
  return changing(db, op, async (sql) => {
    const row = await known(sql, id, kind);
    if (!op.may(kind === 'agreement' ? 'administer' : 'refer', row.owner)) throw unknown(kind, id);
    const now = iso(Date.now());
    const isOver = row.until !== null && row.until <= now;
    const until = isOver ? row.until : now;
    const record = {
      ...(row.record as { validity: object }),
      validity: { ...(row.record as { validity: object }).validity, until },
    };
    return { ...row, event: `${kind}.ended`, until, record };
  });
}

/**
 * What an institution shares or is given, the newest first; glass only for who reads journals or reviews.
 * @param institution  undefined: of all, for who may see the journals of all
 * @throws {Failure} access/denied
 */
export async function listShared(
  sql: Sql,
  op: Op,
  of: { institution: string | undefined; kinds: readonly Kind[]; isOpen: boolean },
): Promise<Shared[]> {
  const at = of.institution ?? op.institution;
  const isKept = of.kinds.includes('glass');
  if (op.actor.kind !== 'process' && of.institution === undefined) throw new Failure('access/denied', 'of all');
  if (isKept && !op.may('review', at)) op.allow('audit', at);
  if (!isKept && !op.may('administer', at) && !op.may('refer', at)) op.allow('audit', at);
  return (await listSharing(sql, of, LIST_MAX)).map(sharedOf);
}

async function known(sql: Sql, id: string, kind: Kind): Promise<SharingRow> {
  const row = UUID.test(id) ? await findSharing(sql, id) : undefined;
  if (row?.kind !== kind) throw unknown(kind, id);
  return row;
}

/** Also of what the caller may not change: whether there is such a thing is not told. */
const unknown = (kind: Kind, id: string): Failure => new Failure('request/not-found', `no ${kind} ${id}`);

async function changing(db: Db, op: Op, change: (sql: Sql) => Promise<Change>): Promise<Shared> {
  return db.transaction(async (sql) => {
    await lockSharing(sql);
    const { event, id = newId(), ...rest } = await change(sql);
    const row: SharingRow = { ...rest, id, revision: (await highestRevision(sql)) + 1 };
    const study = studyOf(row.record);
    const envelope = envelopeOf(op, event, { institution: row.owner, study }, { shared: asJson(row) });
    await insertEvents(sql, [envelope]);
    await putSharing(sql, [rowOf(envelope)]);
    return sharedOf(row);
  });
}

const sharedOf = ({ id, kind, until, record }: SharingRow): Shared => ({ id, kind, until, record });

function studyOf(record: unknown): string {
  const glass = GLASS.safeParse(record);
  return glass.success && 'studyUid' in glass.data.subject ? glass.data.subject.studyUid : '';
}

function understood<T extends z.ZodType>(schema: T, given: unknown): z.output<T> {
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  throw new Failure('request/invalid', z.prettifyError(read.error));
}

const iso = (ms: number): string => new Date(ms).toISOString();
