import type { Sql } from '../ports/sql.ts';

/** A co-signature that came back, as its event tells it. */
export type Witnessed = { number: number; size: number; name: string; key: string; at: string; signature: string };

/** Every co-signature. Index: journal_trust. */
export async function witnessedCheckpoints(sql: Sql): Promise<Witnessed[]> {
  const rows = await sql.query<{ facts: Witnessed }>(
    `select event::jsonb -> 'facts' as facts from journal where kind = 'checkpoint.witnessed' order by id`,
  );
  return rows.map(({ facts }) => facts);
}

/** Two processes that bring the same one back at once: one of them is first. */
export async function lockWitnessed(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(hashtext('acervo journal witnesses'))`);
}

/** What was seen of other archives is read and written by one process at a time. */
export async function lockWitness(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(hashtext('acervo witness'))`);
}

/** A numbered event with the hash of the one before; `event` is its canonical text. */
export type NumberedRow = { seq: number; prev: string; hash: string; event: string };
/** The same; the event of a retired month is null, and stands in the journal segments. */
export type NumberedSeal = Omit<NumberedRow, 'event'> & { event: string | null };

export const NUMBERED = `select s.seq,
  coalesce((select p.hash from journal_seal p where p.seq = s.seq - 1), '') as prev,
  s.hash, j.event from journal_seal s left join journal j on j.id = s.id`;

/** Indexes: journal_study, unique id of journal_seal. */
export async function numberedOfStudy(sql: Sql, study: string, through: number, limit: number): Promise<NumberedRow[]> {
  return sql.query<NumberedRow>(`${NUMBERED} where j.study = $1 and s.seq <= $2 order by s.seq limit $3`, [
    study,
    through,
    limit,
  ]);
}

/** Index: primary key of journal_seal. */
export async function numberedBetween(sql: Sql, from: number, to: number): Promise<NumberedSeal[]> {
  return sql.query<NumberedSeal>(`${NUMBERED} where s.seq between $1 and $2 order by s.seq`, [from, to]);
}
