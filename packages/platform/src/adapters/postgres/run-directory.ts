import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';

/** A socket path has at most 108 bytes with its closing zero (unix(7)). */
const SOCKET_PATH_BYTES_MAX = 107;
/** A part of the socket's name, no more: nothing listens on a network. */
export const SOCKET_PORT = 5432;
const SOCKET_NAME_BYTES = `/.s.PGSQL.${SOCKET_PORT}`.length;
const HASH_CHARS = 16;

/**
 * Where the socket of a data directory lies: `<dataDir>/run`, or a directory of the system's temporary ones,
 * named after the data directory, where that path would be too long for a socket.
 */
export function runDirectory(dataDir: string): string {
  const near = join(resolve(dataDir), 'run');
  if (fits(near)) return near;
  const name = `acervo-${createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, HASH_CHARS)}`;
  const far = join(tmpdir(), name);
  return fits(far) ? far : join('/tmp', name);
}

/**
 * Makes the directory, for its owner alone.
 * @throws {Failure} config/invalid when it exists and is another's, or open to others: /tmp is everybody's.
 */
export function ensurePrivateDirectory(directory: string, ownerUids: readonly number[]): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new Failure('config/invalid', `cannot make ${directory}`, { cause });
  }
  const found = lstatSync(directory);
  if (found.isDirectory() && ownerUids.includes(found.uid) && (found.mode & 0o077) === 0) return;
  throw new Failure('config/invalid', `${directory} must be a directory of this user's own, closed to others`);
}

/** How `pg` finds the socket; complete, so that no PG* variable of the environment is asked. */
export function socketAddress(directory: string): { host: string; port: number; ssl: false } {
  return { host: directory, port: SOCKET_PORT, ssl: false };
}

const fits = (directory: string): boolean => Buffer.byteLength(directory) + SOCKET_NAME_BYTES <= SOCKET_PATH_BYTES_MAX;
