import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { binariesIn, type PostgresBinaries } from '@acervo/platform/adapters/postgres/binaries.ts';
import { type Database, openDatabase } from '@acervo/platform/adapters/postgres/database.ts';
import type { EmbeddedOptions } from '@acervo/platform/adapters/postgres/embedded.ts';
import type { Log } from '@acervo/platform/ports/log.ts';
import { placeCluster } from './made-cluster.ts';

/** A log that keeps nothing. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A directory of this test's own, removed when its process ends: what a test opens in it is closed by then. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'acervo-test-'));
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
  const options = embeddedOptions(temporaryDirectory());
  await placeCluster(options, 'empty');
  const { log } = options;
  const source = { kind: 'embedded', ...options } as const;
  const database = await openDatabase({ source, role: 'test', connectionsMax: 4, statementTimeoutMs, log });
  t.after(() => database.close());
  return database;
}

function otherBinaries(): PostgresBinaries | undefined {
  const directory = process.env['ACERVO_TEST_PG_BIN'];
  if (directory === undefined || directory === '') return undefined;
  const version = execFileSync(join(directory, 'postgres'), ['--version'], { encoding: 'utf8' });
  return binariesIn(directory, Number.parseInt(version.replace(/^\D+/, ''), 10));
}
