import type { Database } from '@acervo/platform/adapters/postgres/database.ts';
import { type Copy, type CopyValue, copyLine, openCopy } from './copy.ts';
import { rowsOf } from './rows.ts';
import { studyAt } from './studies.ts';

const TABLES = {
  study: [
    'study_key',
    'institution',
    'study_uid',
    'source',
    'issuer',
    'patient_id',
    'patient_name',
    'birth_date',
    'sex',
    'study_date',
    'study_time',
    'accession',
    'study_id',
    'referring_name',
    'description',
    'marks',
    'modalities',
    'series_count',
    'instance_count',
    'bytes',
    'first_stored',
    'last_stored',
  ],
  study_attributes: ['study_key', 'attributes'],
  study_identifier: ['study_key', 'place', 'issuer', 'id', 'type'],
  series: [
    'study_key',
    'series_key',
    'series_uid',
    'source',
    'modality',
    'series_number',
    'charset_default',
    'attributes',
    'instance_count',
    'bytes',
    'first_stored',
    'last_stored',
  ],
} as const;
type Table = keyof typeof TABLES;
type Lines = Record<Table, string>;
const NAMES = Object.keys(TABLES) as Table[];

/** Studies whose rows are made at once: some milliseconds, so that the sockets are served between. */
const STUDIES_AT_ONCE = 100;
const PROGRESS_STUDIES = 250_000;

/**
 * Fill an index that the archive's own migrations made. Its secondary indexes are dropped and made again, which takes
 * a fifth of the time of keeping them; the same definitions, so that whatever a later schema has is there too.
 */
export async function loadStudies(database: Database, studies: number, say: (line: string) => void): Promise<void> {
  const definitions = await dropIndexes(database);
  const clients = await Promise.all(NAMES.map(() => database.pool.connect()));
  try {
    const copies = await Promise.all(
      NAMES.map(async (table, index) => {
        const client = clients[index] as (typeof clients)[number];
        await client.query('set statement_timeout = 0');
        return openCopy(client, table, TABLES[table]);
      }),
    );
    await copyStudies(copies, studies, say);
  } finally {
    // Their settings are not those of the pool.
    for (const client of clients) client.release(true);
  }
  say(`${studies} studies are in, now the ${definitions.length} indexes`);
  await makeIndexes(database, definitions);
}

async function copyStudies(copies: readonly Copy[], studies: number, say: (line: string) => void): Promise<void> {
  for (let from = 0; from < studies; from += STUDIES_AT_ONCE) {
    const lines: Lines = { study: '', study_attributes: '', study_identifier: '', series: '' };
    for (let number = from; number < Math.min(studies, from + STUDIES_AT_ONCE); number++) {
      addLines(lines, number, studies);
    }
    await Promise.all(copies.map((copy, index) => copy.write(lines[NAMES[index] as Table])));
    if (from > 0 && from % PROGRESS_STUDIES === 0) say(`${from} of ${studies} studies`);
  }
  await Promise.all(copies.map((copy) => copy.end()));
}

function addLines(lines: Lines, number: number, studies: number): void {
  const { study, series } = rowsOf(studyAt(number, studies));
  lines.study += lineOf('study', study);
  lines.study_attributes += lineOf('study_attributes', study);
  for (const each of study.identifiers) {
    lines.study_identifier += lineOf('study_identifier', { study_key: study.study_key, ...each });
  }
  for (const each of series) lines.series += lineOf('series', each);
}

const lineOf = (table: Table, row: Readonly<Record<string, CopyValue>>): string =>
  copyLine(TABLES[table].map((column) => row[column.endsWith('_stored') ? 'stored' : column] ?? null));

async function dropIndexes(database: Database): Promise<string[]> {
  return database.asOwner(async (sql) => {
    const found = await sql.query<{ name: string; definition: string }>(
      `select indexname as name, indexdef as definition from pg_indexes
       where tablename = any($1) and schemaname = current_schema()
         and not exists (select from pg_constraint where conname = indexname)`,
      [NAMES],
    );
    for (const { name } of found) await sql.query(`drop index ${name}`);
    return found.map(({ definition }) => definition);
  });
}

async function makeIndexes(database: Database, definitions: readonly string[]): Promise<void> {
  await database.asOwner(async (sql) => {
    await sql.query(`set maintenance_work_mem = '1GB'`);
    for (const definition of definitions) await sql.query(definition);
    await sql.query(`vacuum (freeze, analyze) ${NAMES.join(', ')}`);
  });
}
