import { realpath } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { type Config, packsDirectory, silentDirectory } from './config.ts';

/**
 * A backup lies elsewhere than what it is a backup of, and neither within the other.
 * @throws {Failure} request/invalid
 */
export async function refuseOwnFolder(folder: string, config: Config): Promise<void> {
  const packs = packsDirectory(config);
  const mine = await realpathOf(folder);
  const beside = ['journal', 'models'].map((name) => join(dirname(packs), name));
  for (const own of [config.dataDir, packs, ...beside, silentDirectory(config)]) {
    const path = await realpathOf(own);
    if (isWithin(mine, path) || isWithin(path, mine)) {
      throw new Failure('request/invalid', `${folder} and ${own} lie within each other: take another folder`);
    }
  }
}

const isWithin = (path: string, folder: string): boolean => !/^\.\.(\/|$)/.test(relative(folder, path));

/** Links followed, also where the last folders do not exist yet. */
async function realpathOf(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    return await realpath(absolute);
  } catch (thrown) {
    const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    if (!isMissing || absolute === dirname(absolute)) throw thrown;
    return join(await realpathOf(dirname(absolute)), absolute.slice(dirname(absolute).length));
  }
}
