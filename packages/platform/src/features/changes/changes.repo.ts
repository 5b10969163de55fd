import type { Institutions } from '../../holdings/find.repo.ts';
import type { Sql } from '../../ports/sql.ts';

export type NumberedEvent = { seq: number; event: string };

/**
 * The numbered events of some kinds in a stretch of numbers, in their order. The stretch bounds what is read,
 * however few events in it are asked for. Indexes: primary keys of journal_seal and journal.
 * @param after   the number before the stretch
 * @param through the last number of the stretch
 */
export async function eventsBetween(
  sql: Sql,
  after: number,
  through: number,
  kinds: readonly string[],
  institutions: Institutions,
  limit: number,
): Promise<NumberedEvent[]> {
  return sql.query<NumberedEvent>(
    `select s.seq, j.event from journal_seal s join journal j on j.id = s.id
     where s.seq > $1 and s.seq <= $2 and j.kind = any($3::text[])
       and ($4::text[] is null or j.institution = any($4::text[]))
     order by s.seq limit $5`,
    [after, through, kinds, institutions ?? null, limit],
  );
}
