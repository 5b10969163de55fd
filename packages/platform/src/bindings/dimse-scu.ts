import type { AcceptedContext } from '@acervo/dicom/dimse/negotiate.ts';
import type { ExtendedNegotiation } from '@acervo/dicom/ul/user-information.ts';
import type { Log } from '../ports/log.ts';
import type { Address } from '../ports/systems.ts';
import type { DimseAnswer, DimseCaller, DimseQuestion, DimseReply, DimseService, StoreRequest } from './dimse.ts';

/** Presentation contexts of one association: ids are the odd numbers of one byte (PS3.8 9.3.2.2). */
export const CONTEXTS_MAX = 128;

export type ProposedContext = {
  abstractSyntax: string;
  transferSyntaxes: readonly string[];
  /** We perform this SOP class, the peer invokes it, as storage in C-GET (PS3.7 D.3.3.4). */
  isScp?: boolean;
};

/** What we perform for the peer on an association that we asked for, and on whose behalf: the C-STORE of a C-GET. */
export type Performed = { services: readonly DimseService[]; caller: DimseCaller; log: Log };

/** An association that we asked for; one operation at a time. */
export type Association = {
  contexts: readonly AcceptedContext[];
  /** What the peer agreed to of what was proposed. */
  extendedNegotiations: readonly ExtendedNegotiation[];
  /** C-ECHO. @throws {Failure} ul/aborted, ul/bad-pdu, dimse/no-context */
  echo(): Promise<DimseAnswer>;
  /** C-STORE. @throws {Failure} ul/aborted, ul/bad-pdu, dimse/no-context; what `dataSet` throws aborts */
  store(request: StoreRequest): Promise<DimseAnswer>;
  /**
   * Any other operation: every response, the final one last. Stop listening before that, and the peer is told to
   * cancel. @throws {Failure} ul/aborted, ul/bad-pdu, ul/released
   */
  ask(question: DimseQuestion): AsyncGenerator<DimseReply, undefined>;
  /**
   * Perform what the peer invokes, for instance N-EVENT-REPORT, one message after the other.
   * @returns when the peer has asked for release, which is answered, or `until` aborts, between two messages
   * @throws {Failure} ul/aborted, ul/bad-pdu
   */
  perform(until: AbortSignal): Promise<void>;
  /** @throws {Failure} ul/aborted when the peer did not answer; the connection is closed in any case */
  release(): Promise<void>;
  abort(): Promise<void>;
};

export type AssociationWanted = {
  /** At most CONTEXTS_MAX. */
  contexts: readonly ProposedContext[];
  performs?: Performed;
  extendedNegotiations?: readonly ExtendedNegotiation[];
  /** Aborts the association. */
  signal: AbortSignal;
};

/**
 * Associate with a system that we know. Waits while all our associations, or all of that system, are in use. Whoever
 * gets one has to release or abort it.
 * @throws {Failure} ul/rejected, ul/aborted, ul/bad-pdu
 */
export type Associate = (to: Address, wanted: AssociationWanted) => Promise<Association>;
