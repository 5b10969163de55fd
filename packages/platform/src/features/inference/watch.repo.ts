import type { InferenceTask, Stage } from '../../ports/inference-tasks.ts';
import { rfc3339, type Sql } from '../../ports/sql.ts';
import type { TaskState } from './task.repo.ts';

/** A task as it is told: nothing of what was found. */
export type TaskRow = Omit<InferenceTask, 'studyKey' | 'series' | 'revision'> & {
  rules: string[];
  askedBy: string;
  state: TaskState;
  deadline: string;
  endedAt: string | null;
  attempts: number;
  reason: string | null;
  results: string[];
  /** Its time is over, whether anybody has written that down or not. */
  isOver: boolean;
};

const ROW = `id::text as id, package, model, version, stage, institution, study_uid as "studyUid", rules,
  asked_by as "askedBy", state, ${rfc3339('created_at')} as "createdAt", ${rfc3339('deadline')} as deadline,
  ${rfc3339('ended_at')} as "endedAt", attempts, reason, results, deadline <= now() as "isOver"`;

/** All tasks of a study, the newest first. Index: unique (study_key, package, revision). */
export async function tasksOfStudy(sql: Sql, studyKey: string, limit: number): Promise<TaskRow[]> {
  return sql.query<TaskRow>(`select ${ROW} from ai_task where study_key = $1 order by id desc limit $2`, [
    studyKey,
    limit,
  ]);
}

/** Those on which nobody is done, the oldest first; of an institution, or of all. Index: ai_task_institution. */
export async function openTasks(sql: Sql, institution: string | undefined, limit: number): Promise<TaskRow[]> {
  return sql.query<TaskRow>(
    `select ${ROW} from ai_task where state in ('queued', 'leased') and ($1::text is null or institution = $1)
     order by id limit $2`,
    [institution ?? null, limit],
  );
}

export type TaskCount = { model: string; version: string; stage: Stage; state: TaskState; count: number };

/** Of tasks that were made since an id, which is a time. Indexes: ai_task_institution; for all, primary key. */
export async function countTasks(sql: Sql, institution: string | undefined, sinceId: string): Promise<TaskCount[]> {
  return sql.query<TaskCount>(
    `select model, version, stage, state, count(*) as count from ai_task
     where ($1::text is null or institution = $1) and id >= $2::uuid
       and state in ('queued', 'leased', 'done', 'not-applicable', 'failed', 'late', 'cancelled')
     group by model, version, stage, state order by model, version, stage, state`,
    [institution ?? null, sinceId],
  );
}
