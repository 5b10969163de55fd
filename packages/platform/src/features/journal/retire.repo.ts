import type { Sql } from '../../ports/sql.ts';

/** What the database has of a month of the journal. Months are `YYYY-MM`, of UTC. */
export type MonthRow = {
  month: string;
  events: number;
  numbered: number;
  firstSeq: number;
  lastSeq: number;
  /** Time of its latest event, RFC 3339; '' where it has none. */
  until: string;
};

/** Months up to one that have a table of their own, the oldest first. Reads the catalogue only. */
export async function monthsTo(sql: Sql, last: string): Promise<string[]> {
  const rows = await sql.query<{ month: string }>(
    `select replace(substr(c.relname, 9), '_', '-') as month
     from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
     where p.relname = 'journal' and c.relname ~ '^journal_\\d{4}_\\d{2}$' order by 1`,
  );
  return rows.map(({ month }) => month).filter((month) => month <= last);
}

/** Counts of one month. Indexes: primary keys of journal and journal_seal. */
export async function countMonth(sql: Sql, month: string): Promise<MonthRow> {
  const [row] = await sql.query<Omit<MonthRow, 'month'>>(
    `select count(*) as events, count(s.seq) as numbered, coalesce(min(s.seq), 0) as "firstSeq",
       coalesce(max(s.seq), 0) as "lastSeq",
       coalesce(to_char(max(j.at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), '') as until
     from journal j left join journal_seal s on s.id = j.id
     where j.id >= journal_month_begin($1::date) and j.id < journal_month_begin(($1::date + interval '1 month')::date)`,
    [`${month}-01`],
  );
  return { month, ...(row as Omit<MonthRow, 'month'>) };
}

/** Numbers, hashes and texts of events, by their ids. Indexes: primary key of journal, unique (id) of journal_seal. */
export async function numberedById(
  sql: Sql,
  ids: readonly string[],
): Promise<{ id: string; seq: number; hash: string; event: string }[]> {
  return sql.query(
    `select j.id::text as id, s.seq, s.hash, j.event from journal j join journal_seal s on s.id = j.id
     where j.id = any($1::uuid[])`,
    [ids],
  );
}

/** How far each receiver of audit messages is, the last one first. */
export async function exportCursors(sql: Sql): Promise<{ receiver: string; seq: number }[]> {
  return sql.query('select receiver, seq from audit_cursor order by seq, receiver');
}

/** Nobody else reads or writes the journal until the transaction ends; soon given up, to be tried again. */
export async function lockJournal(sql: Sql): Promise<void> {
  // Below deadlock_timeout, so that nobody else is ended for our sake.
  await sql.query(`set local lock_timeout = '500ms'`);
  await sql.query('set local statement_timeout = 0');
  await sql.query('lock table journal in access exclusive mode');
}
