import {
  DataSetReader,
  type RandomAccess,
  type Read,
  type ReadOptions,
  readDataSetFrom,
} from '@acervo/dicom/data-set/read.ts';
import { inflate } from '@acervo/dicom/deflate.ts';
import { findTransferSyntax, type TransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import type { LentBytes } from '../ports/blob-store.ts';
import type { HeldInstance, Location } from './find.repo.ts';
import type { SegmentFiles } from './segment-files.ts';
import { rangeSource } from './source.ts';

/** The data set of a stored instance, inflated where it is stored deflated. Nothing is open between two calls. */
export type StoredDataSet = {
  syntax: Readonly<TransferSyntax>;
  /** By offset. Of a deflated one each read inflates from the beginning, and `length` is not its own. */
  source: RandomAccess;
  /** Bytes from an offset on, in pieces; `length` undefined: to the end. */
  stream(offset: number, length?: number): AsyncGenerator<Uint8Array>;
  /** At most LENT_BYTES_MAX at once; not of a deflated one. @throws {Failure} retrieve/damaged */
  lend?: (offset: number, length: number) => Promise<LentBytes>;
  /** @throws {Failure} parse/limit, parse/malformed, retrieve/damaged */
  read(options: Omit<ReadOptions, 'syntax'>): Promise<Read>;
};

export type Stored = Location & Pick<HeldInstance, 'transferSyntaxUid'>;

export function storedDataSet(files: SegmentFiles, stored: Stored): StoredDataSet {
  const syntax = findTransferSyntax(stored.transferSyntaxUid);
  if (syntax === undefined) throw new Error(`transfer syntax ${stored.transferSyntaxUid} was accepted once`);
  return syntax.deflated ? deflatedDataSet(files, stored, syntax) : plainDataSet(files, stored, syntax);
}

function plainDataSet(
  files: SegmentFiles,
  { segment, dataSetAt, dataSetBytes }: Stored,
  syntax: Readonly<TransferSyntax>,
): StoredDataSet {
  const source: RandomAccess = {
    length: dataSetBytes,
    read: (offset, length) =>
      files.using(segment, (reader) => rangeSource(reader, dataSetAt, dataSetBytes).read(offset, length)),
  };
  return {
    syntax,
    source,
    stream: (offset, length = dataSetBytes - offset) =>
      files.stream(segment, dataSetAt + offset, Math.min(length, dataSetBytes - offset)),
    lend: (offset, length) => files.lend(segment, dataSetAt + offset, Math.min(length, dataSetBytes - offset)),
    read: (options) =>
      files.using(segment, (reader) =>
        readDataSetFrom(rangeSource(reader, dataSetAt, dataSetBytes), { ...options, syntax }),
      ),
  };
}

function deflatedDataSet(
  files: SegmentFiles,
  { segment, dataSetAt, dataSetBytes }: Stored,
  syntax: Readonly<TransferSyntax>,
): StoredDataSet {
  const stream = (offset: number, length = Number.MAX_SAFE_INTEGER): AsyncGenerator<Uint8Array> =>
    cut(inflate(files.stream(segment, dataSetAt, dataSetBytes)), offset, length);
  return {
    syntax,
    source: {
      length: Number.MAX_SAFE_INTEGER,
      read: async (offset, length) => concat(await Array.fromAsync(stream(offset, length))),
    },
    stream,
    read: async (options) => {
      const reader = new DataSetReader({ ...options, syntax });
      for await (const chunk of stream(0)) {
        reader.push(chunk);
        if (reader.walkEnd !== undefined) break;
      }
      reader.end();
      return { dataSet: reader.dataSet, marks: reader.marks, passedOver: reader.passedOver };
    },
  };
}

/** The bytes of a stream from an offset on, at most `length`; the stream is closed behind them. */
export async function* cut(
  chunks: AsyncIterable<Uint8Array>,
  offset: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  if (length <= 0) return;
  let at = 0;
  for await (const chunk of chunks) {
    const part = chunk.subarray(Math.max(0, offset - at), Math.max(0, offset + length - at));
    at += chunk.length;
    if (part.length > 0) yield part;
    if (at >= offset + length) return;
  }
}
