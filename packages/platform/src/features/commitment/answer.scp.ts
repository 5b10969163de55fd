import { N_EVENT_REPORT_RQ } from '@acervo/dicom/dimse/command.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { DimseService } from '../../bindings/dimse.ts';
import { type Envelope, envelopeOf } from '../../journal/event.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { type AskedRow, type End, endCommitment, findAsked } from './commitment.repo.ts';
import { type CommitmentReport, EVENT, PUSH_MODEL, readReport } from './data-set.ts';
import { countOf, countOfFailures, eachReference, failuresOf, type Reference, referenceKey } from './references.ts';
import { checkInstance } from './request.scp.ts';

/** The reason that stands for an instance which a report does not name at all. */
export const UNTOLD = 'none';

/**
 * Storage Commitment Push Model, SCU: reports on what we asked another archive for (PS3.4 J.3.3), on whichever
 * association they come. Success only when the report is kept; the same one once more changes nothing.
 * @param taken  hears of each report that is kept
 */
export function nEventReport(db: Db, taken: (transactionUid: string) => void = () => {}): DimseService {
  return {
    commandField: N_EVENT_REPORT_RQ,
    accepts: (abstractSyntax) => abstractSyntax === PUSH_MODEL,
    // It calls us as the SCP that it is (PS3.4 J.3.3, PS3.7 D.3.3.4).
    letsRequestorBeScp: (sopClassUid) => sopClassUid === PUSH_MODEL,
    serve: async ({ command, context, dataSet, callingAet }, op) => {
      checkInstance(command.affectedSopClassUid, command.affectedSopInstanceUid);
      const { eventTypeId } = command;
      if (eventTypeId !== EVENT.complete && eventTypeId !== EVENT.failuresExist) {
        throw new Failure('dimse/no-such-event', `Event Type ID ${eventTypeId}`);
      }
      const report = await readReport(dataSet, context.transferSyntax);
      await takeReport(db, op, callingAet, report);
      taken(report.transactionUid);
      return { status: 0x0000, fields: { eventTypeId } };
    },
  };
}

/** @throws {Failure} commitment/unknown, access/denied */
async function takeReport(db: Db, op: Op, reportedBy: string, report: CommitmentReport): Promise<void> {
  const { transactionUid: transaction } = report;
  const asked = await findAsked(db, transaction);
  // Its Transaction UID, which is random, proves that the system was asked: archives report under other AE titles.
  if (asked === undefined) throw new Failure('commitment/unknown', `${transaction} reported by ${reportedBy}`);
  if (asked.state === 'answered') return;
  const { end, event } = endOf(asked, op, reportedBy, report);
  await endCommitment(db, end, event);
  const failed = countOfFailures(end.failures ?? {});
  op.log.info('commitment.answered', { op: op.id, aeTitle: asked.aeTitle, reportedBy, transaction, failed });
}

function endOf(
  asked: AskedRow,
  op: Op,
  reportedBy: string,
  { transactionUid, committed, failed }: CommitmentReport,
): { end: End; event: Envelope } {
  const isCommitted = new Set(committed.map(referenceKey));
  const reasons = new Map(failed.map((each) => [referenceKey(each), each.reason.toString(16).padStart(4, '0')]));
  const lacking: [Reference, string][] = [];
  for (const reference of eachReference(asked.references)) {
    const key = referenceKey(reference);
    const reason = reasons.get(key) ?? (isCommitted.has(key) ? undefined : UNTOLD);
    if (reason !== undefined) lacking.push([reference, reason]);
  }
  const failures = failuresOf(lacking);
  const { id, aeTitle, institution } = asked;
  const count = countOf(asked.references) - lacking.length;
  const facts = { commitment: id, aeTitle, reportedBy, transaction: transactionUid, committed: count, failures };
  const outcome = lacking.length === 0 ? 'success' : 'warning';
  return {
    end: { id, state: 'answered', failures, problem: null },
    event: envelopeOf(op, 'commitment.answered', { institution, outcome }, facts),
  };
}
