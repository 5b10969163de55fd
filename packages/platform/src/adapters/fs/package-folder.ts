import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, opendir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import type { PackageEntry, PackageFolder } from '../../ports/package-folder.ts';

const DEPTH_MAX = 8;
const CHUNK_BYTES = 1 << 20;
/** More than any signature of a format has. */
const START_BYTES = 64;

/** A folder of the file system as a package. Symbolic links are named, and never followed. */
export function packageFolder(folder: string): PackageFolder {
  const root = resolve(folder);
  return {
    list: async (entriesMax) => {
      const found: PackageEntry[] = [];
      for await (const entry of below(root, '', 0)) {
        found.push(entry);
        if (found.length > entriesMax) throw new Failure('model/limit', `more than ${entriesMax} files`);
      }
      return found.sort((a, b) => (a.path < b.path ? -1 : 1));
    },
    read: (path, bytesMax) => read(join(root, path), bytesMax),
    digest: (path, bytesMax) => digest(join(root, path), bytesMax),
    write: async (path, bytes) => {
      const target = join(root, path);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(`${target}.part`, bytes);
      await rename(`${target}.part`, target);
    },
  };
}

async function* below(root: string, path: string, depth: number): AsyncGenerator<PackageEntry> {
  if (depth > DEPTH_MAX) throw new Failure('model/limit', `folders deeper than ${DEPTH_MAX}`);
  const entries = await opendir(join(root, path)).catch((cause: unknown) => {
    throw new Failure('request/invalid', `cannot read the folder ${path || root}`, { cause });
  });
  for await (const entry of entries) {
    const inner = path === '' ? entry.name : `${path}/${entry.name}`;
    if (entry.isDirectory()) yield* below(root, inner, depth + 1);
    else if (entry.isFile()) yield { path: inner, kind: 'file', sizeBytes: (await stat(join(root, inner))).size };
    else yield { path: inner, kind: entry.isSymbolicLink() ? 'link' : 'other', sizeBytes: 0 };
  }
}

async function read(path: string, bytesMax: number): Promise<Uint8Array> {
  const handle = await opened(path, bytesMax);
  try {
    return new Uint8Array(await handle.readFile());
  } finally {
    await handle.close();
  }
}

async function digest(path: string, bytesMax: number): Promise<{ sha256: string; start: Uint8Array }> {
  const handle = await opened(path, bytesMax);
  const hash = createHash('sha256');
  const chunk = new Uint8Array(CHUNK_BYTES);
  let start = new Uint8Array();
  try {
    for (let at = 0; ; ) {
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) break;
      if (at === 0) start = chunk.slice(0, Math.min(bytesRead, START_BYTES));
      hash.update(chunk.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
  return { sha256: hash.digest('hex'), start };
}

/** O_NOFOLLOW: what was a file when it was listed may be a link by now. */
async function opened(path: string, bytesMax: number): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause: unknown) => {
    throw new Failure('model/path', 'cannot be opened, or is a link', { cause });
  });
  const { size } = await handle.stat();
  if (size <= bytesMax) return handle;
  await handle.close();
  throw new Failure('model/limit', `${size} bytes, more than ${bytesMax}`);
}
