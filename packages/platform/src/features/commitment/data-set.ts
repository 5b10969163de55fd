import { itemsOf, numberOf, uidOf } from '@acervo/dicom/data-set/access.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { dataSetOf, numberElement, sequence, textElement, writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { deflate, inflate } from '@acervo/dicom/deflate.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE, findTransferSyntax, IMPLICIT_LE, type TransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { isValidUid } from '@acervo/dicom/uid.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import {
  eachReference,
  type Failures,
  REFERENCES_MAX,
  type Reference,
  type References,
  reasonsOf,
  referenceKey,
  referencesOf,
} from './references.ts';

/** Storage Commitment Push Model (PS3.4 J.3), and its well-known instance (J.3.5). */
export const PUSH_MODEL = '1.2.840.10008.1.20.1';
export const PUSH_MODEL_INSTANCE = '1.2.840.10008.1.20.1.1';
/** What we propose for it. */
export const TRANSFER_SYNTAXES: readonly string[] = [EXPLICIT_LE, IMPLICIT_LE];

/** Event Type ID (PS3.4 table J.3-2). */
export const EVENT = { complete: 1, failuresExist: 2 } as const;
/** Action Type ID: request storage commitment (PS3.4 table J.3-1). */
export const REQUEST_COMMITMENT = 1;

/** Longest action or event information that is read, in bytes: REFERENCES_MAX items of any encoding are shorter. */
export const INFORMATION_BYTES_MAX = 8 << 20;

/** Action information (PS3.4 table J.3-1). */
export type CommitmentRequest = { transactionUid: string; references: References };

/** Event information (PS3.4 table J.3-2). */
export type CommitmentReport = {
  transactionUid: string;
  committed: readonly Reference[];
  failed: readonly (Reference & { reason: number })[];
};

/**
 * The action information of an N-ACTION-RQ.
 * @throws {Failure} request/invalid; commitment/too-many
 */
export async function readRequest(
  chunks: AsyncIterable<Uint8Array>,
  transferSyntaxUid: string,
): Promise<CommitmentRequest> {
  const dataSet = await read(chunks, transferSyntaxUid);
  const references = referencesIn(dataSet, T.ReferencedSOPSequence);
  if (references.length === 0) throw new Failure('request/invalid', 'no item of Referenced SOP Sequence');
  return { transactionUid: transactionIn(dataSet), references: referencesOf(references) };
}

/** The event information of an N-EVENT-REPORT-RQ. @throws {Failure} as `readRequest` */
export async function readReport(
  chunks: AsyncIterable<Uint8Array>,
  transferSyntaxUid: string,
): Promise<CommitmentReport> {
  const dataSet = await read(chunks, transferSyntaxUid);
  const failed = itemsOf(dataSet, T.FailedSOPSequence);
  return {
    transactionUid: transactionIn(dataSet),
    committed: referencesIn(dataSet, T.ReferencedSOPSequence),
    failed: referencesIn(dataSet, T.FailedSOPSequence).map((reference, index) => ({
      ...reference,
      // 1 by the standard; who leaves it out says no more than that it failed.
      reason: numberOf(failed[index] as DataSet, T.FailureReason) ?? 0x0110,
    })),
  };
}

export function writeRequest(
  { transactionUid, references }: CommitmentRequest,
  transferSyntaxUid: string,
): Promise<Uint8Array> {
  const items = [...eachReference(references)].map((reference) => itemOf(reference));
  return write(
    [textElement(T.TransactionUID, 'UI', transactionUid), sequence(T.ReferencedSOPSequence, items)],
    transferSyntaxUid,
  );
}

/** What was asked for, and of it what failed. A sequence without items is left out, as table J.3-2 has it. */
export function writeReport(
  { transactionUid, references, failures }: CommitmentRequest & { failures: Failures },
  transferSyntaxUid: string,
): Promise<Uint8Array> {
  const reasons = reasonsOf(failures);
  const committed: DataSet[] = [];
  const failed: DataSet[] = [];
  for (const reference of eachReference(references)) {
    const reason = reasons.get(referenceKey(reference));
    if (reason === undefined) committed.push(itemOf(reference));
    else failed.push(itemOf(reference, Number.parseInt(reason, 16)));
  }
  const elements = [textElement(T.TransactionUID, 'UI', transactionUid)];
  if (committed.length > 0) elements.push(sequence(T.ReferencedSOPSequence, committed));
  if (failed.length > 0) elements.push(sequence(T.FailedSOPSequence, failed));
  return write(elements, transferSyntaxUid);
}

const itemOf = ({ sopClassUid, sopInstanceUid }: Reference, failureReason?: number): DataSet =>
  dataSetOf([
    textElement(T.ReferencedSOPClassUID, 'UI', sopClassUid),
    textElement(T.ReferencedSOPInstanceUID, 'UI', sopInstanceUid),
    ...(failureReason === undefined ? [] : [numberElement(T.FailureReason, 'US', [failureReason])]),
  ]);

function transactionIn(dataSet: DataSet): string {
  const transactionUid = uidOf(dataSet, T.TransactionUID);
  if (transactionUid === undefined || !isValidUid(transactionUid)) {
    throw new Failure('request/invalid', 'no valid Transaction UID');
  }
  return transactionUid;
}

function referencesIn(dataSet: DataSet, tag: number): Reference[] {
  const items = itemsOf(dataSet, tag);
  if (items.length > REFERENCES_MAX) throw new Failure('commitment/too-many', `${items.length} references`);
  return items.map((each, index) => {
    const sopClassUid = uidOf(each, T.ReferencedSOPClassUID) ?? '';
    const sopInstanceUid = uidOf(each, T.ReferencedSOPInstanceUID) ?? '';
    if (!isValidUid(sopClassUid) || !isValidUid(sopInstanceUid)) {
      throw new Failure('request/invalid', `item ${index + 1} without a valid SOP Class and SOP Instance UID`);
    }
    return { sopClassUid, sopInstanceUid };
  });
}

async function read(chunks: AsyncIterable<Uint8Array>, transferSyntaxUid: string): Promise<DataSet> {
  const syntax = syntaxOf(transferSyntaxUid);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > INFORMATION_BYTES_MAX) throw new Failure('commitment/too-many', `over ${INFORMATION_BYTES_MAX} bytes`);
    parts.push(chunk);
  }
  if (bytes === 0) throw new Failure('request/invalid', 'no data set');
  try {
    const whole = syntax.deflated ? await Array.fromAsync(inflate(oneByOne(parts))) : parts;
    const { dataSet, marks } = readDataSet(concat(whole), { syntax });
    if (marks.has('truncated') || marks.has('garbage')) throw new Failure('request/invalid', 'data set breaks off');
    return dataSet;
  } catch (thrown) {
    const { code, detail } = toFailure(thrown);
    // Statuses of a data set that is to be stored mean nothing here.
    if (code.startsWith('parse/')) throw new Failure('request/invalid', detail, { cause: thrown });
    throw thrown;
  }
}

async function write(elements: Parameters<typeof dataSetOf>[0], transferSyntaxUid: string): Promise<Uint8Array> {
  const syntax = syntaxOf(transferSyntaxUid);
  const bytes = writeDataSet(dataSetOf(elements), syntax);
  return syntax.deflated ? concat(await Array.fromAsync(deflate(oneByOne([bytes])))) : bytes;
}

async function* oneByOne(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

function syntaxOf(uid: string): Readonly<TransferSyntax> {
  const syntax = findTransferSyntax(uid);
  if (syntax === undefined) throw new Error(`transfer syntax ${uid} was negotiated`);
  return syntax;
}
