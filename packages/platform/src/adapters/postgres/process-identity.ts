import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The program's path, or the title that a child gives itself: `postgres: checkpointer`. */
const POSTGRES_TITLE = /(^|\/)postgres(:.*)?$/s;

/**
 * What tells a process from a later one with the same id: the boot, the id and the start time.
 * Undefined when it does not run (a zombie does not).
 */
export function processIdentity(pid: number): string | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // proc(5): the second field is in parentheses and may hold anything; fields 3 and 22 follow the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return `${textOf('/proc/sys/kernel/random/boot_id')?.trim()} ${pid} ${fields[19]}`;
}

/** True when the process that wrote this identity still runs. */
export function isSameProcess(identity: string): boolean {
  const pid = Number(identity.split(' ')[1] ?? '');
  return Number.isInteger(pid) && pid > 0 && processIdentity(pid) === identity;
}

/** True when this process is a PostgreSQL server, or a part of one, over this data directory. */
export function isPostgresOf(pid: number, dataDirectory: string): boolean {
  if (processIdentity(pid) === undefined) return false;
  const words = textOf(`/proc/${pid}/cmdline`)?.split('\0') ?? [];
  const isPostgres = POSTGRES_TITLE.test(words[0] ?? '');
  return isPostgres && (words.includes(dataDirectory) || worksIn(pid, dataDirectory));
}

/** Every process of a server over this data directory, its children included: they may outlive it shortly. */
export function postgresProcessesOf(dataDirectory: string): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids.filter((pid) => isPostgresOf(pid, dataDirectory));
}

function worksIn(pid: number, directory: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === directory;
  } catch {
    return false; // Ended since, or of another user, whose server ours cannot be.
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // No such process, or not ours to see.
  }
}
