import { N_EVENT_REPORT_RQ } from '@acervo/dicom/dimse/command.ts';
import type { AcceptedContext } from '@acervo/dicom/dimse/negotiate.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { DimseQuestion, DimseReply } from '../../bindings/dimse.ts';
import { envelopeOf } from '../../journal/event.ts';
import { endCommitment, type Owed, postpone, saveFailures } from './commitment.repo.ts';
import { EVENT, PUSH_MODEL, PUSH_MODEL_INSTANCE, writeReport } from './data-set.ts';
import { judge } from './judge.ts';
import type { CommitmentPorts } from './ports.ts';
import { countOf, countOfFailures } from './references.ts';

/** An association over which reports go: the one that asked, or one of ours. */
export type Way = {
  how: 'same' | 'new';
  context: AcceptedContext;
  ask(question: DimseQuestion): Promise<DimseReply>;
};

/** The first wait after a failed attempt, and the longest one, in milliseconds. */
const WAIT_MS_MIN = 2000;
const WAIT_MS_MAX = 600_000;
const PROBLEM_CHARS_MAX = 200;

/**
 * Deliver reports one after the other. One that the system does not take is put off alone; what breaks the way puts
 * off all that is left.
 * @returns whether the way held
 */
export async function deliverAll(ports: CommitmentPorts, owed: readonly Owed[], way: Way): Promise<boolean> {
  const left = [...owed];
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    try {
      await deliver(ports, next, way);
    } catch (thrown) {
      await putOff(ports, [next], thrown);
      if (toFailure(thrown).code === 'commitment/not-taken') continue;
      await putOff(ports, left, thrown);
      return false;
    }
  }
  return true;
}

/**
 * Send one report (PS3.4 J.3.3) and end its transaction when the system has taken it.
 * @throws {Failure} why it was not delivered; the transaction stays open
 */
async function deliver(ports: CommitmentPorts, owed: Owed, way: Way): Promise<void> {
  const { holdings, metrics } = ports;
  const failures = owed.failures ?? (await judge(holdings, owed));
  if (owed.failures === null) await saveFailures(holdings.db, owed.id, failures);
  const failed = countOfFailures(failures);
  const { status } = await way.ask({
    context: way.context,
    command: {
      affectedSopClassUid: PUSH_MODEL,
      commandField: N_EVENT_REPORT_RQ,
      affectedSopInstanceUid: PUSH_MODEL_INSTANCE,
      eventTypeId: failed === 0 ? EVENT.complete : EVENT.failuresExist,
    },
    dataSet: await writeReport({ ...owed, failures }, way.context.transferSyntax),
  });
  if (!isTaken(status)) throw new Failure('commitment/not-taken', `status ${status.toString(16).padStart(4, '0')}`);
  const committed = countOf(owed.references) - failed;
  const op = ports.openOp(new AbortController().signal);
  const { institution, aeTitle, transactionUid: transaction } = owed;
  const facts = { commitment: owed.id, aeTitle, transaction, committed, failures, association: way.how };
  const outcome = failed === 0 ? 'success' : 'warning';
  const event = envelopeOf(op, 'commitment.reported', { institution, outcome }, facts);
  await endCommitment(holdings.db, { id: owed.id, state: 'reported', failures, problem: null }, event);
  metrics.commitment('reported');
  const { attempts } = owed;
  holdings.log.info('commitment.reported', { aeTitle, transaction, committed, failed, attempts, association: way.how });
}

/** Success and the warnings of PS3.7 annex C: the system has the report. */
const isTaken = (status: number): boolean =>
  status === 0x0000 || status === 0x0001 || status === 0x0107 || status === 0x0116 || status >>> 12 === 0xb;

/** Keep reports for later; or give them up, visibly, when they have been owed for too long. */
export async function putOff(ports: CommitmentPorts, owed: readonly Owed[], thrown: unknown): Promise<void> {
  for (const each of owed) await putOffOne(ports, each, thrown);
}

async function putOffOne(ports: CommitmentPorts, owed: Owed, thrown: unknown): Promise<void> {
  const { holdings, metrics, retryHours } = ports;
  const { code, detail } = toFailure(thrown);
  const problem = `${code}: ${detail}`.slice(0, PROBLEM_CHARS_MAX);
  const { id, aeTitle, transactionUid: transaction, institution, attempts } = owed;
  const waitMs = waitOf(attempts);
  if (owed.ageSeconds + waitMs / 1000 < retryHours * 3600) {
    await postpone(holdings.db, id, waitMs, problem);
    metrics.commitment('postponed');
    holdings.log.warn('commitment.postponed', { aeTitle, transaction, attempts, code, detail, waitMs });
    return;
  }
  const op = ports.openOp(new AbortController().signal);
  const facts = { commitment: id, aeTitle, transaction, attempts, problem };
  const event = envelopeOf(op, 'commitment.abandoned', { institution, outcome: 'failure' }, facts);
  await endCommitment(holdings.db, { id, state: 'abandoned', failures: null, problem }, event);
  metrics.commitment('abandoned');
  holdings.log.error('commitment.abandoned', { aeTitle, transaction, attempts, code, detail });
}

/** Twice as long each time, and not all at once after a peer was away. */
export function waitOf(attempts: number): number {
  const whole = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** Math.min(attempts - 1, 20));
  return Math.round(whole * (0.75 + Math.random() / 4));
}
