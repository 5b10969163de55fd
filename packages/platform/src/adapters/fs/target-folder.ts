import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Draft, TargetFolder } from '../../ports/target-folder.ts';

/** What a killed process leaves: never listed, and replaced by the next one that writes the same name. */
const DRAFT_SUFFIX = '.part';
const CHUNK_BYTES = 1 << 20;

export function targetFolder(root: string): TargetFolder {
  const path = (name: string): string => join(root, name);
  const begin = async (name: string): Promise<Draft> => {
    await makeFolder(dirname(path(name)));
    const part = `${path(name)}${DRAFT_SUFFIX}`;
    const handle = await open(part, 'w', 0o640);
    return draftOf(handle, part, path(name));
  };
  return {
    begin,
    async put(name, body) {
      const draft = await begin(name);
      let bytes = 0;
      try {
        for await (const chunk of body) {
          await draft.write(chunk);
          bytes += chunk.length;
        }
      } catch (thrown) {
        await draft.abandon();
        throw thrown;
      }
      await draft.commit();
      return bytes;
    },
    sizeOf: async (name) => (await stat(path(name)).catch(ignoreMissing))?.size,
    read: (name, from, to) => bytesOf(path(name), from, to),
    list: () => walk(root, ''),
    remove: (name) => rm(path(name), { force: true }),
  };
}

function draftOf(handle: FileHandle, part: string, path: string): Draft {
  return {
    async write(bytes) {
      for (let done = 0; done < bytes.length; ) {
        done += (await handle.write(bytes, done)).bytesWritten;
      }
    },
    async commit() {
      await handle.sync();
      await handle.close();
      await rename(part, path);
      await syncFolder(dirname(path));
    },
    async abandon() {
      await handle.close();
      await rm(part, { force: true });
    },
  };
}

async function* bytesOf(path: string, from = 0, to = Number.POSITIVE_INFINITY): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    for (let at = from; at < to; ) {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(Math.min(CHUNK_BYTES, to - at)), 0, null, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function* walk(root: string, folder: string): AsyncGenerator<string> {
  const entries = (await readdir(join(root, folder), { withFileTypes: true }).catch(ignoreMissing)) ?? [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(root, name);
    else if (!name.endsWith(DRAFT_SUFFIX)) yield name;
  }
}

/** The names of new folders are durable when the folders that hold them are synced. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o750 });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
