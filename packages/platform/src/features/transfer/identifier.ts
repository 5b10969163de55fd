import { decodeText } from '@acervo/dicom/charset/decode.ts';
import { charsetOf, readTerms } from '@acervo/dicom/charset/terms.ts';
import { textsOf } from '@acervo/dicom/data-set/access.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { inflate } from '@acervo/dicom/deflate.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { isValidUid } from '@acervo/dicom/uid.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { DimseRequest } from '../../bindings/dimse.ts';

export type Level = 'PATIENT' | 'STUDY' | 'SERIES' | 'IMAGE';

/** A Query/Retrieve Information Model, with its SOP classes (PS3.4 C.6). */
export type InformationModel = { name: string; move: string; get: string; levels: readonly Level[] };

const QR = '1.2.840.10008.5.1.4.1.2.';
export const MODELS: readonly InformationModel[] = [
  { name: 'Patient Root', move: `${QR}1.2`, get: `${QR}1.3`, levels: ['PATIENT', 'STUDY', 'SERIES', 'IMAGE'] },
  { name: 'Study Root', move: `${QR}2.2`, get: `${QR}2.3`, levels: ['STUDY', 'SERIES', 'IMAGE'] },
  { name: 'Patient/Study Only (retired)', move: `${QR}3.2`, get: `${QR}3.3`, levels: ['PATIENT', 'STUDY'] },
];

/**
 * What a C-MOVE or C-GET wants: unique keys of a level, and of those above it, which a relational one may leave out.
 */
export type RetrieveKeys =
  | { level: 'PATIENT'; patientId: string; issuer: string | undefined }
  | { level: 'STUDY'; studies: readonly string[] }
  | { level: 'SERIES'; study: string | undefined; series: readonly string[] }
  | { level: 'IMAGE'; study: string | undefined; series: string | undefined; instances: readonly string[] };

/**
 * Answer to SOP Class Extended Negotiation (PS3.4 C.5.2, C.5.3): relational retrieval, of as many bytes as
 * were sent. Enhanced multi-frame conversion, the second one, is not agreed on.
 */
export const agreeOnRelational = (asked: Uint8Array): Uint8Array =>
  asked.slice(0, 2).map((byte, index) => (index === 0 && byte === 1 ? 1 : 0));

/** Some 16 000 UIDs. */
export const IDENTIFIER_BYTES_MAX = 1 << 20;

/**
 * The Identifier of a C-MOVE-RQ or C-GET-RQ (PS3.4 C.4.2.1.4, C.4.3.1.3): a list of UIDs at its level, one value at
 * each level above, or none where relational retrieval was agreed on (C.4.2.3.2, C.4.3.3.2). What it says beyond the
 * unique keys is passed over, and the Patient ID above a study too: a Study Instance UID needs no help, and requestors
 * send stale ones.
 * @throws {Failure} retrieve/bad-identifier
 */
export async function readRetrieveKeys(
  { dataSet, context, extended }: Pick<DimseRequest, 'dataSet' | 'context' | 'extended'>,
  levels: readonly Level[],
): Promise<RetrieveKeys> {
  const syntax = findTransferSyntax(context.transferSyntax);
  if (syntax === undefined) throw bad('transfer syntax');
  const bytes = await bytesOf(syntax.deflated ? inflate(dataSet) : dataSet);
  try {
    const { dataSet: identifier } = readDataSet(bytes, { syntax, valueBytesMax: IDENTIFIER_BYTES_MAX });
    return keysOf(identifier, levels, extended?.[0] === 1 ? uidIfAny : uidAt);
  } catch (thrown) {
    const { code, detail } = toFailure(thrown);
    throw code.startsWith('parse/') ? bad(`${code}: ${detail}`) : thrown;
  }
}

async function bytesOf(dataSet: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of dataSet) {
    bytes += part.length;
    if (bytes > IDENTIFIER_BYTES_MAX) throw bad(`more than ${IDENTIFIER_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return concat(parts);
}

type Above = (identifier: DataSet, tag: number) => string | undefined;

/** @param above  reads the unique key of a level above */
function keysOf(identifier: DataSet, levels: readonly Level[], above: Above): RetrieveKeys {
  const asked = textsOf(identifier.elements.get(T.QueryRetrieveLevel))[0] ?? '';
  const level = levels.find((each) => each === asked);
  switch (level) {
    case undefined:
      throw bad('Query/Retrieve Level absent, or not of this model');
    case 'PATIENT':
      return { level, ...patientOf(identifier) };
    case 'STUDY':
      return { level, studies: uidsAt(identifier, T.StudyInstanceUID) };
    case 'SERIES':
      return { level, study: above(identifier, T.StudyInstanceUID), series: uidsAt(identifier, T.SeriesInstanceUID) };
    case 'IMAGE':
      return {
        level,
        study: above(identifier, T.StudyInstanceUID),
        series: above(identifier, T.SeriesInstanceUID),
        instances: uidsAt(identifier, T.SOPInstanceUID),
      };
  }
}

function patientOf(identifier: DataSet): { patientId: string; issuer: string | undefined } {
  const charset = charsetOf(readTerms(identifier.elements.get(T.SpecificCharacterSet)?.value));
  const textAt = (tag: number): string =>
    decodeText(identifier.elements.get(tag)?.value ?? new Uint8Array(), 'LO', charset).trim();
  const patientId = textAt(T.PatientID);
  if (!/^[^\\*?]+$/.test(patientId)) throw bad('no single value of Patient ID');
  return { patientId, issuer: textAt(T.IssuerOfPatientID) || undefined };
}

/** Zero length would match everything, a wildcard many: neither may stand in a retrieval (PS3.4 C.4.2.1.4). */
function uidsAt(identifier: DataSet, tag: number): readonly string[] {
  const uids = [...new Set(textsOf(identifier.elements.get(tag)))];
  if (uids.length === 0) throw bad(`no value of ${tagText(tag)}`);
  const wrong = uids.findIndex((uid) => !isValidUid(uid));
  if (wrong >= 0) throw bad(`value ${wrong + 1} of ${tagText(tag)} is no UID`);
  return uids;
}

function uidAt(identifier: DataSet, tag: number): string {
  const [uid = '', ...others] = uidsAt(identifier, tag);
  if (others.length > 0) throw bad(`several values of ${tagText(tag)}, which is above the level`);
  return uid;
}

/** Of a relational retrieval: what stands there narrows it. */
const uidIfAny: Above = (identifier, tag) =>
  textsOf(identifier.elements.get(tag)).length === 0 ? undefined : uidAt(identifier, tag);

const bad = (detail: string): Failure => new Failure('retrieve/bad-identifier', detail);
