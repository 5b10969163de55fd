import type { CommandSet } from '@acervo/dicom/dimse/command.ts';
import type { RejectReason } from '@acervo/dicom/ul/pdu.ts';
import type { UserIdentity } from '@acervo/dicom/ul/user-information.ts';
import type { Op } from '../ports/op.ts';

/** One DIMSE request as a service sees it: the command set, and its data set as a stream, if it has one. */
export type DimseRequest = {
  command: CommandSet;
  abstractSyntax: string;
  /** Transfer Syntax UID of the presentation context. */
  transferSyntaxUid: string;
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
export type DimseResponse = { status: number; errorComment?: string; dataSet?: Uint8Array };

/**
 * One DIMSE service: which requests it serves on which abstract syntaxes. A Failure thrown by `serve`
 * becomes its status once, in the association; 0x0000 is answered only when serve() has resolved.
 */
export type DimseService = {
  /** Command Field of the request (PS3.7 E.1), e.g. 0x0001 for C-STORE-RQ. */
  commandField: number;
  accepts(abstractSyntax: string): boolean;
  serve(request: DimseRequest, op: Op): Promise<DimseResponse>;
};

/** What a peer says of itself when it asks for an association. Nothing of it is proven. */
export type AssociationRequest = {
  callingAet: string;
  calledAet: string;
  peerAddress: string;
  /** Its fields are views, valid until `identify` has answered. */
  userIdentity?: UserIdentity;
};

/** The other side of an accepted association. */
export type DimseCaller = {
  /** One Op per message, with a fresh id; the signal aborts when the association is lost. */
  openOp(signal: AbortSignal): Op;
  /** What a positively answered user identity is told (PS3.7 D.3.3.7.2); nothing: an empty answer. */
  userIdentityResponse?: Uint8Array;
};

/** Decides whether a peer may associate, and as whom it acts; a RejectReason is said to the peer. */
export type Identify = (
  request: AssociationRequest,
) => DimseCaller | RejectReason | Promise<DimseCaller | RejectReason>;
