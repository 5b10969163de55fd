import { link, mkdir, open, readdir, readFile, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { newId } from '@acervo/kernel/id.ts';
import type { SealedFiles } from '../../ports/silent.ts';
import { refuseFull } from './blob-store.ts';

/** Files that only the archive's own user may read, below one folder: `FOLDER/NAME`. */
export function sealedFiles(root: string): SealedFiles {
  const path = (name: string): string => join(root, name);
  return {
    read: (name) => readFile(path(name)).catch(unlessAbsent(undefined)),
    create: (name, bytes) =>
      drafted(root, path(name), bytes, async (draft) => {
        const isNew = await link(draft, path(name)).then(
          () => true,
          (thrown: unknown) => (codeOf(thrown) === 'EEXIST' ? false : refuseFull(thrown)),
        );
        await unlink(draft);
        return isNew;
      }),
    replace: (name, bytes) => drafted(root, path(name), bytes, (draft) => rename(draft, path(name))),
    folders: async () => {
      const entries = await readdir(root, { withFileTypes: true }).catch(unlessAbsent([]));
      return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    },
    removeFolder: (name) => rm(path(name), { recursive: true, force: true }),
  };
}

/** Writes a draft beside `path`, lets `publish` give it its name, and makes that durable. */
async function drafted<T>(
  root: string,
  path: string,
  bytes: Uint8Array,
  publish: (draft: string) => Promise<T>,
): Promise<T> {
  const folder = dirname(path);
  const made = await mkdir(folder, { recursive: true, mode: 0o700 }).catch(refuseFull);
  if (made !== undefined) await syncFolder(root);
  const draft = `${path}.${newId()}.part`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    const published = await publish(draft);
    await syncFolder(folder);
    return published;
  } catch (thrown) {
    await rm(draft, { force: true });
    return refuseFull(thrown);
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

const codeOf = (thrown: unknown): unknown => (thrown instanceof Error && 'code' in thrown ? thrown.code : undefined);

const unlessAbsent =
  <T>(instead: T) =>
  (thrown: unknown): T => {
    if (codeOf(thrown) === 'ENOENT') return instead;
    throw thrown;
  };
