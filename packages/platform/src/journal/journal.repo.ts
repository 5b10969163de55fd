import type { Sql } from '../ports/sql.ts';
import { type Envelope, eventText } from './event.ts';

/** Appends envelopes given by `eventRows` as $1. A replay of the same id changes nothing. */
export const INSERT_EVENTS = `insert into journal (id, at, kind, institution, actor, study, event)
  select id, at, kind, institution, actor, study, event
  from jsonb_to_recordset($1::jsonb) as given
    (id uuid, at timestamptz, kind text, institution text, actor text, study text, event text)
  on conflict (id) do nothing`;

/** The parameter of INSERT_EVENTS: envelopes as canonical JSON, with what is searched beside them. */
export function eventRows(events: readonly Envelope[]): string {
  return JSON.stringify(
    events.map((event) => {
      const { id, at, kind, institution, study, actor } = event;
      return { id, at, kind, institution, study, actor: actor.id, event: eventText(event) };
    }),
  );
}

export async function insertEvents(sql: Sql, events: readonly Envelope[]): Promise<void> {
  if (events.length > 0) await sql.query(INSERT_EVENTS, [eventRows(events)]);
}

export type SealPosition = { seq: number; xid: string; id: string; hash: string };

/** The last number given, or zero. */
export async function lastSeal(sql: Sql): Promise<SealPosition> {
  const [row] = await sql.query<SealPosition>(
    `select seq, xid::text as xid, id::text as id, hash from journal_seal order by seq desc limit 1`,
  );
  return row ?? { seq: 0, xid: '0', id: '00000000-0000-0000-0000-000000000000', hash: '' };
}

export type UnsealedEvent = { xid: string; id: string; event: string };

/**
 * Committed rows that have no number yet, in the order (transaction id, id), below the oldest running
 * transaction: a slow transaction is never stepped over. Rows numbered by an adopted line are left out.
 * Index: journal_order.
 */
export async function unsealedEvents(sql: Sql, after: SealPosition, limit: number): Promise<UnsealedEvent[]> {
  return sql.query<UnsealedEvent>(
    `select xid::text as xid, id::text as id, event from journal j
     where (xid, id) > ($1::text::xid8, $2::uuid) and xid < pg_snapshot_xmin(pg_current_snapshot())
       and not exists (select from journal_seal s where s.id = j.id)
     order by xid, id limit $3`,
    [after.xid, after.id, limit],
  );
}

export type Seal = { seq: number; id: string; xid: string; hash: string };

export async function insertSeals(sql: Sql, seals: readonly Seal[]): Promise<void> {
  await sql.query(
    `insert into journal_seal (seq, id, xid, hash)
     select seq, id, xid::text::xid8, hash
     from jsonb_to_recordset($1::jsonb) as given (seq bigint, id uuid, xid text, hash text)`,
    [JSON.stringify(seals)],
  );
}

/** Only one process numbers the journal; held until the session ends. */
export async function trySealerLock(sql: Sql): Promise<boolean> {
  const [row] = await sql.query<{ locked: boolean }>(
    `select pg_try_advisory_xact_lock(hashtext('acervo journal sealer')) as locked`,
  );
  return row?.locked === true;
}

/** Age in seconds of the oldest committed event without a number; 0 when there is none. Index: journal_order. */
export async function sealLagSeconds(sql: Sql): Promise<number> {
  const after = await lastSeal(sql);
  const [row] = await sql.query<{ seconds: number }>(
    `select coalesce(extract(epoch from now() - min(at)), 0)::float8 as seconds from journal j
     where (xid, id) > ($1::text::xid8, $2::uuid) and not exists (select from journal_seal s where s.id = j.id)`,
    [after.xid, after.id],
  );
  return Math.max(0, row?.seconds ?? 0);
}
