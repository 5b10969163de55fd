import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Failure } from '@acervo/kernel/failure.ts';
import type { PostgresBinaries } from './binaries.ts';
import { giveTo, type Launcher, PROGRAM_ENV } from './launcher.ts';

/** The database of the archive, and its roles in a cluster of our own. */
export const DATABASE = 'acervo';
/** Owns every table; only migrations connect with it. */
export const OWNER_ROLE = 'acervo_owner';
/** What the archive works with; its rights are granted, table by table, by the migrations. */
export const APP_ROLE = 'acervo_app';

/** By whom the cluster was made; makes roles, and nothing else. */
export const SUPERUSER = 'postgres';

const MADE = 'cluster';
const BEING_MADE = 'cluster.new-';
/** Fixed password-free access: whoever may open the socket, in its 0700 directory, is the archive's own user. */
const INITDB_OPTIONS = [
  `--username=${SUPERUSER}`,
  '--auth=trust',
  '--encoding=UTF8',
  '--locale-provider=icu',
  '--icu-locale=es-MX',
  '--locale=C.UTF-8',
  '--data-checksums',
];
const FIRST_SQL = `create role ${OWNER_ROLE} login;
create role ${APP_ROLE} login;
create database ${DATABASE} owner ${OWNER_ROLE};
`;

/**
 * The data directory of the cluster below `home`, made when it is not there yet. It is made under another
 * name and renamed when it is whole, so one that was interrupted is done again. The caller holds the lock.
 * @throws {Failure} config/invalid when it belongs to another major version or user, or cannot be made.
 */
export async function ensureCluster(
  home: string,
  binaries: PostgresBinaries,
  launcher: Launcher,
  walSegmentMib: number,
): Promise<string> {
  for (const name of readdirSync(home)) {
    if (name.startsWith(BEING_MADE)) rmSync(join(home, name), { recursive: true, force: true });
  }
  const directory = join(home, MADE);
  if (!readdirSync(home).includes(MADE)) await makeCluster(home, directory, binaries, launcher, walSegmentMib);
  refuseForeign(directory, binaries, launcher);
  return directory;
}

async function makeCluster(
  home: string,
  directory: string,
  binaries: PostgresBinaries,
  launcher: Launcher,
  walSegmentMib: number,
): Promise<void> {
  const made = join(home, `${BEING_MADE}${process.pid}`);
  mkdirSync(made, { mode: 0o700 });
  giveTo(launcher, made);
  await run(launcher, binaries.initdb, [...INITDB_OPTIONS, `--wal-segsize=${walSegmentMib}`, '-D', made], '');
  await run(launcher, binaries.postgres, ['--single', '-D', made, 'postgres'], FIRST_SQL);
  renameSync(made, directory);
  const parent = await open(home, 'r');
  await parent.sync();
  await parent.close();
}

function refuseForeign(directory: string, binaries: PostgresBinaries, launcher: Launcher): void {
  const version = Number.parseInt(readFileSync(join(directory, 'PG_VERSION'), 'utf8'), 10);
  if (version !== binaries.majorVersion) {
    const detail = `${directory} is of PostgreSQL ${version}, the programs are of ${binaries.majorVersion}`;
    throw new Failure('config/invalid', detail);
  }
  const { uid } = statSync(directory);
  if (uid !== launcher.ownerUid) {
    throw new Failure('config/invalid', `${directory} belongs to user ${uid}, not to ${launcher.ownerUid}`);
  }
}

async function run(launcher: Launcher, program: string, options: string[], input: string): Promise<void> {
  const [command = '', ...words] = [...launcher.prefix, program, ...options];
  const child = spawn(command, words, { stdio: ['pipe', 'ignore', 'pipe'], env: PROGRAM_ENV });
  child.stdin.end(input);
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  if (code === 0 && !/^\S.*(ERROR|FATAL|PANIC):/m.test(said)) return;
  throw new Failure('config/invalid', `${program} failed with ${code}: ${said.slice(-600)}`);
}
