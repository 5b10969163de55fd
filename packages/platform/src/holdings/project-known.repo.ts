import type { Envelope } from '../journal/event.ts';
import { eventRows, INSERT_EVENTS } from '../journal/journal.repo.ts';
import type { Sql } from '../ports/sql.ts';
import { type GroupRows, type InsertedInstance, MOVE_WATERMARK, newInstances } from './index.repo.ts';
import type { CommittedGroup } from './pack/segment.ts';

/**
 * A group whose studies and series all have rows that tell what it tells: only counts, sizes and times change, so
 * their attributes need not be sent, read and compared again. A row that is missing after all fails the statement as
 * a whole (the division), and nothing of the group is done.
 */
const PROJECT_KNOWN = `
with ${MOVE_WATERMARK}, ${newInstances('exists (select from moved)')}, told_series as (
  update series set instance_count = instance_count + coalesce(instances, 0),
    bytes = series.bytes + coalesce(c.bytes, 0),
    last_stored = greatest(last_stored, $12::timestamptz)
  from unnest($2::uuid[], $3::bigint[]) as given (study_key, series_key)
    left join counted c using (study_key, series_key)
  where series.study_key = given.study_key and series.series_key = given.series_key and exists (select from moved)
  returning 1
), told_study as (
  update study set instance_count = instance_count + coalesce(instances, 0), bytes = study.bytes + coalesce(c.bytes, 0),
    last_stored = greatest(last_stored, $12::timestamptz), marks = study.marks | given.marks
  from unnest($13::uuid[], $14::integer[]) as given (study_key, marks)
    left join (select study_key, sum(instances) as instances, sum(bytes) as bytes from counted group by study_key) c
      using (study_key)
  where study.study_key = given.study_key and exists (select from moved)
  returning 1
), new_event as (
  ${INSERT_EVENTS.replace('$1', '$10')}
), missing as (
  select $11::integer - (select count(*) from told_series) - (select count(*) from told_study) as rows from moved
)
select n.study_key, n.series_key, n.sop_uid, n.version
from moved join missing on case when missing.rows = 0 then true else 1 / (missing.rows - missing.rows) = 1 end
  left join new_instance n on true`;

/** As `projectNext`, for rows that are known. Fails, with nothing done, when one of them is missing. */
export async function projectKnown(
  sql: Sql,
  { start, end, chain, record }: CommittedGroup,
  { instances, series, studies }: GroupRows,
  events: readonly Envelope[],
): Promise<InsertedInstance[] | undefined> {
  const answers = await sql.query<InsertedInstance | { study_key: null }>(
    PROJECT_KNOWN,
    [
      JSON.stringify(instances),
      series.map(({ study_key }) => study_key),
      series.map(({ series_key }) => series_key),
      record.segment,
      start,
      end,
      record.record + 1,
      chain,
      record.sealed,
      eventRows(events),
      series.length + studies.length,
      record.at,
      studies.map(({ study_key }) => study_key),
      studies.map(({ marks }) => marks),
    ],
    { name: 'project-known' },
  );
  if (answers.length === 0) return undefined;
  return answers.filter((answer): answer is InsertedInstance => answer.study_key !== null);
}
