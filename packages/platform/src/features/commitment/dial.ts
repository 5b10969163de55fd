import type { DimseService } from '../../bindings/dimse.ts';
import type { Association, ProposedContext } from '../../bindings/dimse-scu.ts';

/** What we ask a known system for. */
export type DialRequest = {
  /** Of the system; where it listens is known of it. */
  aeTitle: string;
  contexts: readonly ProposedContext[];
  /** What we perform for it on this association. */
  services?: readonly DimseService[];
  /** Aborts the association. */
  signal: AbortSignal;
};

/**
 * Associate with a system that the archive knows. Whoever gets an association has to release or abort it.
 * @throws {Failure} dimse/no-address; ul/rejected, ul/aborted, ul/bad-pdu; config/invalid
 */
export type Dial = (request: DialRequest) => Promise<Association>;
