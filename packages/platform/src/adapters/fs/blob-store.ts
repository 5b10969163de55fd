import { readSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import type { BlobReader, BlobStore, BlobWriter } from '../../ports/blob-store.ts';

/** Segments as files below one folder. */
export function fileBlobStore(root: string): BlobStore {
  const path = (name: string): string => join(root, name);
  const pace = new Pace();
  return {
    async create(name) {
      await makeFolder(root, dirname(path(name))).catch(refuseFull);
      const handle = await open(path(name), 'wx', 0o640).catch(ignoreCode('EEXIST')).catch(refuseFull);
      if (handle === undefined) return undefined;
      await syncFolder(dirname(path(name))).catch(async (thrown: unknown) => {
        await handle.close();
        return refuseFull(thrown);
      });
      return writerOf(handle);
    },
    append: async (name) => writerOf(await open(path(name), 'r+')),
    async open(name) {
      const handle = await open(path(name), 'r').catch(ignoreCode('ENOENT'));
      if (handle === undefined) throw new Failure('retrieve/damaged', `segment ${name} is missing`);
      return readerOf(handle, pace);
    },
    async sizeOf(name) {
      return (await stat(path(name)).catch(ignoreCode('ENOENT')))?.size;
    },
    list: () => walk(root, ''),
    remove: (name) => unlink(path(name)),
    async freeBytes() {
      await mkdir(root, { recursive: true });
      const { bavail, bsize } = await statfs(root);
      return bavail * bsize;
    },
  };
}

function writerOf(handle: FileHandle): BlobWriter {
  return {
    async write(pieces, at) {
      let position = at;
      for (let index = 0; index < pieces.length; index += IOV_MAX) {
        position += await writeAll(handle, pieces.slice(index, index + IOV_MAX), position);
      }
    },
    truncate: (length) => handle.truncate(length),
    datasync: () => handle.datasync(),
    close: () => handle.close(),
  };
}

/** writev takes at most this many pieces (Linux UIO_MAXIOV). */
const IOV_MAX = 1024;

async function writeAll(handle: FileHandle, pieces: readonly Uint8Array[], at: number): Promise<number> {
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  let written = 0;
  while (written < total) {
    const { bytesWritten } = await handle.writev(piecesFrom(pieces, written), at + written).catch(refuseFull);
    if (bytesWritten === 0) throw new Failure('store/out-of-space', 'a write made no progress');
    written += bytesWritten;
  }
  return total;
}

/** The pieces without their first `skip` bytes: a short write is continued, not repeated. */
function piecesFrom(pieces: readonly Uint8Array[], skip: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let toSkip = skip;
  for (const piece of pieces) {
    if (toSkip < piece.length) rest.push(toSkip === 0 ? piece : piece.subarray(toSkip));
    toSkip = Math.max(0, toSkip - piece.length);
  }
  return rest;
}

/** Longer reads go to another thread, whatever the page cache holds; into new memory, which costs more, sooner. */
const FILL_IN_PLACE_BYTES_MAX = 1 << 20;
const READ_IN_PLACE_BYTES_MAX = 1 << 16;
/** The page cache gives a mebibyte in a tenth of the time: what takes longer came from the disk. */
const IN_PLACE_MS = 2;
/** Time between two reads that were slow, as a multiple of what the first of them took. */
const REST_FACTOR = 100;

/**
 * Whether a read is done in place, which holds up everybody but costs half as much as handing it to another thread
 * and back: right for what is in the page cache. Nothing tells before; so one that was slow is followed by reads
 * elsewhere for a hundred times as long, and the disk holds up nobody for more than a hundredth of the time.
 */
class Pace {
  #inPlaceFromMs = 0;

  isInPlace(): boolean {
    return performance.now() >= this.#inPlaceFromMs;
  }

  note(beganMs: number): void {
    const tookMs = performance.now() - beganMs;
    if (tookMs > IN_PLACE_MS) this.#inPlaceFromMs = beganMs + REST_FACTOR * tookMs;
  }
}

function readerOf(handle: FileHandle, pace: Pace): BlobReader {
  const fill = (into: Uint8Array, offset: number, inPlaceBytesMax: number): Promise<number> =>
    into.length <= inPlaceBytesMax && pace.isInPlace()
      ? fillInPlace(handle, into, offset, pace)
      : fillElsewhere(handle, into, offset);
  return {
    async read(offset, length) {
      const bytes = Buffer.allocUnsafe(length);
      return bytes.subarray(0, await fill(bytes, offset, READ_IN_PLACE_BYTES_MAX));
    },
    fill: (into, offset) => fill(into, offset, FILL_IN_PLACE_BYTES_MAX),
    close: () => handle.close(),
  };
}

async function fillInPlace({ fd }: FileHandle, into: Uint8Array, offset: number, pace: Pace): Promise<number> {
  const beganMs = performance.now();
  let filled = 0;
  while (filled < into.length) {
    const bytesRead = readSync(fd, into, filled, into.length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  pace.note(beganMs);
  return filled;
}

async function fillElsewhere(handle: FileHandle, into: Uint8Array, offset: number): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const { bytesRead } = await handle.read(into, filled, into.length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

async function* walk(root: string, folder: string): AsyncGenerator<string> {
  const entries = (await readdir(join(root, folder), { withFileTypes: true }).catch(ignoreCode('ENOENT'))) ?? [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(root, name);
    else yield name;
  }
}

/** A new folder's name is durable only when its parent is synced. */
async function makeFolder(root: string, folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: 0o750 });
  if (made === undefined) return;
  await syncFolder(root);
  await syncFolder(dirname(folder));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/** @throws {Failure} store/out-of-space for a full disk or quota; everything else as it is */
export function refuseFull(error: unknown): never {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
  throw new Failure('store/out-of-space', code, { cause: error });
}

/** The promise's value, or undefined when it failed with this system error: the one that is expected. */
function ignoreCode(code: string): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof Error && 'code' in error && error.code === code) return undefined;
    throw error;
  };
}
