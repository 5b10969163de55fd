import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { giveTo, launcherFor, PROGRAM_ENV } from '@acervo/platform/adapters/postgres/launcher.ts';

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
  start(): Promise<void>;
  /** kill -9 of the postmaster. */
  kill(): Promise<void>;
};

/**
 * A private cluster of Debian's PostgreSQL below a folder; its server ends with the test. Without those programs the
 * test is skipped with a clear word; where ACERVO_REQUIRE_PEERS=1 their absence is an error instead.
 */
export async function operatorPostgres(t: TestContext, folder: string): Promise<OperatorPostgres | undefined> {
  if (!existsSync(join(PROGRAMS, 'postgres'))) {
    assert.notEqual(process.env['ACERVO_REQUIRE_PEERS'], '1', `${PROGRAMS} is required here`);
    t.skip(`no PostgreSQL in ${PROGRAMS}`);
    return undefined;
  }
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
    const [command, ...rest] = words('postgres', '-D', cluster, '-k', folder, '-c', 'listen_addresses=');
    for (const until = performance.now() + READY_MS_MAX; performance.now() < until; await pause(50)) {
      // It refuses to start while processes of the one that was killed are left.
      if (!isRunning()) server = spawn(command, rest, { env: PROGRAM_ENV, stdio: ['ignore', log, log] });
      if (answers(words('psql', ...socket, '-d', 'postgres', '-Atc', 'select 1'))) return;
    }
    throw new Error("the operator's PostgreSQL does not start");
  };
  const kill = async (): Promise<void> => {
    if (server === undefined || !isRunning()) return;
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  };
  t.after(kill);
  await start();
  for (const each of SETUP.split('; ')) run(words('psql', ...socket, '-d', 'postgres', '-qc', each));
  return { url: `postgresql://${USER}@/${DATABASE}?host=${encodeURIComponent(folder)}`, start, kill };
}

function answers([command, ...rest]: [string, ...string[]]): boolean {
  try {
    execFileSync(command, rest, { env: PROGRAM_ENV, stdio: 'ignore' });
    return true;
  } catch {
    return false; // Starting, or recovering: asked again.
  }
}
