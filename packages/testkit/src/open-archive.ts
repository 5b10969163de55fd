import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Archive, blobStores, openArchive } from '@acervo/platform/apps/archive.ts';
import { loadConfig } from '@acervo/platform/apps/config.ts';
import type { BlobStore } from '@acervo/platform/ports/blob-store.ts';
import { placeCluster } from './made-cluster.ts';
import { silentLog, temporaryDirectory } from './postgres.ts';

/** An archive of a test's own, open; closed after the test. `dataDir` opens the same one again. */
export async function openTestArchive(
  t: TestContext,
  dataDir: string = join(temporaryDirectory(), 'data'),
  env: Readonly<Record<string, string>> = {},
): Promise<Archive & { dataDir: string; modelBlobs: BlobStore }> {
  const config = loadConfig({
    ACERVO_DATA_DIR: dataDir,
    ACERVO_ACCESS: 'open',
    ACERVO_PG_WAL_SEGMENT_MIB: '1',
    ACERVO_PG_SHARED_BUFFERS_MIB: '16',
    ACERVO_SEAL_INTERVAL_MS: '50',
    ACERVO_ACCESS_FOLD_MS: '100',
    ACERVO_DISK_FREE_MIN_MIB: '0',
    ...env,
  });
  const { databaseUrl, pgWalSegmentMib: walSegmentMib, pgSharedBuffersMib: sharedBuffersMib } = config;
  if (databaseUrl === undefined) {
    await placeCluster({ dataDir, walSegmentMib, sharedBuffersMib, log: silentLog }, 'migrated');
  }
  const archive = await openArchive(config, { role: 'test', connectionsMax: 6, log: silentLog });
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await archive.close();
  };
  t.after(close);
  return { ...archive, close, dataDir, modelBlobs: blobStores(config).modelBlobs };
}
