import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Log } from '../../ports/log.ts';
import type { Sql } from '../../ports/sql.ts';
import { APP_ROLE } from './cluster.ts';
import type { Database } from './database.ts';

/** One shipped step of the schema: `NNNN-verb-noun.sql`, never edited once shipped. */
type Migration = { number: number; name: string; text: string; sha256: string };
type Applied = { number: number; name: string; sha256: string };

const FILE_NAME = /^(\d{4})-([a-z0-9]+(?:-[a-z0-9]+)+)\.sql$/;
/** Any constant; the lock is of the database, so two archives in two databases do not meet. */
const ADVISORY_LOCK = 4_127_703_301;
const TABLE = `create table if not exists schema_migration (
  number int primary key,
  name text not null,
  sha256 text not null,
  applied_at timestamptz not null default now()
)`;

/** Where the schema's steps lie. */
export const MIGRATIONS_FOLDER = join(import.meta.dirname, '../../migrations');

/**
 * Brings the database to the schema of this code, each step in a transaction of its own, as the owner. Steps
 * grant to `acervo_app`; where the application's role has another name, that one takes its place.
 * @returns names of the steps applied now.
 * @throws {Failure} config/invalid when a shipped step was edited, or the database is newer than the code.
 */
export async function migrate(
  database: Pick<Database, 'asOwner' | 'appRole'>,
  log: Log,
  folder: string = MIGRATIONS_FOLDER,
): Promise<string[]> {
  const migrations = readMigrations(folder);
  return await database.asOwner(async (sql) => {
    await sql.query('select pg_advisory_lock($1)', [ADVISORY_LOCK]);
    await sql.query(TABLE);
    await sql.query(`grant select on schema_migration to ${quoted(database.appRole)}`);
    const applied = await sql.query<Applied>('select number, name, sha256 from schema_migration order by number');
    refuseDivergence(migrations, applied);
    const pending = migrations.slice(applied.length);
    for (const migration of pending) {
      await apply(sql, migration, database.appRole);
      log.info('schema.migrated', { number: migration.number, name: migration.name });
    }
    return pending.map(({ name }) => name);
  });
}

function readMigrations(folder: string): Migration[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'));
  return files.sort().map((file, index) => {
    const [, digits = '', name = ''] = FILE_NAME.exec(file) ?? [];
    if (Number(digits) !== index + 1) {
      throw new Failure('config/invalid', `migration ${file}: NNNN-verb-noun.sql, numbered from 0001 without a gap`);
    }
    const text = readFileSync(join(folder, file), 'utf8');
    return { number: index + 1, name, text, sha256: createHash('sha256').update(text).digest('hex') };
  });
}

function refuseDivergence(migrations: readonly Migration[], applied: readonly Applied[]): void {
  applied.forEach((done, index) => {
    const known = migrations[index];
    if (known === undefined) {
      throw new Failure('config/invalid', `the database is newer than this code: it has step ${done.number}`);
    }
    if (known.number !== done.number || known.sha256 !== done.sha256) {
      throw new Failure('config/invalid', `step ${done.number} was edited after it was applied as ${done.name}`);
    }
  });
}

async function apply(sql: Sql, migration: Migration, appRole: string): Promise<void> {
  const { number, name, sha256 } = migration;
  try {
    await sql.query('begin');
    await sql.query(migration.text.replaceAll(new RegExp(`\\b${APP_ROLE}\\b`, 'g'), quoted(appRole)));
    await sql.query('insert into schema_migration (number, name, sha256) values ($1, $2, $3)', [number, name, sha256]);
    await sql.query('commit');
  } catch (thrown) {
    const because = thrown instanceof Failure ? thrown.detail : String(thrown);
    throw new Failure('internal', `step ${number} ${name}: ${because}`, { cause: thrown });
  }
}

const quoted = (role: string): string => `"${role.replaceAll('"', '""')}"`;
