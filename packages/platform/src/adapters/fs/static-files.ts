import { open, readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { StaticCoding, StaticFile, StaticFiles } from '../../ports/static-files.ts';

/** A folder with more files is not one that was made for us: the rest is not served. */
const FILES_MAX = 5_000;
const CHUNK_BYTES = 256 * 1024;
const SUFFIXES = { br: '.br', gzip: '.gz' } as const;

type Listed = { bytes: number; modifiedMs: number };
type Listing = { stamp: string; files: ReadonlyMap<string, Listed> };

/**
 * Serves a folder by its listing. A path of a request is looked up and never becomes a path of the file system, so
 * it cannot leave the folder. The listing is made anew when the folder was replaced, which is how it is written:
 * beside its place, then renamed. Links are not followed.
 */
export function staticFiles(folder: string): StaticFiles {
  let listing: Listing | undefined;
  return {
    async find(path) {
      const stamp = await stampOf(folder);
      if (stamp === undefined) return undefined;
      if (listing?.stamp !== stamp) listing = { stamp, files: await list(folder) };
      return fileOf(folder, path, listing.files);
    },
  };
}

async function stampOf(folder: string): Promise<string | undefined> {
  try {
    const { ino, mtimeMs } = await stat(folder);
    return `${ino} ${mtimeMs}`;
  } catch {
    return undefined; // Nobody has made it yet.
  }
}

async function list(folder: string): Promise<Map<string, Listed>> {
  const files = new Map<string, Listed>();
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || files.size >= FILES_MAX) continue;
    const whole = join(entry.parentPath, entry.name);
    const { size, mtimeMs } = await stat(whole);
    files.set(relative(folder, whole).split(sep).join('/'), { bytes: size, modifiedMs: mtimeMs });
  }
  return files;
}

function fileOf(folder: string, path: string, files: ReadonlyMap<string, Listed>): StaticFile | undefined {
  const plain = files.get(path);
  if (plain === undefined) return undefined;
  const forms: Partial<Record<StaticCoding, number>> = { identity: plain.bytes };
  for (const coding of ['br', 'gzip'] as const) {
    const kept = files.get(path + SUFFIXES[coding]);
    if (kept !== undefined) forms[coding] = kept.bytes;
  }
  return {
    path,
    forms,
    version: `${plain.bytes}-${Math.trunc(plain.modifiedMs)}`,
    read: (coding) => bytesOf(join(folder, path + (coding === 'identity' ? '' : SUFFIXES[coding]))),
  };
}

async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read({ buffer: Buffer.allocUnsafe(CHUNK_BYTES) });
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
