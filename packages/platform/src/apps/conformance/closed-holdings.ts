import { Failure } from '@acervo/kernel/failure.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { PackSet } from '../../holdings/pack/pack-set.ts';
import { Projector, type Reachable } from '../../holdings/projector.ts';
import { SegmentFiles } from '../../holdings/segment-files.ts';
import { Store } from '../../holdings/store.ts';
import { makeTranscoder } from '../../holdings/transcode.ts';
import { Recorder } from '../../journal/recorder.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Db } from '../../ports/sql.ts';
import { makeLog } from '../log.ts';

/**
 * Holdings of an archive that is not open. Features are made over them to be described: their routes and services
 * are the real ones, and whoever calls one hears that there is no archive.
 */
export function closedHoldings(): Holdings {
  const log = makeLog('silent');
  const db = closedDatabase();
  const blobs = closedBlobs();
  const projector = new Projector(db, blobs, log, new AbortController().signal);
  const register = { nextNumber: refuse, opened: refuse, abandoned: refuse, committed: refuse };
  const packs = new PackSet(blobs, register, { segmentBytesMax: 0 }, '', log);
  const gate = { check: refuseNow };
  const limits = { smallBytesMax: 0, objectBytesMax: 0, groupBytesMax: 0 };
  const imaging = { picture: refuse, recode: refuse, warm: refuse, close: () => Promise.resolve() };
  return {
    db,
    blobs,
    journalBlobs: blobs,
    store: new Store({ blobs, packs, projector, gate, limits }),
    files: new SegmentFiles(blobs, 0),
    imaging,
    transcoder: makeTranscoder(imaging),
    journal: new Recorder(db, log, 0),
    metrics: { instanceStored: () => {} },
    log,
  };
}

function closedDatabase(): Db & Reachable {
  return { query: refuse, transaction: refuse, waitUntilReachable: refuse, afterLoss: () => {} };
}

function closedBlobs(): BlobStore {
  return {
    create: refuse,
    append: refuse,
    open: refuse,
    sizeOf: refuse,
    list: () => ({ [Symbol.asyncIterator]: () => ({ next: refuse }) }),
    remove: refuse,
    freeBytes: refuse,
  };
}

const refuse = (): Promise<never> => Promise.reject(new Failure('store/unavailable', 'the archive is not open'));

function refuseNow(): never {
  throw new Failure('store/unavailable', 'the archive is not open');
}
