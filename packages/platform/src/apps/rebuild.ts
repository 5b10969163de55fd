import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { Database } from '../adapters/postgres/database.ts';
import { assessmentProjection } from '../features/assessment/projection.ts';
import { commitmentsProjection } from '../features/commitment/projection.ts';
import { directoryProjection } from '../features/directory/projection.ts';
import { governanceProjection } from '../features/governance/projection.ts';
import { inferenceProjection } from '../features/inference/projection.ts';
import { externalAi } from '../features/models/registry/external.repo.ts';
import { modelPackages } from '../features/models/registry/registry.repo.ts';
import { modelSigners } from '../features/models/registry/signers.repo.ts';
import { patientLinks } from '../features/patients/links.repo.ts';
import { type ReindexHears, type ReindexSummary, reindex } from '../features/reindex/reindex.ts';
import { secondaryUses } from '../features/rights/rights.repo.ts';
import { sharingProjection } from '../features/sharing/projection.ts';
import { systemsProjection } from '../features/systems/projection.ts';
import { announcedProjection } from '../holdings/announce-sealed.ts';
import { Projector } from '../holdings/projector.ts';
import { beginRebuild, endRebuild, refuseHalfIndex } from '../holdings/rebuild.repo.ts';
import { retiredProjection } from '../journal/months.repo.ts';
import { Sealer } from '../journal/sealer.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Log } from '../ports/log.ts';
import { blobStores } from './archive.ts';
import type { Config } from './config.ts';
import { openConfiguredDatabase } from './open-database.ts';
import { enter } from './presence.ts';

const CONNECTIONS_MAX = 4;

export type RebuildUse = {
  role: string;
  log: Log;
  signal: AbortSignal;
  hears: ReindexHears;
  /** May refuse, before anything is thrown away. */
  check?: (database: Database) => Promise<void>;
  /** What is to be done before the packs are read, while nobody else is let in: bringing them back. */
  before?: () => Promise<void>;
};

/**
 * Throw the index away and make it again from packs and journal segments. Ended half way it is begun anew by the
 * next call, and no process serves from it until one has come to its end.
 * @throws {Failure} config/invalid while another process has the archive open
 */
export async function rebuildIndex(config: Config, use: RebuildUse): Promise<ReindexSummary> {
  const { log, signal, hears } = use;
  const database = await openConfiguredDatabase(config, { role: use.role, connectionsMax: CONNECTIONS_MAX, log });
  const { blobs, journalBlobs } = blobStores(config);
  try {
    const { presence } = await enter(config.dataDir, async ({ others }) => {
      const count = await others();
      if (count > 0)
        throw new Failure('config/invalid', `${count} other processes have the archive open: end them first`);
      await use.check?.(database);
      await numberTheRest(database, journalBlobs, log);
      await database.asOwner(beginRebuild);
    });
    try {
      await use.before?.();
      const { node, writer } = presence;
      const projector = new Projector(database, blobs, log, signal);
      const ports = { db: database, blobs, journalBlobs, projector, node, writer, log, signal };
      const projections = [
        systemsProjection,
        commitmentsProjection,
        patientLinks,
        directoryProjection,
        sharingProjection,
        inferenceProjection,
        assessmentProjection,
        secondaryUses,
        modelPackages,
        modelSigners,
        externalAi,
        governanceProjection,
        announcedProjection,
        retiredProjection,
      ];
      const summary = await reindex({ ...ports, projections }, hears);
      await database.asOwner((sql) => endRebuild(sql, summary.highestSegment));
      return summary;
    } finally {
      await presence.leave();
    }
  } finally {
    await database.close();
  }
}

/** Facts without bytes are in no pack: what the old index still holds of them goes to the journal segments first. */
async function numberTheRest(database: Database, journalBlobs: BlobStore, log: Log): Promise<void> {
  const sealer = new Sealer(database, journalBlobs, log);
  try {
    await refuseHalfIndex(database);
    await sealer.sealAll();
  } catch (thrown) {
    log.warn('journal.unsealed', { code: toFailure(thrown).code, detail: toFailure(thrown).detail });
  } finally {
    await sealer.close();
  }
}
