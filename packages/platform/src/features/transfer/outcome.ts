import type { Op } from '../../ports/op.ts';
import type { Delivered } from './deliver.ts';
import type { Tally } from './tally.ts';

/** Sub-operations of one retrieval whose failure has a line of its own: the end tells how many there were. */
const LOGGED_MAX = 20;

/** Count a sub-operation, and log why one failed. */
export function note(op: Op, tally: Tally, { sendable, outcome, answer, failure }: Delivered): void {
  const failedBefore = tally.counts.failed;
  tally.add(sendable.sopInstanceUid, outcome);
  if (tally.counts.failed === failedBefore || failedBefore >= LOGGED_MAX) return;
  op.log.warn('instance.unsent', {
    op: op.id,
    sopClassUid: sendable.sopClassUid,
    transferSyntaxUid: sendable.transferSyntaxUid,
    ...(failure !== undefined && { code: failure.code, detail: failure.detail }),
    ...('failure' in outcome ? { code: outcome.failure } : { status: outcome.status, answer: answer?.errorComment }),
  });
}

export function logEnd(
  op: Op,
  { counts: { completed, warning, failed }, remaining }: Tally,
  about: { service: 'C-GET' | 'C-MOVE'; destination?: string; isCanceled: boolean },
): void {
  op.log.info('retrieval.ended', { op: op.id, caller: op.system, ...about, completed, warning, failed, remaining });
}
