import { spawnSync } from 'node:child_process';
import { chownSync, readFileSync } from 'node:fs';
import { Failure } from '@acervo/kernel/failure.ts';

/**
 * How to start a PostgreSQL program here: words before its path, and the user that owns its files. PostgreSQL
 * refuses to run as root; the two ways around it leave the files where they are, also below /root.
 */
export type Launcher = { prefix: readonly string[]; ownerUid: number };

/** PostgreSQL gets no variable of ours: its own (PGPORT, PGOPTIONS ...) would change what it does. */
export const PROGRAM_ENV = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' };

const PROBE_MS = 5_000;
/** An unprivileged user needs an entry in the user database: initdb looks its own name up. */
const NOBODY_UID = 65534;

const remembered = new Map<string, Launcher>();

/**
 * Finds the first way that works: as we are; in a user namespace where root's files belong to an ordinary
 * user; as `nobody` that may still pass root's directories (the securebit keeps access(2) honest about that).
 * @param program a PostgreSQL binary that must be executable, @param directory one that must be writable.
 * @throws {Failure} config/invalid when PostgreSQL cannot run under this user.
 */
export function launcherFor(program: string, directory: string): Launcher {
  const key = `${program}\n${directory}`;
  const known = remembered.get(key) ?? launchersFor(program, directory).next().value;
  if (known === undefined) {
    const detail =
      'PostgreSQL cannot run as this user: start Acervo as an ordinary user that has an entry in /etc/passwd, ' +
      'allow user namespaces, or set ACERVO_DATABASE_URL';
    throw new Failure('config/invalid', detail);
  }
  remembered.set(key, known);
  return known;
}

/** Every way that works here, the best one first. Each is tried when it is asked for. */
export function* launchersFor(program: string, directory: string): Generator<Launcher, undefined> {
  for (const launcher of candidates()) if (works(launcher, program, directory)) yield launcher;
}

/** Gives a directory that this process made to the user that PostgreSQL will run as. */
export function giveTo(launcher: Launcher, directory: string): void {
  if (launcher.ownerUid !== process.getuid?.()) chownSync(directory, launcher.ownerUid, launcher.ownerUid);
}

function candidates(): Launcher[] {
  const uid = process.getuid?.() ?? NOBODY_UID;
  const ordinary = knownUids().find((known) => known !== 0 && known !== NOBODY_UID) ?? NOBODY_UID;
  const direct = uid !== 0 && knownUids().includes(uid) ? [{ prefix: [], ownerUid: uid }] : [];
  const mapped = ['unshare', '--user', `--map-user=${ordinary}`, `--map-group=${ordinary}`];
  const dropped = ['setpriv', `--reuid=${NOBODY_UID}`, `--regid=${NOBODY_UID}`, '--clear-groups'];
  const passing = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--securebits=+no_setuid_fixup'];
  const asNobody = uid === 0 ? [{ prefix: [...dropped, ...passing], ownerUid: NOBODY_UID }] : [];
  return [...direct, { prefix: mapped, ownerUid: uid }, ...asNobody];
}

function works(launcher: Launcher, program: string, directory: string): boolean {
  const script = 'test "$(id -u)" != 0 && test -x "$0" && test -w "$1" && "$0" --version';
  const [command, ...words] = [...launcher.prefix, 'sh', '-c', script, program, directory];
  return spawnSync(command, words, { stdio: 'ignore', timeout: PROBE_MS, env: PROGRAM_ENV }).status === 0;
}

function knownUids(): number[] {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  return lines.map((line) => Number(line.split(':')[2])).filter((uid) => Number.isInteger(uid));
}
