import { type Database, openDatabase } from '../adapters/postgres/database.ts';
import { migrate } from '../adapters/postgres/migrate.ts';
import type { Log } from '../ports/log.ts';
import type { Config } from './config.ts';

/** What this process needs of the database. */
export type DatabaseUse = { role: string; connectionsMax: number; log: Log; onLost?: () => void };

/**
 * The index database of this configuration, at the schema of this code.
 * @throws {Failure} config/invalid, database/unavailable
 */
export async function openConfiguredDatabase(config: Config, use: DatabaseUse): Promise<Database> {
  const database = await openDatabase({ ...use, source: sourceOf(config), statementTimeoutMs: config.queryTimeoutMs });
  try {
    await migrate(database, use.log);
    return database;
  } catch (thrown) {
    await database.close();
    throw thrown;
  }
}

function sourceOf(config: Config): Parameters<typeof openDatabase>[0]['source'] {
  const { dataDir, databaseUrl, databaseOwnerUrl } = config;
  if (databaseUrl === undefined) {
    const { pgWalSegmentMib, pgSharedBuffersMib } = config;
    return { kind: 'embedded', dataDir, walSegmentMib: pgWalSegmentMib, sharedBuffersMib: pgSharedBuffersMib };
  }
  return { kind: 'operator', url: databaseUrl, ...(databaseOwnerUrl !== undefined && { ownerUrl: databaseOwnerUrl }) };
}
