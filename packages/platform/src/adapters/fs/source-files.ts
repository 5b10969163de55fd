import { type FileHandle, open, opendir, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import type { SourceFile, SourceItem } from '../../ports/source-file.ts';
import { zipFiles } from './zip-files.ts';

/** Deeper folders than this are a loop of mounts or somebody's joke. */
const DEPTH_MAX = 64;
const CHUNK_BYTES = 256 * 1024;
const ZIP_MAGICS: readonly number[] = [0x04034b50, 0x06054b50];

/**
 * The files of the paths given: folders with all that is below them, single files, ZIP archives entry by entry.
 * What is a symbolic link's target inside of its folder is met there; links out of the folder are refused.
 * @throws {Failure} request/invalid when a path that was given does not exist.
 */
export async function* sourceFiles(paths: readonly string[]): AsyncGenerator<SourceItem> {
  for (const path of paths) {
    const root = await realpath(resolve(path)).catch((cause: unknown) => {
      throw new Failure('request/invalid', `cannot read ${path}: ${codeOf(cause)}`, { cause });
    });
    const found = await stat(root);
    if (found.isDirectory()) yield* filesBelow(root, 0);
    else if (found.isFile()) yield* offer(root, true);
    else yield { name: root, refused: 'no regular file' };
  }
}

async function* filesBelow(folder: string, depth: number): AsyncGenerator<SourceItem> {
  if (depth > DEPTH_MAX) return yield { name: folder, refused: `folders deeper than ${DEPTH_MAX}` };
  // The order of the folder itself: sorting would hold millions of names.
  const entries = await opendir(folder).catch(codeOf);
  if (typeof entries === 'string') return yield { name: folder, refused: `cannot be read: ${entries}` };
  for await (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path, depth + 1);
    else if (entry.isFile()) yield* offer(path, false);
    else yield { name: path, refused: entry.isSymbolicLink() ? 'symbolic link' : 'no regular file' };
  }
}

async function* offer(path: string, isGiven: boolean): AsyncGenerator<SourceItem> {
  const handle = await open(path, 'r').catch(codeOf);
  if (typeof handle === 'string') return yield { name: path, refused: `cannot be read: ${handle}` };
  let isZip: boolean;
  let item: SourceFile | undefined;
  try {
    item = await fileAt(path, handle, isGiven);
    isZip = await isZipFile(handle);
  } finally {
    await handle.close();
  }
  if (item === undefined) yield { name: path, refused: 'no regular file' };
  else if (isZip) yield* zipFiles(path, item.stamp);
  else yield item;
}

async function fileAt(path: string, handle: FileHandle, isGiven: boolean): Promise<SourceFile | undefined> {
  const about = await handle.stat();
  if (!about.isFile()) return undefined;
  return {
    name: path,
    sizeBytes: about.size,
    stamp: String(about.mtimeMs),
    isGiven,
    read: () => chunksOf(path, about.size),
    below: (components) => fileBelow(dirname(path), components),
  };
}

/** A member's header, or the end of an archive that has none (APPNOTE 4.3.7, 4.3.16). */
async function isZipFile(handle: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
  return bytesRead === 4 && ZIP_MAGICS.includes(buffer.readUInt32LE());
}

/** Each chunk has memory of its own: it is kept until the object is durable. */
async function* chunksOf(path: string, sizeBytes: number): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    for (let at = 0; ; ) {
      const chunk = Buffer.allocUnsafeSlow(Math.max(1, Math.min(CHUNK_BYTES, sizeBytes - at)));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function fileBelow(root: string, components: readonly string[]): Promise<SourceFile | undefined> {
  let path = root;
  for (const component of components) {
    const names = await readdir(path).catch(() => []);
    const wanted = component.toLowerCase();
    const name = names.find((each) => each === component) ?? names.find((each) => each.toLowerCase() === wanted);
    if (name === undefined) return undefined;
    path = join(path, name);
  }
  const real = await realpath(path);
  if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
  const handle = await open(real, 'r').catch(() => undefined);
  try {
    return handle && (await fileAt(real, handle, false));
  } finally {
    await handle?.close();
  }
}

const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);

/** How many files lie below the paths, without opening any: for saying how far an import is. */
export async function countFiles(paths: readonly string[], signal: AbortSignal): Promise<number> {
  let count = 0;
  const folders = paths.map((path) => resolve(path));
  for (let folder = folders.pop(); folder !== undefined && !signal.aborted; folder = folders.pop()) {
    // What is no folder is a file that was named, or gone by now.
    const entries = await opendir(folder).catch(() => undefined);
    if (entries === undefined) count += 1;
    for await (const entry of entries ?? []) {
      if (entry.isDirectory()) folders.push(join(folder, entry.name));
      else count += 1;
    }
  }
  return count;
}
