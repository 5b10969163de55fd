import type { AcceptedContext } from '@acervo/dicom/dimse/negotiate.ts';
import { EXPLICIT_LE, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import type { HeldInstance } from '../../holdings/find.repo.ts';
import { LENT_BYTES_MAX, type SegmentFiles } from '../../holdings/segment-files.ts';
import { storedDataSet } from '../../holdings/stored-data-set.ts';
import type { Transcoder } from '../../ports/transcoder.ts';

/** An object that can be sent, wherever it lies. */
export type Sendable = {
  sopClassUid: string;
  sopInstanceUid: string;
  /** In which it lies. */
  transferSyntaxUid: string;
  /**
   * Its data set in a transfer syntax, its first bytes read.
   * @throws {Failure} when it cannot be had, or not in this syntax; so far nothing is sent
   */
  open(transferSyntaxUid: string, signal: AbortSignal): Promise<Opened>;
};

export type Opened = {
  dataSet: Uint8Array | AsyncIterable<Uint8Array>;
  /**
   * Once, when it has been sent or will not be.
   * @param isTaken  nothing of it waits to be written any more: its memory may be used again
   */
  close(isTaken: boolean): void | Promise<void>;
};

/** An instance of the archive. */
export function heldSendable(files: SegmentFiles, transcoder: Transcoder, instance: HeldInstance): Sendable {
  const { sopClassUid, sopUid: sopInstanceUid, transferSyntaxUid: stored } = instance;
  const { segment, dataSetAt, dataSetBytes } = instance;
  return {
    sopClassUid,
    sopInstanceUid,
    transferSyntaxUid: stored,
    open: async (wanted, signal) => {
      if (wanted !== stored) {
        return begun(transcoder.transcode(storedDataSet(files, instance), stored, wanted, signal));
      }
      if (dataSetBytes > LENT_BYTES_MAX) return begun(files.stream(segment, dataSetAt, dataSetBytes));
      const { bytes, giveBack } = await files.lend(segment, dataSetAt, dataSetBytes);
      return { dataSet: bytes, close: (isTaken) => (isTaken ? giveBack() : undefined) };
    },
  };
}

/** A stream whose first chunk is there: what it would fail with at once, it has failed with. */
export async function begun(chunks: AsyncIterable<Uint8Array>): Promise<Opened> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  const dataSet = (async function* () {
    for (let next = first; next.done !== true; next = await iterator.next()) yield next.value;
  })();
  return { dataSet, close: async () => void (await iterator.return?.()) };
}

/** Preferred where an object cannot go out as it lies: VRs of private attributes survive in the first. */
export const FALLBACKS: readonly string[] = [EXPLICIT_LE, IMPLICIT_LE];

/**
 * The transfer syntax in which an object goes out on the contexts that a peer accepted: its own, else the first that
 * it can be given in, those that are preferred before the others.
 */
export function chooseSyntax(
  contexts: readonly AcceptedContext[],
  { sopClassUid, transferSyntaxUid }: Pick<Sendable, 'sopClassUid' | 'transferSyntaxUid'>,
  { canTranscode }: Pick<Transcoder, 'canTranscode'>,
  preferred: readonly string[] = FALLBACKS,
): string | undefined {
  const accepted = contexts
    .filter(({ abstractSyntax }) => abstractSyntax === sopClassUid)
    .map(({ transferSyntax }) => transferSyntax);
  const order = [transferSyntaxUid, ...preferred, ...accepted];
  return order.find((syntax) => accepted.includes(syntax) && canTranscode(transferSyntaxUid, syntax));
}
