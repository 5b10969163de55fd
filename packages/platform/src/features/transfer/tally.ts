import { dataSetOf, textElement } from '@acervo/dicom/data-set/build.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { FAILURES, type FailureCode } from '@acervo/kernel/failure.ts';
import type { DimseResponse } from '../../bindings/dimse.ts';

/** Statuses of C-MOVE and C-GET (PS3.4 tables C.4-2 and C.4-3). */
const PENDING = 0xff00;
const CANCEL = 0xfe00;
const WARNING = 0xb000;
const UNABLE_TO_PERFORM = 0xa702;

/** A number of sub-operations is US: of more, as many are told (PS3.7 E.1). */
const COUNT_MAX = 0xffff;
/** The value of a UI element in explicit VR (PS3.5 7.1.2): of a longer list its beginning is told. */
const LIST_BYTES_MAX = 0xfffe;

/** How a sub-operation ended: the status that the peer answered, or why there was none. */
export type SubOutcome = { status: number } | { failure: FailureCode };

export type Counts = { completed: number; warning: number; failed: number };

/** Statuses of C-STORE that say "stored, but look" (PS3.7 C.1.2, PS3.4 B.2.3). */
export const isWarning = (status: number): boolean =>
  (status & 0xf000) === WARNING || status === 0x0001 || status === 0x0107 || status === 0x0116;

/** Counts the sub-operations of one retrieval and says so in its responses (PS3.4 C.4.2.1.6 ff., C.4.3.1.4 ff.). */
export class Tally {
  readonly #total: number;
  readonly #counts: Counts = { completed: 0, warning: 0, failed: 0 };
  readonly #failedUids: string[] = [];
  #listBytes = 0;
  /** Why, how often. */
  readonly #reasons = new Map<string, number>();

  constructor(total: number) {
    this.#total = total;
  }

  get counts(): Readonly<Counts> {
    return this.#counts;
  }

  /** Of those that were counted at the beginning; 0 also when more have come since. */
  get remaining(): number {
    const { completed, warning, failed } = this.#counts;
    return Math.max(0, this.#total - completed - warning - failed);
  }

  /** What failed, by reason, the most frequent one first. */
  get reasons(): readonly (readonly [reason: string, count: number])[] {
    return [...this.#reasons].toSorted(([, a], [, b]) => b - a);
  }

  add(sopInstanceUid: string, outcome: SubOutcome): void {
    if ('status' in outcome && outcome.status === 0) this.#counts.completed += 1;
    else if ('status' in outcome && isWarning(outcome.status)) this.#counts.warning += 1;
    else this.#fail(sopInstanceUid, outcome);
  }

  #fail(sopInstanceUid: string, outcome: SubOutcome): void {
    this.#counts.failed += 1;
    const reason =
      'failure' in outcome
        ? FAILURES[outcome.failure].title
        : `Receiver answers 0x${outcome.status.toString(16).toUpperCase().padStart(4, '0')}`;
    this.#reasons.set(reason, 1 + (this.#reasons.get(reason) ?? 0));
    const bytes = sopInstanceUid.length + 1;
    if (this.#listBytes + bytes > LIST_BYTES_MAX) return;
    this.#listBytes += bytes;
    this.#failedUids.push(sopInstanceUid);
  }

  pending(): DimseResponse {
    return { status: PENDING, fields: { ...this.#fields(), ...this.#remaining() } };
  }

  /** Canceled: what has been done so far, and how much has not (PS3.4 C.4.2.1.6, C.4.3.1.4). */
  canceled(transferSyntaxUid: string): DimseResponse {
    return { ...this.#final(CANCEL, transferSyntaxUid), fields: { ...this.#fields(), ...this.#remaining() } };
  }

  final(transferSyntaxUid: string): DimseResponse {
    const { completed, warning, failed } = this.#counts;
    if (failed === 0 && warning === 0) return { status: 0x0000, fields: this.#fields() };
    const isRefused = completed + warning === 0;
    return this.#final(isRefused ? UNABLE_TO_PERFORM : WARNING, transferSyntaxUid);
  }

  #final(status: number, transferSyntaxUid: string): DimseResponse {
    const [reason] = this.reasons;
    const dataSet = this.#failedUids.length > 0 ? failedList(this.#failedUids, transferSyntaxUid) : undefined;
    return {
      status,
      fields: this.#fields(),
      ...(reason !== undefined && { errorComment: `${reason[1]} failed: ${reason[0]}` }),
      ...(dataSet !== undefined && { dataSet }),
    };
  }

  #fields() {
    const { completed, warning, failed } = this.#counts;
    return {
      numberOfCompletedSubOperations: Math.min(completed, COUNT_MAX),
      numberOfFailedSubOperations: Math.min(failed, COUNT_MAX),
      numberOfWarningSubOperations: Math.min(warning, COUNT_MAX),
    };
  }

  #remaining() {
    return { numberOfRemainingSubOperations: Math.min(this.remaining, COUNT_MAX) };
  }
}

/** Failed SOP Instance UID List (0008,0058); none in a deflated context, where the counts have to do. */
function failedList(uids: readonly string[], transferSyntaxUid: string): Uint8Array | undefined {
  const syntax = findTransferSyntax(transferSyntaxUid);
  if (syntax === undefined || syntax.deflated) return undefined;
  return writeDataSet(dataSetOf([textElement(T.FailedSOPInstanceUIDList, 'UI', uids.join('\\'))]), syntax);
}
