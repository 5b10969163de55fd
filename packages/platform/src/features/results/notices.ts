import { Failure } from '@acervo/kernel/failure.ts';
import { isUuid } from '@acervo/kernel/id.ts';
import { withdrawalWords } from '@acervo/model/lifecycle/withdrawal.ts';
import type { Op } from '../../ports/op.ts';
import type { Sql } from '../../ports/sql.ts';
import { listWithdrawals, type Notice, type WithdrawnResult, withdrawnBy } from './withdrawal.repo.ts';

const LIST_MAX = 200;
/** Results in one answer. */
export const PAGE_MAX = 1_000;

/** Of a withdrawal: why, in words, and how many results in how many studies. `isWhole`: all of them were found. */
export type ToldNotice = Notice & { reasonEs: string; reasonEn: string };

/**
 * Versions whose results count no more, the newest first: for whoever may know of models at the institution, with the
 * counts of that institution alone.
 * @param institution  undefined: of all, for the archive's own commands
 * @throws {Failure} access/denied
 */
export async function noticesOf(sql: Sql, op: Op, institution: string | undefined): Promise<ToldNotice[]> {
  check(op, 'read-model', institution);
  const notices = await listWithdrawals(sql, institution, LIST_MAX);
  return notices.map((notice) => ({ ...notice, ...withdrawalWords(notice.state, notice.reason) }));
}

/**
 * Which results of which studies: so that somebody can look at those patients again.
 * @param after  the task that the page before ended with
 * @throws {Failure} access/denied, request/not-found
 */
export async function resultsBy(
  sql: Sql,
  op: Op,
  of: { withdrawal: string; institution: string | undefined; after: string | undefined },
): Promise<WithdrawnResult[]> {
  check(op, 'watch-ai', of.institution);
  const { withdrawal, after } = of;
  if (!isUuid(withdrawal)) throw new Failure('request/not-found', 'no such withdrawal');
  if (after !== undefined && !isUuid(after)) throw new Failure('request/invalid', 'after: not the id of a task');
  const found = await withdrawnBy(sql, of, PAGE_MAX);
  if (found.length === 0 && after === undefined) throw new Failure('request/not-found', 'no results by it');
  return found;
}

function check(op: Op, action: 'read-model' | 'watch-ai', institution: string | undefined): void {
  if (institution === undefined && op.actor.kind !== 'process') throw new Failure('access/denied', 'of all');
  op.allow(action, institution ?? op.institution);
}
