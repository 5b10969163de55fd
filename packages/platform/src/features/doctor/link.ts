import type { RejectReason } from '@acervo/dicom/ul/pdu.ts';
import type { FailureCode } from '@acervo/kernel/failure.ts';

/** The certificate that a peer shows, and what TLS agreed on. `failure`: why it does not count. */
export type TlsSeen = {
  version: string;
  cipher: string;
  subject: string;
  issuer: string;
  validTo: string;
  identities: readonly string[];
  failure: { code: FailureCode; detail: string } | undefined;
};

export type ContextAnswer = {
  abstractSyntax: string;
  /** 0 acceptance, 1 user rejection, 2 no reason, 3 abstract syntax, 4 transfer syntaxes (PS3.8 9.3.3.2). */
  result: number;
  transferSyntax: string;
};

/** An association that a peer has accepted. */
export type Associated = {
  ms: number;
  maximumLength: number;
  implementationClassUid: string;
  implementationVersionName: string;
  contexts: readonly ContextAnswer[];
  /** C-ECHO. @throws {Failure} as an association does */
  echo(): Promise<{ status: number; ms: number }>;
  /**
   * A C-FIND on the Study Root model (PS3.4 C.6.2), cancelled after the first match.
   * @returns the data set of that match, in the transfer syntax of its context; undefined without one
   */
  findOne(identifier: (transferSyntax: string) => Uint8Array): Promise<FindSeen>;
  release(): Promise<void>;
};

export type FindSeen = {
  status: number;
  ms: number;
  match: { dataSet: Uint8Array; transferSyntax: string } | undefined;
};

/** What can be tried of the way to a system. Nothing throws that can be expected of a way that is broken. */
export type Link = {
  /** Open a connection and close it. `error`: the system's code, such as ECONNREFUSED. */
  reach(): Promise<{ ms: number } | { error: string }>;
  handshake(): Promise<TlsSeen | { error: string }>;
  associate(
    abstractSyntaxes: readonly string[],
  ): Promise<Associated | { rejected: RejectReason } | { failed: FailureCode; detail: string }>;
  /** What else than DICOM answers there. */
  greeting(): Promise<'http' | 'tls' | 'other' | 'silent'>;
};
