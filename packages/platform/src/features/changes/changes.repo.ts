import { Bound } from '../../holdings/bound.ts';
import { viewCondition } from '../../holdings/view.repo.ts';
import type { Sql } from '../../ports/sql.ts';
import { standingOf, type View, wholeInstitutions } from '../../ports/view.ts';

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
  view: View,
  limit: number,
): Promise<NumberedEvent[]> {
  const bound = new Bound([after, through, kinds, limit]);
  const seen = seenCondition(bound, view);
  return sql.query<NumberedEvent>(
    `select e.seq, j.event from journal_seal e join journal j on j.id = e.id
     where e.seq > $1 and e.seq <= $2 and j.kind = any($3::text[])
       and ${seen}
     order by e.seq limit $4`,
    bound.values,
  );
}

/** Where all of an institution is seen, its events are; else those of the studies that are. */
function seenCondition(bound: Bound, view: View): string {
  const whole = wholeInstitutions(view);
  if (whole === undefined && view.institutions.size === 0) return 'true';
  const entire = whole?.filter((institution) => standingOf(view, institution) === 'all') ?? [];
  const condition = viewCondition(bound, view) ?? 'true';
  return `(j.institution = any(${bound.add(entire, 'text[]')}) or exists (select from study s
    where s.institution = j.institution and s.study_uid = j.study and ${condition}))`;
}
