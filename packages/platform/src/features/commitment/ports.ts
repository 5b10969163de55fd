import type { Holdings } from '../../holdings/holdings.ts';
import type { Op } from '../../ports/op.ts';
import type { Dial } from './dial.ts';

export type CommitmentMetrics = {
  /** How a transaction, or an attempt to report, went. */
  commitment(outcome: 'requested' | 'refused' | 'reported' | 'postponed' | 'abandoned'): void;
  /** Reports that are owed now. */
  setReportsOwed(count: number): void;
};

/** What storage commitment asks of the archive and of the world. */
export type CommitmentPorts = {
  holdings: Holdings;
  dial: Dial;
  /** Does the system listen anywhere that we know of? */
  isReachable(aeTitle: string): boolean;
  /** The archive acting by itself: whoever asked is gone. */
  openOp(signal: AbortSignal): Op;
  /** A report is given up after so long. */
  retryHours: number;
  metrics: CommitmentMetrics;
};
