import type { RandomAccess } from '@acervo/dicom/data-set/read.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { BlobReader } from '../ports/blob-store.ts';

/** Bytes at hand, in pieces, read by offset. They are joined when the first is read: hardly any object's are. */
export function memorySource(pieces: readonly Uint8Array[]): RandomAccess {
  let bytes: Uint8Array | undefined;
  return {
    length: pieces.reduce((sum, piece) => sum + piece.length, 0),
    read: (offset, length) => {
      bytes ??= concat(pieces);
      return Promise.resolve(bytes.subarray(offset, offset + length));
    },
  };
}

/** A range of a segment, read by offset within it. */
export function rangeSource(reader: BlobReader, at: number, length: number): RandomAccess {
  return {
    length,
    async read(offset, wanted) {
      const bytes = await reader.read(at + offset, Math.max(0, Math.min(wanted, length - offset)));
      if (bytes.length < Math.min(wanted, length - offset)) {
        throw new Failure('retrieve/damaged', `segment ends at ${at + offset + bytes.length}`);
      }
      return bytes;
    },
  };
}

const STREAM_BYTES = 256 * 1024;

/** All bytes of a source from an offset on, in pieces. */
export async function* streamOf(source: RandomAccess, from = 0, to = source.length): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to; at += STREAM_BYTES) yield source.read(at, Math.min(STREAM_BYTES, to - at));
}
