import { type ChosenCharset, chooseCharset } from '@acervo/dicom/charset/choose.ts';
import { readTerms } from '@acervo/dicom/charset/decode.ts';
import { dataSetOf, textElement } from '@acervo/dicom/data-set/build.ts';
import type { Encoding } from '@acervo/dicom/data-set/header.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { C_FIND_RQ } from '@acervo/dicom/dimse/command.ts';
import type { AcceptedContext } from '@acervo/dicom/dimse/negotiate.ts';
import { fromDicomJson } from '@acervo/dicom/json/from-json.ts';
import { type DicomJson, toDicomJson } from '@acervo/dicom/json/to-json.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { type DimseQuestion, type DimseReply, isPending } from '../../bindings/dimse.ts';
import { type FindLevel, UNIQUE_KEY } from './find-models.ts';
import { textsOf } from './identifier.ts';
import { inSmallestSet } from './in-charset.ts';

/** What another archive is asked. */
export type FindQuestion = {
  level: FindLevel;
  /** Attributes to be matched, or without a value to be returned. */
  keys: DicomJson;
  /** Specific Character Set (0008,0005) to ask in, if it can carry the keys. */
  charset?: string | undefined;
};

/** One match as the other archive told it. */
export type FindAnswer = {
  json: DicomJson;
  /** A key was not supported for existence or matching: FF01. */
  isPartly: boolean;
  /** Values of (0008,0005) as they came, and how the text was read. */
  declared: readonly string[];
  chosen: ChosenCharset;
};

export type FindEnd = { status: number; errorComment: string | undefined; offendingElement: readonly number[] };

/** The Identifier of a question, as it is sent (PS3.4 C.4.1.1.3.1). @throws {Failure} parse/json */
export function askedIdentifier({ level, keys, charset }: FindQuestion): DataSet {
  const { dataSet, terms } = inSmallestSet(fromDicomJson(keys), charset === undefined ? [] : charset.split('\\'));
  const elements = new Map(dataSet.elements);
  // The unique key of the level is always asked for (PS3.4 C.4.1.2.1).
  if (!elements.has(UNIQUE_KEY[level])) elements.set(UNIQUE_KEY[level], textElement(UNIQUE_KEY[level], 'UI', ''));
  const own = [
    ...(terms.length > 0 ? [textElement(T.SpecificCharacterSet, 'CS', terms.join('\\'))] : []),
    textElement(T.QueryRetrieveLevel, 'CS', level),
  ];
  return dataSetOf([...elements.values(), ...own]);
}

/** An association, as far as a search needs it. */
export type Asker = { ask(question: DimseQuestion): AsyncGenerator<DimseReply, undefined> };

/**
 * Ask another archive (PS3.4 C.4.1.2). Each match as it comes; who stops listening cancels.
 * @param charsetDefault of the other archive, where its answers declare no character set or a wrong one
 * @returns how it ended
 * @throws {Failure} ul/aborted, ul/bad-pdu, ul/released; parse/... when an answer cannot be read
 */
export async function* askFind(
  { ask }: Asker,
  context: AcceptedContext,
  identifier: DataSet,
  charsetDefault: string | undefined,
): AsyncGenerator<FindAnswer, FindEnd> {
  const syntax = syntaxOf(context);
  const question: DimseQuestion = {
    context,
    command: { commandField: C_FIND_RQ, affectedSopClassUid: context.abstractSyntax, priority: 0 },
    dataSet: writeDataSet(identifier, syntax, { lengths: 'defined' }),
  };
  for await (const { status, command, dataSet } of ask(question)) {
    if (isPending(status)) yield { ...readAnswer(dataSet, syntax, charsetDefault), isPartly: status === 0xff01 };
    else return { status, errorComment: command.errorComment, offendingElement: command.offendingElement ?? [] };
  }
  throw new Failure('ul/aborted', 'no final response');
}

/** Only native syntaxes that are not deflated are proposed. */
function syntaxOf({ transferSyntax }: AcceptedContext): Encoding {
  const syntax = findTransferSyntax(transferSyntax);
  if (syntax === undefined || syntax.deflated) throw new Failure('dimse/no-context', 'a transfer syntax not proposed');
  return syntax;
}

function readAnswer(bytes: Uint8Array | undefined, syntax: Encoding, charsetDefault: string | undefined) {
  const { dataSet, marks } = readDataSet(bytes ?? new Uint8Array(0), { syntax });
  if (marks.has('truncated') || marks.has('garbage')) throw new Failure('parse/malformed', 'identifier of an answer');
  const declared = readTerms(dataSet.elements.get(T.SpecificCharacterSet)?.value);
  const chosen = chooseCharset(declared, textsOf(dataSet), charsetDefault);
  return {
    json: toDicomJson(dataSet, { charset: chosen.charset, inlineBytesMax: INLINE_BYTES_MAX }),
    declared,
    chosen,
  };
}

/** Binary values in answers are rare and small. */
const INLINE_BYTES_MAX = 64 * 1024;
