import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StagingFolder } from '../../ports/staging-folder.ts';
import { targetFolder } from './target-folder.ts';

/** No segment, no journal file has this ending. */
const STAGED_SUFFIX = '.staged';

export function stagingFolder(root: string): StagingFolder {
  const folder = targetFolder(root);
  const staged = async (): Promise<string[]> => {
    const names = await Array.fromAsync(folder.list());
    return names.filter((name) => name.endsWith(STAGED_SUFFIX));
  };
  return {
    async stage(name, body) {
      await folder.put(`${name}${STAGED_SUFFIX}`, body);
    },
    async publish() {
      const folders = new Set<string>();
      for (const name of await staged()) {
        const path = join(root, name);
        await rename(path, path.slice(0, -STAGED_SUFFIX.length));
        folders.add(dirname(path));
      }
      for (const path of folders) await syncFolder(path);
    },
    async clear() {
      for (const name of await staged()) await rm(join(root, name));
    },
    async isEmpty() {
      for await (const name of folder.list()) if (!name.endsWith(STAGED_SUFFIX)) return false;
      return true;
    },
  };
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}
