import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '@acervo/platform/adapters/postgres/database.ts';
import type { EmbeddedOptions } from '@acervo/platform/adapters/postgres/embedded.ts';
import { migrate } from '@acervo/platform/adapters/postgres/migrate.ts';

/** Where the tests of one run keep what each would make anew: set by scripts/test.js, absent for a single file. */
const FOLDER_ENV = 'ACERVO_TEST_MADE';

export type MadeSchema = 'empty' | 'migrated';

/**
 * Puts a cluster in the data directory of a test, so that it need not be made there: to make one takes three seconds
 * of a core, to copy one a twentieth of one. The first test of a run makes it, in the way that an archive does at its
 * first start. Does nothing where no folder is set, or where the data directory has a cluster already.
 */
export async function placeCluster(options: EmbeddedOptions, schema: MadeSchema): Promise<void> {
  const folder = process.env[FOLDER_ENV];
  const home = join(options.dataDir, 'postgres');
  if (folder === undefined || folder === '' || existsSync(home)) return;
  const { binaries, walSegmentMib } = options;
  const made = join(folder, `cluster-${schema}-${binaries?.majorVersion ?? 'shipped'}-${walSegmentMib}`);
  if (!existsSync(made)) await makeCluster(options, schema, made);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  copy(join(made, 'postgres/cluster'), home);
}

async function makeCluster(options: EmbeddedOptions, schema: MadeSchema, made: string): Promise<void> {
  const dataDir = mkdtempSync(`${made}.new-`);
  const source = { kind: 'embedded', ...options, dataDir } as const;
  const database = await openDatabase({
    source,
    role: 'test',
    connectionsMax: 1,
    statementTimeoutMs: 0,
    log: options.log,
  });
  if (schema === 'migrated') await migrate(database, options.log);
  await database.close();
  try {
    renameSync(dataDir, made);
  } catch {
    rmSync(dataDir, { recursive: true, force: true }); // Another test was faster: its one is as good.
  }
}

/** With owners and modes, which PostgreSQL looks at; node's own copy loses them. */
function copy(from: string, into: string): void {
  const { status, stderr } = spawnSync('cp', ['--archive', '--reflink=auto', from, into], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cp ${from}: ${stderr}`);
}
