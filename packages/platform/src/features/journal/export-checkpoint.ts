import type { CheckpointFile } from '@acervo/kernel/journal/checkpoint-file.ts';
import { newestCheckpointFile } from '../../journal/newest-checkpoint.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';

/**
 * The newest checkpoint, for others to witness and to keep, with what proves that it contains each one that a witness
 * saw last.
 * @param since  further sizes that somebody wants a proof from
 * @throws {Failure} request/invalid while there is none; access/denied
 */
export async function exportCheckpoint(db: Db, op: Op, since: readonly number[]): Promise<CheckpointFile> {
  op.allow('administer', op.institution);
  return newestCheckpointFile(db, since);
}
