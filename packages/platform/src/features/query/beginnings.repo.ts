import { Bound } from '../../holdings/bound.ts';
import type { Sql } from '../../ports/sql.ts';
import { textCondition } from './conditions.repo.ts';
import type { Search, Statement } from './search.repo.ts';

/** Keys that may be asked for by their beginning alone, each with an ordered index that tells how many begin so. */
const COUNTED: Readonly<Record<string, { rows: string; text: string }>> = {
  's.patient_id': { rows: 'study_identifier p', text: 'p.id' },
  's.accession': { rows: 'study s', text: 's.accession' },
  's.study_id': { rows: 'study s', text: 's.study_id' },
};

/**
 * Counts what begins as a search asks, to `max` and one more: nothing is looked at but the index, whose order is asked
 * for so that the table is not read instead. Undefined where another key leads to few, or none is asked for by its
 * beginning. Indexes: study_identifier_id, study_accession, study_study_id.
 */
export function beginningsStatement({ study, keys }: Search, max: number): Statement | undefined {
  const leading = keys.columns.filter(({ served }) => served?.by === 'exact');
  if (study !== undefined || leading.length === 0) return undefined;
  const bound = new Bound();
  const limit = bound.add(max + 1, 'bigint');
  const counts: string[] = [];
  for (const { column, match } of leading) {
    const counted = COUNTED[column.name];
    if (counted === undefined || match.condition.kind !== 'wildcard') return undefined;
    const { rows, text } = counted;
    const wanted = textCondition(bound, text, match.condition);
    counts.push(`select '${column.name}' as key, count(*)::integer as count
      from (select from ${rows} where ${wanted} order by ${text} limit ${limit}) found`);
  }
  return { text: counts.join(' union all '), values: bound.values };
}

/** How many there are of the rarest beginning, and of the patients' identifiers. */
export async function countBeginnings(
  sql: Sql,
  { text, values }: Statement,
): Promise<{ least: number; identifiers: number }> {
  const rows = await sql.query<{ key: string; count: number }>(text, values);
  const identifiers = rows.find(({ key }) => key === 's.patient_id')?.count ?? 0;
  return { least: Math.min(...rows.map(({ count }) => count)), identifiers };
}
