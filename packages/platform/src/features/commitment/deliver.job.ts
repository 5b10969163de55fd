import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { type DimseQuestion, type DimseReply, isPending } from '../../bindings/dimse.ts';
import type { Association } from '../../bindings/dimse-scu.ts';
import type { Job } from '../../bindings/feature.ts';
import { waitMs } from '../../journal/sealer.ts';
import { claimOwed, countOwed, type Owed, restSystem } from './commitment.repo.ts';
import { PUSH_MODEL, TRANSFER_SYNTAXES } from './data-set.ts';
import { LEASE_MS, underLease } from './lease.ts';
import type { CommitmentPorts } from './ports.ts';
import { deliverAll, putOff, waitOf } from './report.ts';

/** Systems that are called side by side by one process. */
const CALLS_MAX = 4;
/** Reports that go over one association. */
const REPORTS_MAX = 32;
const POLL_MS = 1000;
/** After a failure that is not one system's, such as an absent database. */
const TROUBLE_MS = 5000;

/**
 * Deliver the reports that are owed (PS3.4 J.3.3), on associations of our own, in which we propose to be the SCP.
 * Any number of processes may run it: a report is leased to one of them at a time.
 */
export function deliverReports(ports: CommitmentPorts): Job {
  return {
    name: 'deliver commitment reports',
    run: async (signal) => {
      await Promise.all(Array.from({ length: CALLS_MAX }, (_unused, nth) => callOneByOne(ports, signal, nth === 0)));
    },
  };
}

async function callOneByOne(ports: CommitmentPorts, signal: AbortSignal, isCounting: boolean): Promise<void> {
  const { holdings, metrics } = ports;
  while (!signal.aborted) {
    try {
      const owed = await claimOwed(holdings.db, { kind: 'due' }, LEASE_MS, REPORTS_MAX);
      if (isCounting) metrics.setReportsOwed(await countOwed(holdings.db));
      if (owed.length > 0) await callOne(ports, owed, signal);
      else await waitMs(POLL_MS, signal);
    } catch (thrown) {
      const { code, detail } = toFailure(thrown);
      holdings.log.warn('commitment.undelivered', { code, detail });
      await waitMs(TROUBLE_MS, signal);
    }
  }
}

/** Deliver what is owed to one system. One that cannot be told rests, so that it does not keep others waiting. */
async function callOne(ports: CommitmentPorts, owed: readonly Owed[], signal: AbortSignal): Promise<void> {
  const { db } = ports.holdings;
  const aeTitle = owed[0]?.aeTitle ?? '';
  const ids = owed.map(({ id }) => id);
  const isTold = await underLease(db, ids, signal, async (leased) => {
    let association: Association;
    try {
      association = await called(ports, aeTitle, leased);
    } catch (thrown) {
      await putOff(ports, owed, thrown);
      return false;
    }
    return overAssociation(ports, owed, association);
  });
  if (!isTold) await restSystem(db, aeTitle, waitOf(Math.max(...owed.map(({ attempts }) => attempts))));
}

const called = ({ dial }: CommitmentPorts, aeTitle: string, signal: AbortSignal): Promise<Association> =>
  dial({
    aeTitle,
    contexts: [{ abstractSyntax: PUSH_MODEL, transferSyntaxes: TRANSFER_SYNTAXES, isScp: true }],
    signal,
  });

/** @returns whether the association held */
async function overAssociation(
  ports: CommitmentPorts,
  owed: readonly Owed[],
  association: Association,
): Promise<boolean> {
  const [context] = association.contexts;
  if (context === undefined) {
    await association.abort();
    await putOff(ports, owed, new Failure('dimse/no-context', PUSH_MODEL));
    return false;
  }
  const ask = (question: DimseQuestion): Promise<DimseReply> => finalReply(association, question);
  try {
    if (!(await deliverAll(ports, owed, { how: 'new', context, ask }))) {
      await association.abort();
      return false;
    }
  } catch (thrown) {
    await association.abort();
    throw thrown;
  }
  // They have taken the reports: how the association ends changes nothing.
  await association.release().catch((thrown: unknown) => {
    ports.holdings.log.debug('commitment.unreleased', { code: toFailure(thrown).code });
  });
  return true;
}

async function finalReply(association: Association, question: DimseQuestion): Promise<DimseReply> {
  for await (const reply of association.ask(question)) if (!isPending(reply.status)) return reply;
  throw new Failure('ul/aborted', 'no final response');
}
