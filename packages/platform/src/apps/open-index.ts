import { mkdir } from 'node:fs/promises';
import type { Database } from '../adapters/postgres/database.ts';
import { refuseHalfIndex } from '../holdings/rebuild.repo.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Log } from '../ports/log.ts';
import { blobStores } from './archive.ts';
import type { Config } from './config.ts';
import { openConfiguredDatabase } from './open-database.ts';
import { enter } from './presence.ts';

export type OpenIndex = {
  database: Database;
  blobs: BlobStore;
  journalBlobs: BlobStore;
  modelBlobs: BlobStore;
  /** The data directory's name. */
  node: string;
  close(): Promise<void>;
};

/** Open an archive only to look at it: nothing is repaired, nothing is sealed, no segment is opened for writing. */
export async function openIndex(
  config: Config,
  use: { role: string; connectionsMax: number; log: Log },
): Promise<OpenIndex> {
  await mkdir(config.dataDir, { recursive: true, mode: 0o750 });
  const database = await openConfiguredDatabase(config, use);
  try {
    const { presence } = await enter(config.dataDir, () => refuseHalfIndex(database));
    const close = async (): Promise<void> => {
      await presence.leave();
      await database.close();
    };
    return { database, ...blobStores(config), node: presence.node, close };
  } catch (thrown) {
    await database.close();
    throw thrown;
  }
}
