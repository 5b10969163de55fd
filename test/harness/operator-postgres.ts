import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { giveTo, launcherFor, PROGRAM_ENV } from '@acervo/platform/adapters/postgres/launcher.ts';
import type { Owner } from './owner.ts';

/** Debian's, as an operator would have it; another place by ACERVO_TEST_PG_BIN. */
const PROGRAMS = process.env['ACERVO_TEST_PG_BIN'] ?? '/usr/lib/postgresql/15/bin';
const USER = 'clinica';
const DATABASE = 'vna';
/** The user owns its database and may make the application's role: no superuser, as operators like it. */
const SETUP = `create role ${USER} login createrole; create database ${DATABASE} owner ${USER}`;
const READY_MS_MAX = 30_000;

/** A PostgreSQL that is not ours: somebody else starts it, stops it and starts it again. */
export type OperatorPostgres = {
  /** For ACERVO_DATABASE_URL. */
  url: string;
  /** What the URL says, for those who want it in pieces; there is no password. */
  socketDirectory: string;
  user: string;
  database: string;
  version: string;
  /** Of the postmaster. */
  pid(): number;
  start(): Promise<void>;
  /** A fast shutdown, which leaves nothing behind. */
  stop(): Promise<void>;
  /** kill -9 of the postmaster. */
  kill(): Promise<void>;
};

/**
 * A private cluster of Debian's PostgreSQL below a folder; its server ends with the test. Without those programs the
 * test is skipped with a clear word; where ACERVO_REQUIRE_PEERS=1 their absence is an error instead.
 */
export async function operatorPostgres(t: TestContext, folder: string): Promise<OperatorPostgres | undefined> {
  if (!hasOperatorPostgres()) {
    assert.notEqual(process.env['ACERVO_REQUIRE_PEERS'], '1', `${PROGRAMS} is required here`);
    t.skip(`no PostgreSQL in ${PROGRAMS}`);
    return undefined;
  }
  return startOperatorPostgres(t, folder);
}

export const hasOperatorPostgres = (): boolean => existsSync(join(PROGRAMS, 'postgres'));

/** The same for whoever has seen that the programs are there. @param settings as `name=value` */
export async function startOperatorPostgres(
  owner: Owner,
  folder: string,
  settings: readonly string[] = [],
): Promise<OperatorPostgres> {
  const cluster = join(folder, 'cluster');
  mkdirSync(cluster, { recursive: true, mode: 0o700 });
  const launcher = launcherFor(join(PROGRAMS, 'postgres'), cluster);
  for (const each of [folder, cluster]) giveTo(launcher, each);
  const words = (program: string, ...rest: string[]): [string, ...string[]] => {
    const [command = '', ...after] = [...launcher.prefix, join(PROGRAMS, program), ...rest];
    return [command, ...after];
  };
  const run = ([command, ...rest]: [string, ...string[]], input = ''): string =>
    execFileSync(command, rest, { env: PROGRAM_ENV, input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
  run(words('initdb', '--username=postgres', '--auth=trust', '--locale=C.UTF-8', '--no-sync', '-D', cluster));
  const log = openSync(join(folder, 'server.log'), 'a');
  const socket = ['-h', folder, '-U', 'postgres'];
  let server: ChildProcess | undefined;
  const isRunning = (): boolean => server !== undefined && server.exitCode === null && server.signalCode === null;
  const start = async (): Promise<void> => {
    const given = settings.flatMap((setting) => ['-c', setting]);
    const [command, ...rest] = words('postgres', '-D', cluster, '-k', folder, '-c', 'listen_addresses=', ...given);
    for (const until = performance.now() + READY_MS_MAX; performance.now() < until; await pause(50)) {
      // It refuses to start while processes of the one that was killed are left.
      if (!isRunning()) server = spawn(command, rest, { env: PROGRAM_ENV, stdio: ['ignore', log, log] });
      if (answers(words('psql', ...socket, '-d', 'postgres', '-Atc', 'select 1'))) return;
    }
    throw new Error("the operator's PostgreSQL does not start");
  };
  const end = async (signal: 'SIGINT' | 'SIGKILL'): Promise<void> => {
    if (server === undefined || !isRunning()) return;
    const exited = once(server, 'exit');
    server.kill(signal);
    await exited;
  };
  const kill = (): Promise<void> => end('SIGKILL');
  owner.after(kill);
  await start();
  for (const each of SETUP.split('; ')) run(words('psql', ...socket, '-d', 'postgres', '-qc', each));
  return {
    url: `postgresql://${USER}@/${DATABASE}?host=${encodeURIComponent(folder)}`,
    socketDirectory: folder,
    user: USER,
    database: DATABASE,
    version: run(words('postgres', '--version')).trim().replace('postgres (PostgreSQL)', 'PostgreSQL'),
    pid: () => server?.pid ?? 0,
    start,
    stop: () => end('SIGINT'),
    kill,
  };
}

function answers([command, ...rest]: [string, ...string[]]): boolean {
  try {
    execFileSync(command, rest, { env: PROGRAM_ENV, stdio: 'ignore' });
    return true;
  } catch {
    return false; // Starting, or recovering: asked again.
  }
}
