import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '@acervo/kernel/failure.ts';
import type { PostgresBinaries } from './binaries.ts';
import { giveTo, type Launcher, PROGRAM_ENV } from './launcher.ts';
import { isPostgresOf, isSameProcess, postgresProcessesOf, processIdentity } from './process-identity.ts';
import { reachability } from './reachability.ts';
import { SOCKET_PORT, socketAddress } from './run-directory.ts';

/** One cluster and how to run its server. */
export type Server = {
  binaries: PostgresBinaries;
  launcher: Launcher;
  /** The data directory of the cluster, and the one of its log and start-up messages. */
  directory: string;
  logDirectory: string;
  runDirectory: string;
  sharedBuffersMib: number;
  /** A server that runs and does not even say "starting up" for this long is taken for hung. */
  silenceMsMax?: number;
};

/** Of five servers (22 each) and a command beside them. */
const CONNECTIONS_MAX = 120;
const ASK_AGAIN_MS = 25;
/** Crash recovery reads the write-ahead log since the last checkpoint; it answers "starting up" meanwhile. */
const RECOVERY_MS_MAX = 600_000;
const SILENCE_MS_MAX = 10_000;
const FAST_STOP_MS_MAX = 60_000;
const KILLED_MS_MAX = 10_000;
/** What does not answer gets this long to end by itself before it is killed; recovery is the same for both. */
const QUIT_MS_MAX = 1_000;
const STARTS_MAX = 3;

/** Makes the server run and answer: the one found, or a new one. The caller holds the lock. */
export async function ensureServer(server: Server): Promise<void> {
  for (let start = 1; start <= STARTS_MAX; start++) {
    if (await adopt(server)) return;
    await clearRemains(server);
    if (await startServer(server)) return;
  }
  throw new Failure('database/unavailable', `PostgreSQL does not start: ${startupMessages(server)}`);
}

/** Fast shutdown (SIGINT): open transactions are rolled back, a checkpoint is written. The caller holds the lock. */
export async function stopServer(server: Server): Promise<void> {
  const pid = runningPostmaster(server);
  // Its identity, not its words: a process that is ending has none any more, but still holds its files.
  const identity = pid === undefined ? undefined : processIdentity(pid);
  if (pid === undefined || identity === undefined) return;
  process.kill(pid, 'SIGINT');
  const deadline = performance.now() + FAST_STOP_MS_MAX;
  while (isSameProcess(identity)) {
    if (performance.now() > deadline) return await clearRemains(server);
    await pause(ASK_AGAIN_MS);
  }
}

/** True when a server that is already there answers, after waiting for its recovery where it is at it. */
async function adopt(server: Server): Promise<boolean> {
  const pid = runningPostmaster(server);
  return pid !== undefined && (await answers(server, () => isPostgresOf(pid, realpathSync(server.directory))));
}

async function startServer(server: Server): Promise<boolean> {
  mkdirSync(server.logDirectory, { recursive: true, mode: 0o700 });
  giveTo(server.launcher, server.logDirectory);
  const messages = openSync(startupLog(server), 'w', 0o600);
  const [command = '', ...words] = [...server.launcher.prefix, server.binaries.postgres, ...options(server)];
  let child: ChildProcess;
  try {
    // A session of its own: Ctrl-C in the terminal must reach us first, and we stop it in order.
    child = spawn(command, words, { detached: true, stdio: ['ignore', messages, messages], env: PROGRAM_ENV });
  } finally {
    closeSync(messages);
  }
  const failed = new Promise<void>((resolve) => child.once('error', () => resolve()));
  child.unref();
  let isGone = false;
  void failed.then(() => (isGone = true));
  return await answers(server, () => !isGone && child.exitCode === null && child.signalCode === null);
}

async function answers(server: Server, isAlive: () => boolean): Promise<boolean> {
  const began = performance.now();
  let lastSign = began;
  while (isAlive()) {
    const state = await reachability(socketAddress(server.runDirectory));
    const now = performance.now();
    if (state === 'ready') return true;
    if (state === 'starting') lastSign = now;
    if (now - lastSign > (server.silenceMsMax ?? SILENCE_MS_MAX) || now - began > RECOVERY_MS_MAX) return false;
    await pause(ASK_AGAIN_MS);
  }
  return false;
}

/**
 * Ends what is left of a server that does not answer, and its lock files. PostgreSQL would judge them by
 * their process id, which another process of this user may have by now, or a dead one that nobody has reaped.
 */
async function clearRemains(server: Server): Promise<void> {
  const directory = realpathSync(server.directory);
  const began = performance.now();
  for (let left = postgresProcessesOf(directory); left.length > 0; left = postgresProcessesOf(directory)) {
    const ms = performance.now() - began;
    if (ms > KILLED_MS_MAX) throw new Failure('database/unavailable', `cannot end ${left.join(' ')}`);
    for (const pid of left) tryKill(pid, ms > QUIT_MS_MAX ? 'SIGKILL' : 'SIGQUIT');
    await pause(ASK_AGAIN_MS);
  }
  rmSync(join(directory, 'postmaster.pid'), { force: true });
  rmSync(join(server.runDirectory, `.s.PGSQL.${SOCKET_PORT}.lock`), { force: true });
}

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}

/** Its process id, from the lock file's first line, if that process is the server of this cluster. */
function runningPostmaster(server: Server): number | undefined {
  const directory = realpathSync(server.directory);
  try {
    const pid = Number.parseInt(readFileSync(join(directory, 'postmaster.pid'), 'utf8'), 10);
    return isPostgresOf(pid, directory) ? pid : undefined;
  } catch {
    return undefined; // No lock file: no server.
  }
}

function options(server: Server): string[] {
  const settings = {
    listen_addresses: '',
    port: `${SOCKET_PORT}`,
    unix_socket_directories: `"${server.runDirectory.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    max_connections: `${CONNECTIONS_MAX}`,
    shared_buffers: `${server.sharedBuffersMib}MB`,
    fsync: 'on',
    full_page_writes: 'on',
    wal_sync_method: 'fdatasync',
    plan_cache_mode: 'force_custom_plan',
    jit: 'off',
    // A search takes milliseconds; to start a worker for it would take as long.
    max_parallel_workers_per_gather: '0',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...logSettings(server.logDirectory),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', realpathSync(server.directory), ...flags];
}

/** A file per weekday, begun anew each week. No statement, parameter or detail: they may name patients. */
function logSettings(directory: string): Record<string, string> {
  return {
    logging_collector: 'on',
    log_directory: directory,
    log_filename: 'postgres-%a.log',
    log_rotation_age: '1d',
    log_rotation_size: '0',
    log_truncate_on_rotation: 'on',
    log_min_messages: 'warning',
    log_checkpoints: 'off',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
  };
}

const startupLog = (server: Server): string => join(server.logDirectory, 'startup.log');

function startupMessages(server: Server): string {
  return readFileSync(startupLog(server), 'utf8').slice(-600);
}
