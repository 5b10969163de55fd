import { createHash } from 'node:crypto';
import { Failure } from '@acervo/kernel/failure.ts';
import type { StagingFolder } from '../../ports/staging-folder.ts';
import type { TargetFolder } from '../../ports/target-folder.ts';
import { type BackupFile, type Damage, MANIFEST, type Manifest, readManifest } from './manifest.ts';

export type RestoreTarget = { packs: StagingFolder; journal: StagingFolder; models: StagingFolder };

/**
 * What a folder holds a backup of.
 * @throws {Failure} request/invalid when there is no whole backup in it
 */
export async function openBackup(backup: TargetFolder): Promise<Manifest> {
  const manifest = await readManifest(backup);
  if (manifest !== undefined) return manifest;
  throw new Failure('request/invalid', `there is no ${MANIFEST}: the folder holds no whole backup`);
}

/**
 * Copy packs, journal and models, each file compared with its digest. They are given their names by the caller, when
 * nothing is damaged: until then no process can take them for an archive.
 * @param done  told after each file how many bytes are done
 * @returns every file that is damaged; when there is one, nothing stays
 * @throws {Failure} request/cancelled
 */
export async function stageFiles(
  backup: TargetFolder,
  { files }: Manifest,
  into: RestoreTarget,
  signal: AbortSignal,
  done: (bytes: number) => void,
): Promise<Damage[]> {
  const damaged: Damage[] = [];
  let bytes = 0;
  try {
    for (const file of files) {
      const reason = await stageFile(backup, file, into, signal);
      if (reason !== undefined) damaged.push({ path: file.path, reason });
      bytes += file.length;
      done(bytes);
    }
  } catch (thrown) {
    await clear(into);
    throw thrown;
  }
  if (damaged.length > 0) await clear(into);
  return damaged;
}

async function clear({ packs, journal, models }: RestoreTarget): Promise<void> {
  await packs.clear();
  await journal.clear();
  await models.clear();
}

function folderOf(path: string, { packs, journal, models }: RestoreTarget): StagingFolder {
  if (path.startsWith('packs/')) return packs;
  return path.startsWith('models/') ? models : journal;
}

/** @returns what is wrong with the file in the backup */
async function stageFile(
  backup: TargetFolder,
  { path, length, sha256 }: BackupFile,
  into: RestoreTarget,
  signal: AbortSignal,
): Promise<string | undefined> {
  const size = await backup.sizeOf(path);
  if (size === undefined) return 'is missing';
  if (size < length) return `has ${size} of ${length} bytes`;
  const hash = createHash('sha256');
  const hashed = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of backup.read(path, 0, length)) {
      if (signal.aborted) throw new Failure('request/cancelled', 'ended early: nothing was restored');
      hash.update(chunk);
      yield chunk;
    }
  };
  const at = path.indexOf('/') + 1;
  await folderOf(path, into).stage(path.slice(at), hashed());
  return hash.digest('hex') === sha256 ? undefined : 'differs from its digest';
}
