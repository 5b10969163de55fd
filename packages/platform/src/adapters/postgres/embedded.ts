import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '@acervo/kernel/failure.ts';
import pg from 'pg';
import type { Log } from '../../ports/log.ts';
import { type PostgresBinaries, shippedBinaries } from './binaries.ts';
import { APP_ROLE, DATABASE, ensureCluster, OWNER_ROLE, SUPERUSER } from './cluster.ts';
import { exclusively } from './exclusive.ts';
import { giveTo, launcherFor } from './launcher.ts';
import { ensureServer, type Server, stopServer } from './postmaster.ts';
import { reachability } from './reachability.ts';
import { ensurePrivateDirectory, runDirectory, socketAddress } from './run-directory.ts';
import { SILENT_ROLE } from './silent.ts';

/** How to reach the database: as the application, as the owner of its tables, as who may read what is silent. */
export type ConnectionParameters = {
  address: { host: string; port: number; ssl: false; database: string };
  appRole: string;
  ownerRole: string;
  silentRole: string;
};

export type EmbeddedOptions = {
  /** The archive's data directory; the cluster lies below it. */
  dataDir: string;
  /** Size of a file of the write-ahead log in MiB: a power of two, 1 to 1024. Counts when the cluster is made. */
  walSegmentMib: number;
  sharedBuffersMib: number;
  log: Log;
  /** Other programs than the ones that npm ships. */
  binaries?: PostgresBinaries;
};

/**
 * Our own PostgreSQL over one data directory. Several processes may use one: the first starts the server,
 * the others find it, the last to stop ends it.
 */
export type EmbeddedPostgres = {
  /** @throws {Failure} config/invalid when it can never run here, database/unavailable when it does not now. */
  ensureRunning(): Promise<ConnectionParameters>;
  /** Ends the server when no other process of the archive uses it. Close every pool before. */
  stop(): Promise<void>;
};

const LOCK = 'supervisor';
/** Longer than the longest recovery that another process may be waiting for. */
const LOCK_MS_MAX = 660_000;
/** Each process of the archive keeps one connection of this name: it tells that the process is there. */
const PRESENCE = 'acervo presence';
/** A process that ended a moment ago may still be listed. */
const OTHERS_GONE_MS_MAX = 250;
const ASK_AGAIN_MS = 25;

export function embeddedPostgres(options: EmbeddedOptions): EmbeddedPostgres {
  const { log } = options;
  const home = join(resolve(options.dataDir), 'postgres');
  const run = runDirectory(options.dataDir);
  const parameters = {
    address: { ...socketAddress(run), database: DATABASE },
    appRole: APP_ROLE,
    ownerRole: OWNER_ROLE,
    silentRole: SILENT_ROLE,
  };
  const locked = <T>(work: () => Promise<T>): Promise<T> => exclusively(home, LOCK, LOCK_MS_MAX, work);
  let presence: pg.Client | undefined;
  let starting: Promise<ConnectionParameters> | undefined;

  async function start(): Promise<ConnectionParameters> {
    // A new connection, because an old one may be served for a moment longer than the server lives.
    if (presence !== undefined && (await reachability(parameters.address)) === 'ready') return parameters;
    await leave();
    ensurePrivateDirectory(home, [process.getuid?.() ?? 0]);
    const began = performance.now();
    await locked(async () => {
      await ensureServer(await prepare(options, home, run));
      await ensureSilentRole(parameters);
      const mine = await appear(parameters);
      mine.once('end', () => void (presence === mine && lost()));
      presence = mine;
    });
    log.info('database.ready', { ms: Math.round(performance.now() - began) });
    return parameters;
  }

  /** Forgets our presence first, so that its end is not taken for the server's. */
  async function leave(): Promise<void> {
    const mine = presence;
    presence = undefined;
    await mine?.end().catch(() => {}); // Lost already: as good as closed.
  }

  async function lost(): Promise<void> {
    presence = undefined;
    log.warn('database.lost');
    await ensureRunning().catch((thrown: unknown) => {
      log.error('database.not-restarted', { reason: String(thrown) }); // The next question tries again.
    });
  }

  async function ensureRunning(): Promise<ConnectionParameters> {
    starting ??= start()
      .catch((cause: unknown) => {
        // What a full disk or a missing file throws is foreseen like this: the database is not there now.
        throw cause instanceof Failure ? cause : new Failure('database/unavailable', String(cause), { cause });
      })
      .finally(() => {
        starting = undefined;
      });
    return await starting;
  }

  async function stop(): Promise<void> {
    await starting?.catch(() => {}); // Reported to whoever asked for it.
    if (presence === undefined) return;
    await locked(async () => {
      const isLast = presence === undefined || (await isAlone(presence));
      await leave();
      if (isLast) await stopServer(await prepare(options, home, run));
    });
  }

  return { ensureRunning, stop };
}

async function prepare(options: EmbeddedOptions, home: string, run: string): Promise<Server> {
  const binaries = options.binaries ?? shippedBinaries();
  const launcher = launcherFor(binaries.postgres, home);
  ensurePrivateDirectory(run, [process.getuid?.() ?? 0, launcher.ownerUid]);
  giveTo(launcher, run);
  const directory = await ensureCluster(home, binaries, launcher, options.walSegmentMib);
  const { sharedBuffersMib } = options;
  return { binaries, launcher, directory, logDirectory: join(home, 'log'), runDirectory: run, sharedBuffersMib };
}

/** A cluster has it from its first start on; one that was made before there was such a role, from the next one on. */
async function ensureSilentRole({ address, silentRole }: ConnectionParameters): Promise<void> {
  const client = new pg.Client({ ...address, user: SUPERUSER });
  client.on('error', () => {}); // The question at hand fails and says so.
  try {
    await client.connect();
    const { rowCount } = await client.query('select from pg_roles where rolname = $1', [silentRole]);
    if (rowCount === 0) await client.query(`create role ${silentRole} login`);
  } catch (cause) {
    throw new Failure('database/unavailable', 'the role of the silent store cannot be made', { cause });
  } finally {
    await client.end().catch(() => {}); // Lost already.
  }
}

async function appear(parameters: ConnectionParameters): Promise<pg.Client> {
  const client = new pg.Client({ ...parameters.address, user: parameters.appRole, application_name: PRESENCE });
  client.on('error', () => {}); // 'end' follows.
  try {
    await client.connect();
  } catch (cause) {
    throw new Failure('database/unavailable', 'PostgreSQL went away right after it answered', { cause });
  }
  return client;
}

/** True when no other process of the archive is there; when the server is gone, nobody is. */
async function isAlone(mine: pg.Client): Promise<boolean> {
  const others = `select 1 from pg_stat_activity where application_name = '${PRESENCE}' and pid <> pg_backend_pid()`;
  const deadline = performance.now() + OTHERS_GONE_MS_MAX;
  for (;;) {
    const found = await mine.query(others).catch(() => ({ rows: [] }));
    if (found.rows.length === 0) return true;
    if (performance.now() > deadline) return false;
    await pause(ASK_AGAIN_MS);
  }
}
