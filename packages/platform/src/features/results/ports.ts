import type { HeldInstance } from '../../holdings/find.repo.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import type { PlacedModels } from '../../ports/inference-tasks.ts';
import type { Op } from '../../ports/op.ts';
import type { Address, Systems } from '../../ports/systems.ts';

/** What became of one object that was to be sent; `problem` is a code of a failure, or the status of the answer. */
export type SentObject = { sopInstanceUid: string; problem: string | undefined };

/** Send instances of the archive to a system by C-STORE, in their order. Never rejects for what the system does. */
export type SendInstances = (
  to: Address,
  instances: readonly HeldInstance[],
  signal: AbortSignal,
) => Promise<SentObject[]>;

export type ResultsMetrics = {
  /** How an attempt to send the objects of a task to a system ended. */
  aiDelivery(outcome: 'delivered' | 'postponed' | 'failed' | 'cancelled'): void;
  /** Results that were withdrawn. */
  aiWithdrawn(results: number): void;
};

/** What becomes of results asks this of the archive and of the world. */
export type ResultsPorts = {
  holdings: Pick<Holdings, 'db' | 'files' | 'journal' | 'log' | 'store'>;
  states: PlacedModels;
  systems: Pick<Systems, 'byAeTitle' | 'addressOf'>;
  send: SendInstances;
  /** As what is decided whether a system may have a study; undefined: it is not known. */
  destinationOp(aeTitle: string, signal: AbortSignal): Pick<Op, 'decide'> | undefined;
  /** Objects that a system does not take are given up after so long. */
  retryHours: number;
  /** The archive acting by itself for an institution. */
  openOp(institution: string, signal: AbortSignal): Op;
  metrics: ResultsMetrics;
};
