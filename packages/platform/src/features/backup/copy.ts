import { createHash, type Hash } from 'node:crypto';
import { Failure } from '@acervo/kernel/failure.ts';
import { readRange } from '../../holdings/pack/scan.ts';
import type { BlobReader } from '../../ports/blob-store.ts';
import type { Planned } from './coverage.ts';
import type { BackupFile } from './manifest.ts';
import type { BackupTarget } from './progress-record.ts';

/**
 * What became of a file: kept as it was, made longer, copied whole, or copied whole because what an earlier backup
 * had left there was damaged.
 */
export type Copied = { file: BackupFile; how: 'kept' | 'extended' | 'copied' | 'repaired'; bytes: number };

export type CopyOptions = {
  /** Compare what is kept with its digest. */
  deep: boolean;
  signal: AbortSignal;
};

/**
 * Bring one file of the backup up to what is planned. The bytes that an earlier manifest names stay as they are.
 * @param known  what an earlier backup, or an interrupted one, has of it
 * @throws {Failure} retrieve/damaged when the archive's own file is; request/cancelled
 */
export async function copyFile(
  planned: Planned,
  known: BackupFile | undefined,
  target: BackupTarget,
  options: CopyOptions,
): Promise<Copied> {
  if (known === undefined) return copyWhole(planned, 'copied', target, options);
  if (known.length === planned.length && !options.deep) {
    const isThere = ((await target.folder.sizeOf(known.path)) ?? 0) >= known.length;
    return isThere ? { file: known, how: 'kept', bytes: 0 } : copyWhole(planned, 'repaired', target, options);
  }
  if (!(await isSound(known, target))) return copyWhole(planned, 'repaired', target, options);
  if (known.length === planned.length) return { file: known, how: 'kept', bytes: 0 };
  return extend(planned, known, target, options);
}

/** Whether the backup still has the bytes that were written. */
async function isSound({ path, length, sha256 }: BackupFile, { folder }: BackupTarget): Promise<boolean> {
  if (((await folder.sizeOf(path)) ?? 0) < length) return false;
  const hash = createHash('sha256');
  for await (const chunk of folder.read(path, 0, length)) hash.update(chunk);
  return hash.digest('hex') === sha256;
}

async function copyWhole(
  planned: Planned,
  how: 'copied' | 'repaired',
  { folder }: BackupTarget,
  { signal }: CopyOptions,
): Promise<Copied> {
  const hash = createHash('sha256');
  const bytes = await reading(planned, (reader) =>
    folder.put(planned.path, hashed(reader, 0, planned.length, hash, signal)),
  );
  return { file: fileOf(planned, hash), how, bytes };
}

/** Only what is new is written. What is there must be the beginning of what the archive has now. */
async function extend(
  planned: Planned,
  known: BackupFile,
  { blobs }: BackupTarget,
  { signal }: CopyOptions,
): Promise<Copied> {
  const hash = createHash('sha256');
  await reading(planned, async (reader) => {
    for await (const _ of hashed(reader, 0, known.length, hash, signal));
    if (hash.copy().digest('hex') !== known.sha256) {
      throw new Failure('retrieve/damaged', `its first ${known.length} bytes differ from those that were backed up`);
    }
    const writer = await blobs.append(planned.path);
    try {
      // An interrupted backup may have left something behind them.
      await writer.truncate(known.length);
      let at = known.length;
      for await (const chunk of hashed(reader, at, planned.length - at, hash, signal)) {
        await writer.write([chunk], at);
        at += chunk.length;
      }
      await writer.datasync();
    } finally {
      await writer.close();
    }
  });
  return { file: fileOf(planned, hash), how: 'extended', bytes: planned.length - known.length };
}

const fileOf = ({ path, length, chain }: Planned, hash: Hash): BackupFile => ({
  path,
  length,
  sha256: hash.digest('hex'),
  chain,
});

async function reading<T>({ from, name }: Planned, work: (reader: BlobReader) => Promise<T>): Promise<T> {
  const reader = await from.open(name);
  try {
    return await work(reader);
  } finally {
    await reader.close();
  }
}

async function* hashed(
  reader: BlobReader,
  at: number,
  length: number,
  hash: Hash,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of readRange(reader, at, length)) {
    if (signal.aborted) throw new Failure('request/cancelled', 'ended early; run it again to go on');
    hash.update(chunk);
    yield chunk;
  }
}
