import { type Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import type { Incoming } from '../../holdings/intake.ts';
import type { Receipt } from '../../holdings/store.ts';
import type { Op } from '../../ports/op.ts';

/** Store one object and count it; a refusal is a fact of the journal too, in a transaction of its own. */
export async function storeObject(holdings: Holdings, op: Op, incoming: Incoming): Promise<Receipt> {
  try {
    const receipt = await holdings.store.store(op, incoming);
    holdings.metrics.instanceStored(op.door, receipt.kind, { institution: op.institution, bytes: receipt.bytes });
    return receipt;
  } catch (thrown) {
    const failure = toFailure(thrown);
    holdings.metrics.instanceStored(op.door, 'refused', { institution: op.institution, bytes: 0 });
    op.log.warn('instance.refused', { op: op.id, door: op.door, code: failure.code, detail: failure.detail });
    // An outcome that nobody knows is no refusal: the object may be visible in a moment (decision record 0004).
    if (failure.code !== 'store/answer-lost') await recordRefusal(holdings, op, failure);
    throw thrown;
  }
}

/** With a full disk or no database the refusal itself cannot be kept: the log line above is what remains. */
async function recordRefusal(holdings: Holdings, op: Op, failure: Failure): Promise<void> {
  try {
    await holdings.journal.refused(op, failure.code);
  } catch (thrown) {
    op.log.error('journal.unrecorded', { op: op.id, code: toFailure(thrown).code });
  }
}
