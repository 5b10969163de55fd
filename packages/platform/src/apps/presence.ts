import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '@acervo/kernel/id.ts';
import { writerLiveness } from '../adapters/fs/liveness.ts';
import { exclusively } from '../adapters/postgres/exclusive.ts';
import { ensurePrivateDirectory, runDirectory } from '../adapters/postgres/run-directory.ts';

/** One of the processes that use a data directory, seen by the others until `leave`. */
export type Presence = {
  /** This process's name as a writer of segments. */
  writer: string;
  /** The data directory's name: who repairs its open segments. */
  node: string;
  isAlive(writer: string): Promise<boolean>;
  /** How many other processes use the directory now. */
  others(): Promise<number>;
  leave(): Promise<void>;
};

const LOCK = 'opening';
/** Repairing after a crash may read some gigabytes. */
const LOCK_MS_MAX = 1_800_000;

/**
 * Come in, one process at a time: two that repaired the same segment at once would each seal it. What `begin`
 * does is finished before the next one comes in.
 */
export async function enter<T>(
  dataDir: string,
  begin: (presence: Presence) => Promise<T>,
): Promise<{ presence: Presence; begun: T }> {
  const directory = runDirectory(dataDir);
  ensurePrivateDirectory(directory, [process.getuid?.() ?? 0]);
  return exclusively(directory, LOCK, LOCK_MS_MAX, async () => {
    const writer = newId();
    const liveness = writerLiveness(directory);
    const node = await nodeOf(dataDir);
    const announced = await liveness.announce(writer);
    const presence: Presence = {
      writer,
      node,
      isAlive: liveness.isAlive,
      others: () => liveness.others(writer),
      leave: announced.stop,
    };
    try {
      return { presence, begun: await begin(presence) };
    } catch (thrown) {
      await announced.stop();
      throw thrown;
    }
  });
}

/** Made once, kept in the directory. */
async function nodeOf(dataDir: string): Promise<string> {
  const path = join(dataDir, 'node');
  const known = await readFile(path, 'utf8').catch(() => '');
  if (/^[0-9a-f-]{36}\s*$/.test(known)) return known.trim();
  const node = newId();
  await writeFile(`${path}.${node}`, `${node}\n`, { mode: 0o640, flush: true });
  await rename(`${path}.${node}`, path);
  return node;
}
