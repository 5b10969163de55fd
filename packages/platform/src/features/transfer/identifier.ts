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

/** What a C-MOVE or C-GET wants: unique keys of a level, and of those above it. */
export type RetrieveKeys =
  | { level: 'PATIENT'; patientId: string; issuer: string | undefined }
  | { level: 'STUDY'; studies: readonly string[] }
  | { level: 'SERIES'; study: string; series: readonly string[] }
  | { level: 'IMAGE'; study: string; series: string; instances: readonly string[] };

/** Some 16 000 UIDs. */
export const IDENTIFIER_BYTES_MAX = 1 << 20;

/**
 * The Identifier of a C-MOVE-RQ or C-GET-RQ (PS3.4 C.4.2.1.4, C.4.3.1.3): a list of UIDs at its level, one value at
 * each level above. What it says beyond the unique keys is passed over, and the Patient ID above a study too: a Study
 * Instance UID needs no help, and requestors send stale ones.
 * @throws {Failure} retrieve/bad-identifier
 */
export async function readRetrieveKeys(
  { dataSet, context }: Pick<DimseRequest, 'dataSet' | 'context'>,
  levels: readonly Level[],
): Promise<RetrieveKeys> {
  const syntax = findTransferSyntax(context.transferSyntax);
  if (syntax === undefined) throw bad('transfer syntax');
  const bytes = await bytesOf(syntax.deflated ? inflate(dataSet) : dataSet);
  try {
    return keysOf(readDataSet(bytes, { syntax, valueBytesMax: IDENTIFIER_BYTES_MAX }).dataSet, levels);
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

function keysOf(identifier: DataSet, levels: readonly Level[]): RetrieveKeys {
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
      return { level, study: uidAt(identifier, T.StudyInstanceUID), series: uidsAt(identifier, T.SeriesInstanceUID) };
    case 'IMAGE':
      return {
        level,
        study: uidAt(identifier, T.StudyInstanceUID),
        series: uidAt(identifier, T.SeriesInstanceUID),
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

const bad = (detail: string): Failure => new Failure('retrieve/bad-identifier', detail);
