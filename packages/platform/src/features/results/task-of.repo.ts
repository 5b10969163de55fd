import { studyKeyOf } from '../../holdings/keys.ts';
import type { Sql } from '../../ports/sql.ts';

/** The task that made a result, as far as it takes to do it again. */
export type MadeBy = {
  task: string;
  package: string;
  model: string;
  version: string;
  institution: string;
  studyUid: string;
};

/** The task of a study that an object is a result of. Index: unique (study_key, package, revision) of ai_task. */
export async function taskOf(
  sql: Sql,
  of: { institution: string; studyUid: string; sopInstanceUid: string },
): Promise<MadeBy | undefined> {
  const [row] = await sql.query<MadeBy>(
    `select id::text as task, package, model, version, institution, study_uid as "studyUid" from ai_task
     where study_key = $1 and $2 = any(results) order by id desc limit 1`,
    [studyKeyOf(of.institution, of.studyUid), of.sopInstanceUid],
  );
  return row;
}
