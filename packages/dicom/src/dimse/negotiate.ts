import { Failure } from '@acervo/kernel/failure.ts';
import { findTransferSyntax, IMPLICIT_LE } from '../transfer-syntax.ts';
import type { AssociateRq, PresentationContext, PresentationContextResult } from '../ul/pdu.ts';
import type { ExtendedNegotiation, RoleSelection } from '../ul/user-information.ts';

/** Result of a presentation context in an A-ASSOCIATE-AC (PS3.8 table 9-18). */
export const ACCEPTANCE = 0;
export const ABSTRACT_SYNTAX_NOT_SUPPORTED = 3;
export const TRANSFER_SYNTAXES_NOT_SUPPORTED = 4;

/** A presentation context that both sides agreed on. */
export type AcceptedContext = { id: number; abstractSyntax: string; transferSyntax: string };

export type Negotiation = {
  /** One per proposed context, in the order proposed. */
  results: readonly PresentationContextResult[];
  accepted: ReadonlyMap<number, AcceptedContext>;
  roleSelections: readonly RoleSelection[];
  extendedNegotiations: readonly ExtendedNegotiation[];
};

export type Acceptor = {
  accepts(abstractSyntax: string): boolean;
  /** May the requestor be SCP of this SOP class, as in C-GET? Without this, never. */
  letsRequestorBeScp?(sopClassUid: string): boolean;
  /** What holds of the information that the requestor gave on an abstract syntax; undefined: no answer to it. */
  agree?(sopClassUid: string, serviceClassApplicationInformation: Uint8Array): Uint8Array | undefined;
};

/**
 * What an acceptor answers to the presentation contexts of a request (PS3.8 7.1.1.13, PS3.7 D.3.2).
 * @throws {Failure} ul/bad-pdu for an id that is even, zero or used twice (PS3.8 9.3.2.2).
 */
export function negotiate(request: AssociateRq, acceptor: Acceptor): Negotiation {
  const accepted = new Map<number, AcceptedContext>();
  const seen = new Set<number>();
  const results = request.presentationContexts.map((context) => {
    if (context.id % 2 === 0 || seen.has(context.id)) throw new Failure('ul/bad-pdu', `context id ${context.id}`);
    seen.add(context.id);
    const result = resultOf(context, acceptor);
    if (result.result === ACCEPTANCE) {
      const { id, abstractSyntax } = context;
      accepted.set(id, { id, abstractSyntax, transferSyntax: result.transferSyntax });
    }
    return result;
  });
  return {
    results,
    accepted,
    roleSelections: rolesOf(request, acceptor),
    extendedNegotiations: agreed(request, acceptor),
  };
}

function resultOf(context: PresentationContext, acceptor: Acceptor): PresentationContextResult {
  const { id, abstractSyntax, transferSyntaxes } = context;
  // A refused context carries a transfer syntax too, which is not significant (PS3.8 9.3.3.2).
  const insignificant = transferSyntaxes[0] ?? IMPLICIT_LE;
  if (!acceptor.accepts(abstractSyntax)) {
    return { id, result: ABSTRACT_SYNTAX_NOT_SUPPORTED, transferSyntax: insignificant };
  }
  const transferSyntax = chooseTransferSyntax(transferSyntaxes);
  if (transferSyntax === undefined) {
    return { id, result: TRANSFER_SYNTAXES_NOT_SUPPORTED, transferSyntax: insignificant };
  }
  return { id, result: ACCEPTANCE, transferSyntax };
}

/**
 * The first proposed syntax that the standard names, those that are retired or deflate the whole data set
 * last: the requestor's order is the only hint at how it holds its objects, and all are kept as sent.
 */
export function chooseTransferSyntax(proposed: readonly string[]): string | undefined {
  const known = proposed.flatMap((uid) => findTransferSyntax(uid) ?? []);
  return (known.find(({ retired, deflated }) => !retired && !deflated) ?? known[0])?.uid;
}

/** An answer to each proposal on an abstract syntax of this association; a role once refused stays refused. */
function rolesOf(request: AssociateRq, acceptor: Acceptor): RoleSelection[] {
  const proposed = new Set(request.presentationContexts.map(({ abstractSyntax }) => abstractSyntax));
  return request.userInformation.roleSelections
    .filter(({ sopClassUid }) => proposed.has(sopClassUid) && acceptor.accepts(sopClassUid))
    .map(({ sopClassUid, scu, scp }) => ({
      sopClassUid,
      scu,
      scp: scp && (acceptor.letsRequestorBeScp?.(sopClassUid) ?? false),
    }));
}

/** Each sub-item at most once for a SOP class (PS3.7 D.3.3.5); the first counts. */
function agreed({ userInformation: { extendedNegotiations } }: AssociateRq, acceptor: Acceptor): ExtendedNegotiation[] {
  const answers = new Map<string, ExtendedNegotiation>();
  for (const { sopClassUid, serviceClassApplicationInformation: asked } of extendedNegotiations) {
    const answer = answers.has(sopClassUid) ? undefined : acceptor.agree?.(sopClassUid, asked);
    if (answer !== undefined) answers.set(sopClassUid, { sopClassUid, serviceClassApplicationInformation: answer });
  }
  return [...answers.values()];
}
