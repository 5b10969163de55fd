import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { binariesIn, type PostgresBinaries } from '@acervo/platform/adapters/postgres/binaries.ts';
import { type Database, openDatabase } from '@acervo/platform/adapters/postgres/database.ts';
import type { EmbeddedOptions } from '@acervo/platform/adapters/postgres/embedded.ts';
import { migrate } from '@acervo/platform/adapters/postgres/migrate.ts';
import type { Log } from '@acervo/platform/ports/log.ts';
import { type MadeSchema, placeCluster } from './made-cluster.ts';

/** A log that keeps nothing. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A directory of this test's own, removed when its process ends: what a test opens in it is closed by then. */
export function temporaryDirectory(): string {
  return directoryIn(tmpdir());
}

/** The same on a disk, also where the tests of a run keep what they make in memory: for what is about a disk. */
export function diskDirectory(): string {
  return directoryIn(process.env[DISK_ENV] ?? tmpdir());
}

/** Set by scripts/test.js, absent for a single file. */
const DISK_ENV = 'ACERVO_TEST_DISK';

function directoryIn(parent: string): string {
  const directory = mkdtempSync(join(parent, 'acervo-test-'));
  if (temporary.length === 0) process.once('exit', removeTemporary);
  temporary.push(directory);
  return directory;
}

const temporary: string[] = [];

function removeTemporary(): void {
  for (const directory of temporary) rmSync(directory, { recursive: true, force: true });
}

/**
 * What a test starts its own PostgreSQL with: the shipped programs, or those of ACERVO_TEST_PG_BIN, such as
 * Debian's /usr/lib/postgresql/15/bin.
 */
export function embeddedOptions(dataDir: string, log: Log = silentLog): EmbeddedOptions {
  const binaries = otherBinaries();
  return { dataDir, walSegmentMib: 1, sharedBuffersMib: 16, log, ...(binaries && { binaries }) };
}

/** A database of this test's own, without a schema yet; closed and removed after it. */
export async function temporaryDatabase(t: TestContext, statementTimeoutMs = 0): Promise<Database> {
  const database = await openPlaced('empty', statementTimeoutMs);
  t.after(() => database.close());
  return database;
}

/** The same with the schema of the archive. */
export async function migratedDatabase(t: TestContext): Promise<Database> {
  const database = await openPlaced('migrated', 0);
  t.after(() => database.close());
  await migrate(database, silentLog); // Where nothing was placed, and otherwise a look that nothing is left to do.
  return database;
}

async function openPlaced(schema: MadeSchema, statementTimeoutMs: number): Promise<Database> {
  const options = embeddedOptions(temporaryDirectory());
  await placeCluster(options, schema);
  const { log } = options;
  const source = { kind: 'embedded', ...options } as const;
  return await openDatabase({ source, role: 'test', connectionsMax: 4, statementTimeoutMs, log });
}

function otherBinaries(): PostgresBinaries | undefined {
  const directory = process.env['ACERVO_TEST_PG_BIN'];
  if (directory === undefined || directory === '') return undefined;
  const version = execFileSync(join(directory, 'postgres'), ['--version'], { encoding: 'utf8' });
  return binariesIn(directory, Number.parseInt(version.replace(/^\D+/, ''), 10));
}
