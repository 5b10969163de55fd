import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Storage } from '@acervo/interop/console/answers.ts';
import { staticFiles } from '../adapters/fs/static-files.ts';
import type { Activity } from '../features/status/index.ts';
import type { Archive } from './archive.ts';
import { type Config, packsDirectory } from './config.ts';
import type { Surroundings } from './features.ts';

/** Where `npm run page` puts the built page. */
const PAGE_FOLDER = join(import.meta.dirname, '../../../web/dist');
const MIB = 2 ** 20;

/** What the console's features see of the process that they run in, and the folders that they serve. */
export function surroundingsOf(
  config: Config,
  archive: Archive,
  activity: Activity,
): Pick<Surroundings, 'status' | 'page' | 'viewer'> {
  return {
    status: { activity, associationsMax: config.associationsMax, disk: () => diskOf(config, archive) },
    page: staticFiles(PAGE_FOLDER),
    viewer: staticFiles(config.ohifDir),
  };
}

async function diskOf(config: Config, { holdings }: Archive): Promise<Storage['disk']> {
  const { bavail, blocks, bsize } = await statfs(packsDirectory(config));
  return {
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    freeBytesMin: config.diskFreeMinMib * MIB,
    takesObjects: takesObjects(holdings),
  };
}

function takesObjects({ store }: Archive['holdings']): boolean {
  try {
    store.checkGate();
    return true;
  } catch {
    return false; // It throws only to say so.
  }
}
