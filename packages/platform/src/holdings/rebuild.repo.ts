import { Failure } from '@acervo/kernel/failure.ts';
import { partAgain } from '../journal/months.repo.ts';
import type { Sql } from '../ports/sql.ts';

/**
 * An index that is being rebuilt, or whose rebuilding was ended half way, tells half of the truth.
 * @throws {Failure} config/invalid
 */
export async function refuseHalfIndex(sql: Sql): Promise<void> {
  const rows = await sql.query('select began_at from rebuild');
  if (rows.length > 0) throw new Failure('config/invalid', 'the index is not rebuilt to its end: run acervo reindex');
}

/** One a line: what is added stands beside what others add. */
const TABLES = [
  'study',
  'study_attributes',
  'study_identifier',
  'series',
  'instance',
  'segment',
  'uid_code',
  'journal',
  'journal_seal',
  'journal_checkpoint',
  'journal_retired',
  'known_system',
  'commitment',
  'patient_work',
  'patient_link',
  'patient_collision',
  'secondary_use',
  'sharing',
  'directory_state',
  'institution',
  'facility',
  'person',
  'person_role',
  'sensitivity',
  'model',
  'model_package',
  'model_package_file',
  'model_signer',
  'external_ai',
  'approver_key',
  'model_approval',
  'model_transition',
  'model_transition_approval',
  'model_state',
  'ai_rule',
  'ai_task',
  'ai_shown',
  'ai_decision',
  'ai_incident',
  'ai_incident_step',
  'ai_delivery',
  'ai_withdrawal',
  'ai_withdrawn',
].join();

/** Forget the whole index and say so, in one transaction. As the owner of the tables. */
export async function beginRebuild(sql: Sql): Promise<void> {
  await sql.query(`begin;
    truncate ${TABLES};
    delete from rebuild;
    insert into rebuild default values;
    commit`);
}

/**
 * The index is whole: the next segment gets a number behind the highest, and processes may serve. As the owner.
 * Months of the journal that were retired go again.
 * @param highest  number of the last segment; -1 when there is none
 */
export async function endRebuild(sql: Sql, highest: number): Promise<void> {
  if (highest >= 0) {
    await sql.query(`select setval('segment_number', greatest($1, (select last_value from segment_number)))`, [
      highest,
    ]);
  }
  await partAgain(sql);
  await sql.query(`analyze ${TABLES}`);
  await sql.query('delete from rebuild');
}
