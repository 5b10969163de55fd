import { type ChosenCharset, chooseCharset } from '@acervo/dicom/charset/choose.ts';
import { readTerms } from '@acervo/dicom/charset/decode.ts';
import { dataSetOf, textElement } from '@acervo/dicom/data-set/build.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import type { AcceptedContext } from '@acervo/dicom/dimse/negotiate.ts';
import { fromDicomJson } from '@acervo/dicom/json/from-json.ts';
import { type DicomJson, toDicomJson } from '@acervo/dicom/json/to-json.ts';
import { T } from '@acervo/dicom/tags.ts';
import { type Asker, askMatches, type FindEnd } from '../../bindings/find-scu.ts';
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

/** Binary values in answers are rare and small. */
const INLINE_BYTES_MAX = 64 * 1024;
/** A key was not supported for existence or matching (PS3.4 table C.4-1). */
const PENDING_PARTLY = 0xff01;

/**
 * Ask another archive (PS3.4 C.4.1.2), and read what it tells. Each match as it comes; who stops listening cancels.
 * @param charsetDefault of the other archive, where its answers declare no character set or a wrong one
 * @returns how it ended
 * @throws {Failure} as `askMatches` does
 */
export const askFind = (
  asker: Asker,
  context: AcceptedContext,
  identifier: DataSet,
  charsetDefault: string | undefined,
): AsyncGenerator<FindAnswer, FindEnd> =>
  askMatches(asker, context, identifier, ({ status, dataSet }) => ({
    ...readAnswer(dataSet, charsetDefault),
    isPartly: status === PENDING_PARTLY,
  }));

function readAnswer(dataSet: DataSet, charsetDefault: string | undefined) {
  const declared = readTerms(dataSet.elements.get(T.SpecificCharacterSet)?.value);
  const chosen = chooseCharset(declared, textsOf(dataSet), charsetDefault);
  return {
    json: toDicomJson(dataSet, { charset: chosen.charset, inlineBytesMax: INLINE_BYTES_MAX }),
    declared,
    chosen,
  };
}
