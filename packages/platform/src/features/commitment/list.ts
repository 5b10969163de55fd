import { Failure } from '@acervo/kernel/failure.ts';
import type { Op } from '../../ports/op.ts';
import type { Sql } from '../../ports/sql.ts';
import { type CommitmentRow, newestCommitments } from './commitment.repo.ts';

export const LIMIT_MAX = 10_000;

/** Transactions of both kinds, the newest first. @throws {Failure} request/invalid, access/denied */
export async function listCommitments(
  sql: Sql,
  op: Op,
  of: { onlyOpen: boolean; aeTitle: string | undefined; limit: number },
): Promise<CommitmentRow[]> {
  op.allow('administer', op.institution);
  if (!Number.isInteger(of.limit) || of.limit < 1 || of.limit > LIMIT_MAX) {
    throw new Failure('request/invalid', `a limit from 1 to ${LIMIT_MAX}`);
  }
  return newestCommitments(sql, of);
}
