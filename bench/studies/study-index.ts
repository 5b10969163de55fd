import { mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MIGRATIONS_FOLDER } from '@acervo/platform/adapters/postgres/migrate.ts';
import { loadConfig } from '@acervo/platform/apps/config.ts';
import { openConfiguredDatabase } from '@acervo/platform/apps/open-database.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';
import { loadStudies } from './load.ts';
import { GENERATOR_VERSION } from './studies.ts';

/** Rows of a study and its series, all indexes, and the write-ahead log of making them. */
const BYTES_PER_STUDY = 5_500;
const SPARE_BYTES = 3e9;

/** A data directory whose index has so many studies, or why there is none. */
export type StudyIndex = { dataDir: string } | { skipped: string };

/**
 * Made once and kept in a folder of ACERVO_BENCH_DATA; made again when the generator or the schema is another one.
 * Searching it adds to its journal and to nothing else.
 */
export async function studyIndex(studies: number, say: (line: string) => void): Promise<StudyIndex> {
  const root = process.env['ACERVO_BENCH_DATA'] ?? '/var/tmp/acervo-bench';
  const dataDir = join(root, `studies-${studies}`);
  const stampFile = join(dataDir, 'generated');
  const stamp = `generator ${GENERATOR_VERSION}, schema ${schemaVersion()}\n`;
  if (textOf(stampFile) === stamp) return { dataDir };
  rmSync(dataDir, { recursive: true, force: true });
  mkdirSync(dataDir, { recursive: true });
  const { bavail, bsize } = statfsSync(dataDir);
  const wanted = studies * BYTES_PER_STUDY + SPARE_BYTES;
  if (bavail * bsize < wanted) {
    rmSync(dataDir, { recursive: true });
    return { skipped: `disk short: ${studies} studies take ${Math.round(wanted / 1e9)} GB` };
  }
  const began = performance.now();
  await load(dataDir, studies, say);
  say(`loaded in ${Math.round((performance.now() - began) / 1000)} s`);
  writeFileSync(stampFile, stamp);
  return { dataDir };
}

async function load(dataDir: string, studies: number, say: (line: string) => void): Promise<void> {
  const config = loadConfig({ ACERVO_DATA_DIR: dataDir, ACERVO_ACCESS: 'open' });
  const database = await openConfiguredDatabase(config, { role: 'bench', connectionsMax: 4, log: silentLog });
  try {
    await loadStudies(database, studies, say);
  } finally {
    await database.close();
  }
}

const schemaVersion = (): number => readdirSync(MIGRATIONS_FOLDER).filter((name) => name.endsWith('.sql')).length;

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // Not there: not loaded.
  }
}
