import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { shippedBinaries } from '@acervo/platform/adapters/postgres/binaries.ts';
import { DATABASE, OWNER_ROLE } from '@acervo/platform/adapters/postgres/cluster.ts';
import { launcherFor, PROGRAM_ENV } from '@acervo/platform/adapters/postgres/launcher.ts';
import { reachability } from '@acervo/platform/adapters/postgres/reachability.ts';
import { runDirectory, socketAddress } from '@acervo/platform/adapters/postgres/run-directory.ts';
import pg from 'pg';
import {
  CHUNKS_DONE,
  FUNCTIONS,
  INDEXES_AND_KEYS,
  INSERT_CODES,
  INSERT_INSTANCES,
  INSERT_JOURNAL,
  INSERT_SEGMENTS,
  INSERT_SERIES,
  INSERT_STUDIES,
  INSTANCES_PER_STUDY,
  MOVE_SEGMENT_NUMBER,
  NOTE_CHUNK,
  PLAN_CHUNK,
  TEMPLATE,
} from './sql.ts';

/**
 * How PostgreSQL runs while rows are made that can be made again: nothing of this is on when anything is measured,
 * since the archive starts its own server with its own settings.
 */
const LOADING = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '4GB',
  checkpoint_timeout: '1h',
  autovacuum: 'off',
  jit: 'off',
  shared_buffers: '512MB',
  work_mem: '256MB',
  maintenance_work_mem: '1500MB',
  max_parallel_maintenance_workers: '1',
  listen_addresses: '',
  timezone: 'UTC',
};
const STUDIES_A_CHUNK = 500;
const LOADED_TABLES = ['instance', 'series', 'study'];
const ASK_AGAIN_MS = 100;

export type Loading = { dataDir: string; instances: number; node: string; say(line: string): void };

/** Fill the index of a data directory with generated rows; goes on where an earlier attempt ended. */
export async function loadInstances({ dataDir, instances, node, say }: Loading): Promise<void> {
  const { child, exited } = startServer(dataDir);
  try {
    await answers(dataDir, child);
    const client = await connect(dataDir);
    await client.query(FUNCTIONS);
    await client.query(INSERT_CODES);
    const indexes = await dropIndexes(client);
    await loadChunks(dataDir, instances, say);
    say('vacuuming');
    for (const table of LOADED_TABLES) await client.query(`vacuum (freeze, analyze) ${table}`);
    for (const definition of indexes) {
      say(definition);
      await client.query(definition);
    }
    await client.query(INSERT_SEGMENTS, [instances, node]);
    await client.query(MOVE_SEGMENT_NUMBER);
    await client.query('drop table generated.definition');
    await client.query('vacuum (analyze) segment, journal, uid_code');
    await client.end();
  } finally {
    child.kill('SIGINT');
    await exited;
  }
}

function startServer(dataDir: string): { child: ChildProcess; exited: Promise<unknown> } {
  const { postgres } = shippedBinaries();
  const home = join(dataDir, 'postgres');
  const settings = { ...LOADING, unix_socket_directories: runDirectory(dataDir) };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [command, ...words] = [...launcherFor(postgres, home).prefix, postgres, '-D', join(home, 'cluster')];
  const child = spawn(command, [...words, ...flags], { stdio: ['ignore', 'ignore', 'inherit'], env: PROGRAM_ENV });
  return { child, exited: once(child, 'exit') };
}

async function connect(dataDir: string): Promise<pg.Client> {
  const address = socketAddress(runDirectory(dataDir));
  const client = new pg.Client({ ...address, user: OWNER_ROLE, database: DATABASE });
  client.on('error', () => {}); // The question at hand fails and says so.
  await client.connect();
  return client;
}

async function answers(dataDir: string, child: ChildProcess): Promise<void> {
  while ((await reachability(socketAddress(runDirectory(dataDir)))) !== 'ready') {
    if (child.exitCode !== null) throw new Error(`PostgreSQL ended with ${child.exitCode}`);
    await pause(ASK_AGAIN_MS);
  }
}

type IndexOrKey = { name: string; table: string; key: string | null; definition: string };

/** @returns what makes them again. An index over the whole is quicker than a hundred million insertions into it. */
async function dropIndexes(client: pg.Client): Promise<string[]> {
  await client.query('create table if not exists generated.definition (definition text)');
  const { rows } = await client.query<IndexOrKey>(INDEXES_AND_KEYS, [LOADED_TABLES]);
  for (const { name, table, key, definition } of rows) {
    const again = key === null ? definition : `alter table ${table} add constraint ${key} ${definition}`;
    await client.query('begin');
    await client.query('insert into generated.definition values ($1)', [again]);
    await client.query(key === null ? `drop index ${name}` : `alter table ${table} drop constraint ${key}`);
    await client.query('commit');
  }
  const kept = await client.query<{ definition: string }>('select definition from generated.definition');
  return kept.rows.map(({ definition }) => definition);
}

/** Two at a time: one waits for the disk while the other makes digests. */
const LOADERS = 2;

async function loadChunks(dataDir: string, wanted: number, say: (line: string) => void): Promise<void> {
  const began = performance.now();
  const clients = await Promise.all(Array.from({ length: LOADERS }, () => connect(dataDir)));
  const [first] = clients as [pg.Client];
  const done = (await first.query<{ first: string; instances: string }>(CHUNKS_DONE)).rows;
  const isDone = new Set(done.map((chunk) => Number(chunk.first)));
  let loaded = done.reduce((sum, chunk) => sum + Number(chunk.instances), 0);
  let next = 1;
  const template = Object.values((await first.query<Record<string, string>>(TEMPLATE)).rows[0] ?? {});
  const load = async (client: pg.Client): Promise<void> => {
    while (loaded < wanted) {
      const from = next;
      next += STUDIES_A_CHUNK;
      if (isDone.has(from)) continue;
      const studies = Math.min(STUDIES_A_CHUNK, Math.ceil((wanted - loaded) / INSTANCES_PER_STUDY));
      const added = await loadChunk(client, from, studies, template);
      loaded += added; // Not in one step with the waiting: the other loader adds meanwhile.
      say(`${loaded} instances, ${Math.round((performance.now() - began) / 1000)} s`);
    }
    await client.end();
  };
  await Promise.all(clients.map(load));
}

async function loadChunk(client: pg.Client, from: number, studies: number, template: string[]): Promise<number> {
  const fileBytes = template[2];
  await client.query('begin');
  // Bounds of a statement that makes a table cannot be parameters.
  await client.query(PLAN_CHUNK.replaceAll('$1', String(from)).replaceAll('$2', String(from + studies)));
  await client.query('analyze plan');
  await client.query(INSERT_STUDIES, [fileBytes]);
  await client.query(INSERT_SERIES, [fileBytes]);
  const { rowCount } = await client.query(INSERT_INSTANCES, template);
  await client.query(INSERT_JOURNAL);
  await client.query(NOTE_CHUNK, [from]);
  await client.query('commit');
  return rowCount ?? 0;
}
