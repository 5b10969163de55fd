import { N_ACTION_RQ } from '@acervo/dicom/dimse/command.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { DimseRequest, DimseResponse, DimseService } from '../../bindings/dimse.ts';
import type { Op } from '../../ports/op.ts';
import { claimOwed } from './commitment.repo.ts';
import { PUSH_MODEL, PUSH_MODEL_INSTANCE, REQUEST_COMMITMENT, readRequest } from './data-set.ts';
import { LEASE_MS, underLease } from './lease.ts';
import type { CommitmentPorts } from './ports.ts';
import { registerRequest } from './register.ts';
import { deliverAll, type Way } from './report.ts';

/**
 * A system that wants the report on the association that asked keeps it open and waits; most release it, and would
 * take a report that crosses their release for a breach of the protocol. So we listen first, in milliseconds.
 */
export const QUIET_MS = 1000;
/** Reports that a system which listens nowhere is given on an association of its own. */
const REPORTS_MAX = 100;

/** Storage Commitment Push Model, SCP (PS3.4 J.3.2): success only when the request is durable. */
export function nAction(ports: CommitmentPorts): DimseService {
  return {
    commandField: N_ACTION_RQ,
    accepts: (abstractSyntax) => abstractSyntax === PUSH_MODEL,
    serve: (request, op) => serve(ports, request, op),
  };
}

async function* serve(ports: CommitmentPorts, request: DimseRequest, op: Op): AsyncGenerator<DimseResponse, undefined> {
  const id = await received(ports, request, op);
  yield { status: 0x0000, fields: { actionTypeId: REQUEST_COMMITMENT } };
  if (await request.peer.staysQuiet(QUIET_MS)) await reportHere(ports, request, op, id);
}

async function received(
  { holdings, metrics }: CommitmentPorts,
  { command, context, dataSet, callingAet }: DimseRequest,
  op: Op,
): Promise<string | undefined> {
  try {
    checkInstance(command.requestedSopClassUid, command.requestedSopInstanceUid);
    if (command.actionTypeId !== REQUEST_COMMITMENT) {
      throw new Failure('dimse/no-such-action', `Action Type ID ${command.actionTypeId}`);
    }
    const asked = await readRequest(dataSet, context.transferSyntax);
    const id = await registerRequest(holdings.db, op, callingAet, asked);
    metrics.commitment('requested');
    op.log.info('commitment.requested', { op: op.id, aeTitle: callingAet, transaction: asked.transactionUid });
    return id;
  } catch (thrown) {
    metrics.commitment('refused');
    throw thrown;
  }
}

/** The one well-known instance of the one class. @throws {Failure} dimse/no-such-class, dimse/no-such-instance */
export function checkInstance(sopClassUid: string | undefined, sopInstanceUid: string | undefined): void {
  if (sopClassUid !== PUSH_MODEL) throw new Failure('dimse/no-such-class', `${sopClassUid}`);
  if (sopInstanceUid !== PUSH_MODEL_INSTANCE) throw new Failure('dimse/no-such-instance', `${sopInstanceUid}`);
}

/**
 * Report over the association that asked, which has stayed open. A system that listens nowhere gets everything here
 * that is owed to it. What fails goes over an association of our own.
 */
async function reportHere(
  ports: CommitmentPorts,
  { peer, context, callingAet }: DimseRequest,
  op: Op,
  id: string | undefined,
): Promise<void> {
  const { db } = ports.holdings;
  const isOnlyHere = !ports.isReachable(callingAet);
  if (id === undefined && !isOnlyHere) return;
  const which =
    isOnlyHere || id === undefined ? { kind: 'system' as const, aeTitle: callingAet } : { kind: 'one' as const, id };
  const owed = await claimOwed(db, which, LEASE_MS, REPORTS_MAX);
  const ids = owed.map((each) => each.id);
  const way: Way = { how: 'same', context, ask: (question) => peer.ask(question) };
  await underLease(db, ids, op.signal, () => deliverAll(ports, owed, way));
}
