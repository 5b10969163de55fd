import type { Encoding } from '@acervo/dicom/data-set/header.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { C_FIND_RQ } from '@acervo/dicom/dimse/command.ts';
import type { AcceptedContext } from '@acervo/dicom/dimse/negotiate.ts';
import { EXPLICIT_LE, findTransferSyntax, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { type DimseQuestion, type DimseReply, isPending } from './dimse.ts';
import type { Association, ProposedContext } from './dimse-scu.ts';

/** Study and Patient Root Query/Retrieve Information Model - FIND (PS3.4 C.6.1.3, C.6.2.3). */
export const STUDY_ROOT_FIND = '1.2.840.10008.5.1.4.1.2.2.1';
export const PATIENT_ROOT_FIND = '1.2.840.10008.5.1.4.1.2.1.1';

/** For Identifiers: every peer has one of them, and none compresses. */
const IDENTIFIER_SYNTAXES: readonly string[] = [EXPLICIT_LE, IMPLICIT_LE];

/** A context for questions, whose Identifiers are small. */
export const identifierContext = (abstractSyntax: string): ProposedContext => ({
  abstractSyntax,
  transferSyntaxes: IDENTIFIER_SYNTAXES,
});

/** An association, as far as a search needs it. */
export type Asker = { ask(question: DimseQuestion): AsyncGenerator<DimseReply, undefined> };

/** One match (PS3.4 C.4.1.1.4), as the peer wrote it. */
export type FoundIdentifier = { status: number; dataSet: DataSet };

export type FindEnd = { status: number; errorComment: string | undefined; offendingElement: readonly number[] };

/**
 * Ask another archive (PS3.4 C.4.1.2). Each match as it comes; who stops listening cancels, and so does `read` when it
 * throws.
 * @param read what is made of a match
 * @returns how it ended
 * @throws {Failure} ul/aborted, ul/bad-pdu, ul/released; parse/... when a match cannot be read; dimse/no-context
 */
export async function* askMatches<T>(
  { ask }: Asker,
  context: AcceptedContext,
  identifier: DataSet,
  read: (found: FoundIdentifier) => T,
): AsyncGenerator<T, FindEnd> {
  const syntax = identifierSyntax(context);
  const question: DimseQuestion = {
    context,
    command: { commandField: C_FIND_RQ, affectedSopClassUid: context.abstractSyntax, priority: 0 },
    dataSet: writeDataSet(identifier, syntax, { lengths: 'defined' }),
  };
  for await (const { status, command, dataSet } of ask(question)) {
    if (isPending(status)) yield read({ status, dataSet: readMatch(dataSet, syntax) });
    else return { status, errorComment: command.errorComment, offendingElement: command.offendingElement ?? [] };
  }
  throw new Failure('ul/aborted', 'no final response');
}

function readMatch(bytes: Uint8Array | undefined, syntax: Encoding): DataSet {
  const { dataSet, marks } = readDataSet(bytes ?? new Uint8Array(0), { syntax });
  if (marks.has('truncated') || marks.has('garbage')) throw new Failure('parse/malformed', 'identifier of an answer');
  return dataSet;
}

/** Only native syntaxes that are not deflated are proposed. @throws {Failure} dimse/no-context */
export function identifierSyntax({ transferSyntax }: AcceptedContext): Encoding {
  const syntax = findTransferSyntax(transferSyntax);
  if (syntax === undefined || syntax.deflated) throw new Failure('dimse/no-context', 'a transfer syntax not proposed');
  return syntax;
}

/** The context that was accepted for a SOP class. @throws {Failure} dimse/no-context */
export function contextOf({ contexts }: Pick<Association, 'contexts'>, abstractSyntax: string): AcceptedContext {
  const context = contexts.find((each) => each.abstractSyntax === abstractSyntax);
  if (context === undefined) throw new Failure('dimse/no-context', abstractSyntax);
  return context;
}
