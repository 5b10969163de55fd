import type { RandomAccess } from '@acervo/dicom/data-set/source.ts';

/** The bytes of a stored data set, inflated where it is deflated; `storedDataSet` of holdings gives one. */
export type TranscodeSource = {
  source: RandomAccess;
  /** In order, from an offset on. */
  stream(offset: number): AsyncIterable<Uint8Array>;
};

/**
 * Gives a stored data set out in another transfer syntax (PS3.5 10). What goes in was never lossy twice: from lossy
 * pixels come the decoded ones, and nothing here compresses with loss.
 */
export type Transcoder = {
  /**
   * Whether `transcode` knows both ends, by Transfer Syntax UID. An object whose pixels are not what its transfer
   * syntax promises, or do not fit the target (RLE with 16 segments), still fails. True where both are equal.
   */
  canTranscode(fromSyntax: string, toSyntax: string): boolean;
  /**
   * The data set bytes in `toSyntax`, without File Meta Information, in chunks that are the caller's. Pixels go
   * through memory frame by frame; of a data set that is not to be converted, the bytes as they lie.
   *
   * What the first frame shows is known before the first chunk: until then a failure costs the caller nothing, and it
   * can still send another representation.
   *
   * @param signal aborted: the next chunk is an exception with its reason.
   * @throws {Failure} pixel/unsupported, pixel/malformed, pixel/limit, pixel/busy, pixel/failed; parse/* for a data
   *   set that cannot be walked; retrieve/damaged
   */
  transcode(
    source: TranscodeSource,
    fromSyntax: string,
    toSyntax: string,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
};
