import { mkdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openArchive } from '@acervo/platform/apps/archive.ts';
import { loadConfig } from '@acervo/platform/apps/config.ts';
import { storeSmall } from '@acervo/testkit/filled-archive.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';
import { loadInstances } from './load.ts';
import { GENERATOR_VERSION } from './sql.ts';

/** What the rows, their indexes, sorting them and the journal need at the most while they are made. */
const BYTES_AN_INSTANCE = 480;
const SPARE_BYTES = 12e9;

/** A data directory whose index has about so many instances, or why there is none. */
export type InstanceIndex = { dataDir: string } | { skipped: string };

/**
 * Made once and kept under ACERVO_BENCH_DATA. What is measured on it adds to it. A database of an earlier schema is
 * brought up to date by the archive itself when it opens it, as an operator's would be.
 */
export async function instanceIndex(instances: number, say: (line: string) => void): Promise<InstanceIndex> {
  const root = process.env['ACERVO_BENCH_DATA'];
  if (root === undefined) return { skipped: 'ACERVO_BENCH_DATA names no folder for generated indexes' };
  const dataDir = join(root, `instances-${instances}`);
  const stampFile = join(dataDir, 'generated');
  const stamp = `${GENERATOR_VERSION}\n`;
  if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return { dataDir };
  await mkdir(dataDir, { recursive: true });
  const begun = join(dataDir, 'generating');
  if ((await readFile(begun, 'utf8').catch(() => '')) !== stamp) {
    await rm(dataDir, { recursive: true });
    await mkdir(dataDir, { recursive: true });
    const { bavail, bsize } = await statfs(dataDir);
    const wanted = instances * BYTES_AN_INSTANCE + SPARE_BYTES;
    if (bavail * bsize < wanted) {
      return { skipped: `disk short: ${instances} instances take ${Math.round(wanted / 1e9)} GB` };
    }
    await storeTemplate(dataDir);
    await writeFile(begun, stamp);
  }
  const node = (await readFile(join(dataDir, 'node'), 'utf8')).trim();
  await loadInstances({ dataDir, instances, node, say });
  // Opening it once gives the generated events their numbers and files.
  await openOnce(dataDir);
  await writeFile(stampFile, stamp);
  return { dataDir };
}

/** The object that every generated row names as its bytes. */
async function storeTemplate(dataDir: string): Promise<void> {
  const archive = await open(dataDir);
  await storeSmall(archive, { name: 'template', study: 1, number: 1, pixelBytes: 9000 }, 'BENCH');
  await archive.close();
}

async function openOnce(dataDir: string): Promise<void> {
  await (await open(dataDir)).close();
}

async function open(dataDir: string): ReturnType<typeof openArchive> {
  const config = loadConfig({ ACERVO_DATA_DIR: dataDir, ACERVO_ACCESS: 'open', ACERVO_DISK_FREE_MIN_MIB: '0' });
  return openArchive(config, { role: 'bench', connectionsMax: 4, log: silentLog });
}
