import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toFailure } from '@acervo/kernel/failure.ts';
import { fileBlobStore } from '../adapters/fs/blob-store.ts';
import { PIXEL_LIMITS, PixelPool } from '../adapters/pixel/pool.ts';
import type { Database } from '../adapters/postgres/database.ts';
import { readableFrom } from '../holdings/elsewhere.ts';
import type { Holdings } from '../holdings/holdings.ts';
import { PackSet, type SegmentRegister } from '../holdings/pack/pack-set.ts';
import { Projector } from '../holdings/projector.ts';
import { refuseHalfIndex } from '../holdings/rebuild.repo.ts';
import { type Recovered, recover } from '../holdings/recover.ts';
import { abandonSegment, insertSegment, nextSegmentNumber } from '../holdings/segment.repo.ts';
import { SegmentFiles } from '../holdings/segment-files.ts';
import { Store } from '../holdings/store.ts';
import { makeTranscoder } from '../holdings/transcode.ts';
import { checkpointAgeSeconds } from '../journal/checkpoint.repo.ts';
import { sealLagSeconds } from '../journal/journal.repo.ts';
import { keepMonths } from '../journal/months.ts';
import { Recorder } from '../journal/recorder.ts';
import { type Sealer, waitMs } from '../journal/sealer.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { JournalKeyFiles } from '../ports/journal-keys.ts';
import type { Log } from '../ports/log.ts';
import { type Config, packsDirectory } from './config.ts';
import { DiskGate } from './disk-gate.ts';
import { type Metrics, makeMetrics } from './metrics.ts';
import { openConfiguredDatabase } from './open-database.ts';
import { enter } from './presence.ts';
import { openSealing } from './sealing.ts';

/** An open archive: what features work on, and what keeps it going beside them. */
export type Archive = {
  holdings: Holdings;
  database: Database;
  metrics: Metrics;
  recovered: Recovered;
  sealer: Sealer;
  journalKeys: JournalKeyFiles;
  /** Sign the journal as it is now, before its time; a failure is logged. */
  signJournal(): Promise<void>;
  /** The data directory's name. */
  node: string;
  /** Finish what has begun, seal, and let go of everything. */
  close(): Promise<void>;
};

const MIB = 2 ** 20;
/** To open one costs less than a look-up; each is a file descriptor. */
const OPEN_SEGMENTS_MAX = 16;
const WATCH_MS = 1000;
/** Groups that cannot be made visible keep a stopping process this long. */
const FINISH_MS_MAX = 10_000;

export type ArchiveUse = { role: string; connectionsMax: number; log: Log };

/** The folders of a data directory. Journal and model packages lie beside the packs, wherever those are. */
export function blobStores(config: Config): { blobs: BlobStore; journalBlobs: BlobStore; modelBlobs: BlobStore } {
  const packs = packsDirectory(config);
  const beside = (name: string): BlobStore => fileBlobStore(join(dirname(packs), name));
  return { blobs: fileBlobStore(packs), journalBlobs: beside('journal'), modelBlobs: beside('models') };
}

/**
 * Open the archive of a configuration: start its database if that is ours, repair what a crash left, and be
 * ready to write. Several processes may have the same archive open.
 * @throws {Failure} config/invalid, database/unavailable
 */
export async function openArchive(config: Config, use: ArchiveUse): Promise<Archive> {
  const { log } = use;
  await mkdir(config.dataDir, { recursive: true, mode: 0o750 });
  const metrics = makeMetrics();
  const database = await openConfiguredDatabase(config, {
    ...use,
    onLost: () => metrics.databaseConnectionLost(),
  });
  const ending = new AbortController();
  try {
    return await assemble(config, use, { metrics, database, ending });
  } catch (thrown) {
    ending.abort();
    await database.close().catch((cause: unknown) => log.warn('database.unclosed', { cause: String(cause) }));
    throw thrown;
  }
}

type Parts = { metrics: Metrics; database: Database; ending: AbortController };

async function assemble(config: Config, { log }: ArchiveUse, { metrics, database, ending }: Parts): Promise<Archive> {
  const { blobs, journalBlobs } = blobStores(config);
  const projector = new Projector(database, blobs, log, ending.signal);
  const { presence, begun: recovered } = await enter(config.dataDir, async ({ node, writer, isAlive }) => {
    await refuseHalfIndex(database);
    return recover({ blobs, projector, node, writer, isAlive, log });
  });
  const { node, writer } = presence;
  const register = registerOf(database, projector, writer, node);
  const packs = new PackSet(blobs, register, { segmentBytesMax: config.segmentMib * MIB }, writer, log, metrics);
  const gate = new DiskGate(blobs, config.dataDir, config.diskFreeMinMib * MIB);
  metrics.setDiskFree(await gate.measure());
  const readable = readableFrom(node, blobs, database);
  const store = new Store({
    blobs: readable,
    packs,
    projector,
    gate,
    limits: {
      smallBytesMax: config.smallObjectKib * 1024,
      objectBytesMax: config.objectGibMax * 2 ** 30,
      groupBytesMax: config.groupMib * MIB,
    },
  });
  const files = new SegmentFiles(readable, OPEN_SEGMENTS_MAX);
  const journal = new Recorder(database, log, config.accessFoldMs);
  const sealing = openSealing({ config, db: database, journalBlobs, node, log });
  const loops = [
    ...sealing.run(ending.signal),
    keepMonths(database, log, ending.signal),
    watch({ gate, metrics, database, log }, ending.signal),
    sealIdle(packs, store, config.segmentIdleMinutes * 60_000, ending.signal),
  ];
  const imaging = new PixelPool({ ...PIXEL_LIMITS, workers: config.pixelWorkers, kept: config.pixelWorkersReady });
  const transcoder = makeTranscoder(imaging);
  const holdings: Holdings = {
    db: database,
    blobs,
    journalBlobs,
    store,
    files,
    imaging,
    transcoder,
    journal,
    metrics,
    log,
  };
  const close = async (): Promise<void> => {
    // A full disk must not keep the process: what waits is durable, and the next start goes on with it.
    const giveUp = setTimeout(() => ending.abort(), FINISH_MS_MAX);
    await imaging.close();
    await store.idle();
    await packs.sealAll();
    await journal.close();
    clearTimeout(giveUp);
    ending.abort();
    await Promise.allSettled(loops);
    await sealing.close();
    await files.close();
    await presence.leave();
    await database.close();
  };
  const { sealer, keys: journalKeys, attempt: signJournal } = sealing;
  return { holdings, database, metrics, recovered, sealer, journalKeys, signJournal, node, close };
}

function registerOf(database: Database, projector: Projector, writer: string, node: string): SegmentRegister {
  return {
    nextNumber: () => nextSegmentNumber(database),
    opened: (segment) => insertSegment(database, segment, writer, node),
    abandoned: (segment, voidFrom) => abandonSegment(database, segment, voidFrom),
    committed: (group) => projector.project(group, []),
  };
}

type Watched = { gate: DiskGate; metrics: Metrics; database: Database; log: Log };

/** What changes without anybody asking: free disk, which closes the doors in, and how far the journal is behind. */
async function watch({ gate, metrics, database, log }: Watched, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await waitMs(WATCH_MS, signal);
    try {
      metrics.setDiskFree(await gate.measure());
      metrics.setSealLag(await sealLagSeconds(database));
      metrics.setCheckpointAge(await checkpointAgeSeconds(database));
    } catch (thrown) {
      log.warn('archive.unmeasured', { detail: toFailure(thrown).detail });
    }
  }
}

/** An open segment that gets nothing is sealed, so that backups and scrubs may rely on it. */
async function sealIdle(packs: PackSet, store: Store, idleMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await waitMs(idleMs, signal);
    if (signal.aborted) return;
    await store.whenIdleFor(idleMs, () => packs.sealAll());
  }
}
