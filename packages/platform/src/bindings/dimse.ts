import type { CommandSet } from '@acervo/dicom/dimse/command.ts';
import type { AcceptedContext } from '@acervo/dicom/dimse/negotiate.ts';
import type { RejectReason } from '@acervo/dicom/ul/pdu.ts';
import type { UserIdentity } from '@acervo/dicom/ul/user-information.ts';
import type { Op } from '../ports/op.ts';

/** One DIMSE request as a service sees it: the command set, and its data set as a stream, if it has one. */
export type DimseRequest = {
  command: CommandSet;
  context: AcceptedContext;
  /** What the peer said of this service in SOP Class Extended Negotiation (PS3.7 D.3.3.5), and was agreed on. */
  extended: Uint8Array | undefined;
  /** Aborts when the peer sends a C-CANCEL-RQ for this request (PS3.7 9.3.2.3). */
  cancelled: AbortSignal;
  /** The peer, asked in the middle of its own request. */
  peer: DimsePeer;
  callingAet: string;
  calledAet: string;
  /**
   * The data set bytes exactly as received, in order, pulled; the chunks are the service's to keep. A service
   * that answers without reading it to the end leaves the rest to be drained by the association; one that
   * iterates again goes on where it stopped. Throws Failure ul/aborted when the peer goes.
   */
  dataSet: AsyncIterable<Uint8Array>;
};

/** Status (PS3.7 annex C) with what explains it; `errorComment` at most 64 characters, without PHI. */
export type DimseResponse = {
  status: number;
  errorComment?: string;
  /** In the transfer syntax of the request's context. */
  dataSet?: Uint8Array;
  /** What only this service says: numbers of sub-operations, Event Type ID ... */
  fields?: Partial<CommandSet>;
};

/** A request to the peer; the Message ID is the association's to give. */
export type DimseQuestion = {
  context: AcceptedContext;
  command: Omit<CommandSet, 'messageId' | 'dataSetType'>;
  /** Sent verbatim; each chunk must stay as it is only until the next is asked for. */
  dataSet?: AsyncIterable<Uint8Array> | Uint8Array;
};

/** One response to a question, whose data set is whole in memory. */
export type DimseReply = { status: number; command: CommandSet; dataSet: Uint8Array | undefined };

export type StoreRequest = {
  sopClassUid: string;
  sopInstanceUid: string;
  transferSyntaxUid: string;
  /** Sent verbatim; each chunk must stay as it is only until the next is asked for. */
  dataSet: AsyncIterable<Uint8Array> | Uint8Array;
  /** For whom a C-MOVE sends it (PS3.7 9.1.1.1). */
  moveOriginator?: { aeTitle: string; messageId: number };
};

/** How the peer answered; `errorComment` is its text, for the operator. */
export type DimseAnswer = { status: number; errorComment?: string };

/** The other side of an association as performer of operations, one at a time. */
export type DimsePeer = {
  /** Contexts on which it performs storage, by role selection. */
  contexts: readonly AcceptedContext[];
  /** C-STORE. @throws {Failure} ul/aborted, ul/bad-pdu, dimse/no-context; what `dataSet` throws aborts */
  store(request: StoreRequest): Promise<DimseAnswer>;
  /** The only response, or the last one. @throws {Failure} ul/aborted, ul/bad-pdu; ul/released */
  ask(question: DimseQuestion): Promise<DimseReply>;
  /** True when it says nothing for so long; false as soon as it asks for something, releases or goes. */
  staysQuiet(ms: number): Promise<boolean>;
};

/**
 * One DIMSE service: which requests it serves on which abstract syntaxes. A Failure thrown by `serve`
 * becomes its status once, in the association; 0x0000 is answered only when serve() has resolved.
 */
export type DimseService = {
  /** Command Field of the request (PS3.7 E.1), e.g. 0x0001 for C-STORE-RQ. */
  commandField: number;
  accepts(abstractSyntax: string): boolean;
  /** May the requestor perform storage of this SOP class on the same association, as C-GET needs it? */
  letsRequestorBeScp?(sopClassUid: string): boolean;
  /** Answer to SOP Class Extended Negotiation of an abstract syntax (PS3.7 D.3.3.5): what of it holds. */
  agree?(serviceClassApplicationInformation: Uint8Array): Uint8Array;
  /**
   * One response, or several: those that are pending (FF00, FF01), each sent before the next is asked for, then the
   * last one. What comes after that in a generator runs while the peer may ask on: the place for N-EVENT-REPORT.
   */
  serve(request: DimseRequest, op: Op): Promise<DimseResponse> | AsyncIterable<DimseResponse>;
};

/** Statuses after which more responses come (PS3.7 C.1.2, PS3.4 C.4). */
export const isPending = (status: number): boolean => status === 0xff00 || status === 0xff01;

/** What a peer says of itself when it asks for an association. Nothing of it is proven but its certificate. */
export type AssociationRequest = {
  callingAet: string;
  calledAet: string;
  peerAddress: string;
  /** Over TLS, what its certificate proves it to be: `sha256:`, `dns:`, `cn:`; absent on a plain connection. */
  certificate?: readonly string[];
  /** Its fields are views, valid until `identify` has answered. */
  userIdentity?: UserIdentity;
};

/** The other side of an accepted association. */
export type DimseCaller = {
  /** One Op per message, with a fresh id; the signal aborts when the association is lost. */
  openOp(signal: AbortSignal): Op;
  /** What a positively answered user identity is told (PS3.7 D.3.3.7.2); nothing: an empty answer. */
  userIdentityResponse?: Uint8Array;
  /** Called once, when the association is over. */
  ended?(): void;
};

/** Decides whether a peer may associate, and as whom it acts; a RejectReason is said to the peer. */
export type Identify = (
  request: AssociationRequest,
) => DimseCaller | RejectReason | Promise<DimseCaller | RejectReason>;
