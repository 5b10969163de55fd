import type { Recorder } from '../journal/recorder.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Imaging } from '../ports/imaging.ts';
import type { Log } from '../ports/log.ts';
import type { Door } from '../ports/op.ts';
import type { Db } from '../ports/sql.ts';
import type { Transcoder } from '../ports/transcoder.ts';
import type { SegmentFiles } from './segment-files.ts';
import type { Receipt, Store } from './store.ts';

export type StoreMetrics = {
  /** @param of whose it is, and its bytes */
  instanceStored(door: Door, outcome: Receipt['kind'] | 'refused', of: { institution: string; bytes: number }): void;
};

/** What a feature may ask of the archive. */
export type Holdings = {
  db: Db;
  /** Packs, for whoever reads segments as such (verify, export, backup). */
  blobs: BlobStore;
  journalBlobs: BlobStore;
  /** The only door by which bytes enter. */
  store: Store;
  /** The way by which bytes leave. */
  files: SegmentFiles;
  /** Decodes, renders and encodes pixels. */
  imaging: Imaging;
  transcoder: Transcoder;
  journal: Recorder;
  metrics: StoreMetrics;
  log: Log;
};
