import type { ImageDescription } from '@acervo/dicom/pixel/description.ts';
import type { Presentation } from '@acervo/dicom/pixel/presentation.ts';

/** One frame as it is stored, in little endian where it is native. The bytes are given away. */
export type StoredFrame = { bytes: Uint8Array; transferSyntaxUid: string; description: ImageDescription };

/** A frame in the transfer syntax that was asked for, and what is true of it there. */
export type RecodedFrame = { bytes: Uint8Array; description: ImageDescription };

export type PictureFormat = 'jpeg' | 'png' | 'webp';

/** Which part of a frame is shown, how large, and in which format. */
export type PictureRequest = {
  presentation: Presentation;
  /** In pixels of the frame; the whole of it where it is absent. */
  region?: { left: number; top: number; width: number; height: number; flipX: boolean; flipY: boolean };
  /** The picture is scaled to fit into this, its proportions kept. */
  fit?: { width: number; height: number };
  format: PictureFormat;
  /** 1 to 100, of JPEG and WebP. */
  quality: number;
};

/**
 * Work on pixels, away from the thread that serves. A stream that kills or occupies its decoder costs its own request
 * only.
 */
export type Imaging = {
  /**
   * Decode, show, and encode a frame.
   * @throws {Failure} pixel/unsupported, pixel/malformed, pixel/limit; pixel/failed when the decoder died or took too
   *   long; pixel/busy when too much waits already
   */
  picture(frame: StoredFrame, request: PictureRequest, signal: AbortSignal): Promise<Uint8Array>;
  /** The same pixels in another transfer syntax, never with loss. @throws {Failure} as `picture` does */
  recode(frame: StoredFrame, toSyntax: string, signal: AbortSignal): Promise<RecodedFrame>;
  /** Get ready before there is work, so that the first picture does not wait. @throws {Failure} as `picture` does */
  warm(): Promise<void>;
  close(): Promise<void>;
};
