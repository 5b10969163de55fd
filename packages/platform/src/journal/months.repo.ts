import type { Sql } from '../ports/sql.ts';
import type { Envelope, EventKind } from './event.ts';
import type { JournalProjection } from './projection.ts';

/** Kinds whose events stay in the database when their month goes: by them keys and witnesses are known. */
export const KEPT_KINDS: ReadonlySet<EventKind> = new Set([
  'key.rotated',
  'key.replaced',
  'checkpoint.witnessed',
  'journal.retired',
]);

/**
 * Tables for these months, `YYYY-MM`, where there are none; what waits in the default one moves there.
 * @returns how many were made
 */
export async function makeMonths(sql: Sql, first: string, last: string): Promise<number> {
  const [row] = await sql.query<{ made: number }>('select make_journal_months($1::date, $2::date) as made', [
    `${first}-01`,
    `${last}-01`,
  ]);
  return row?.made ?? 0;
}

/** A month whose events are in the journal segments only. Numbers between the two may be of other months. */
export type RetiredMonth = { month: string; events: number; firstSeq: number; lastSeq: number };

export async function retiredMonths(sql: Sql): Promise<RetiredMonth[]> {
  return sql.query<RetiredMonth>(
    `select to_char(month, 'YYYY-MM') as month, events, first_seq as "firstSeq", last_seq as "lastSeq"
     from journal_retired order by month`,
  );
}

export async function insertRetired(sql: Sql, event: Envelope): Promise<void> {
  const { month, events, firstSeq, lastSeq } = event.facts as Partial<RetiredMonth>;
  await sql.query(
    `insert into journal_retired (month, events, first_seq, last_seq, event, at)
     values ($1::date, $2, $3, $4, $5, $6) on conflict (month) do nothing`,
    [`${month}-01`, events ?? 0, firstSeq ?? 0, lastSeq ?? 0, event.id, event.at],
  );
}

/** An index that is made anew knows what was retired; `retireAgain` takes it out. */
export const retiredProjection: JournalProjection = {
  kinds: ['journal.retired'],
  apply: async (sql, events) => {
    for (const event of events) await insertRetired(sql, event);
  },
};

/** Forget the events of a month but for the kinds that are kept. As the owner of the tables. */
export async function dropMonth(sql: Sql, month: string): Promise<void> {
  await sql.query('select drop_journal_month($1::date)', [`${month}-01`]);
}

/**
 * After everything was brought back: what was retired goes again, and each month that is there has its table. As the
 * owner of the tables.
 */
export async function partAgain(sql: Sql): Promise<void> {
  for (const { month } of await retiredMonths(sql)) await dropMonth(sql, month);
  const waiting = await sql.query<{ month: string }>(
    `select to_char(journal_month_of(id), 'YYYY-MM') as month from journal_default
     where id >= journal_month_begin('2000-01-01') and id < journal_month_begin((now() + interval '300 days')::date)
     group by 1 order by 1`,
  );
  for (const { month } of waiting) await makeMonths(sql, month, month);
}
