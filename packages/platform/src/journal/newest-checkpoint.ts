import { Failure } from '@acervo/kernel/failure.ts';
import { type CheckpointFile, checkpointFile } from '@acervo/kernel/journal/checkpoint-file.ts';
import { consistencyRanges } from '@acervo/kernel/journal/merkle.ts';
import type { JournalKeys, Signer } from '../ports/journal-keys.ts';
import type { Db, Sql } from '../ports/sql.ts';
import { type CheckpointRow, findCheckpoint, keyChanges, lastCheckpoint, signedOf } from './checkpoint.repo.ts';
import { proofsOf } from './proofs.ts';
import { type Witnessed, witnessedCheckpoints } from './proven.repo.ts';

/**
 * The newest checkpoint as a file, with what proves that it contains each one that a witness saw last.
 * @param since  further sizes that somebody wants a proof from
 * @throws {Failure} request/invalid while there is none
 */
export async function newestCheckpointFile(db: Db, since: readonly number[]): Promise<CheckpointFile> {
  return checkpointFileSince(db, [...since, ...lastOfEach(await witnessedCheckpoints(db))]);
}

/** The same with proofs from these sizes alone. @throws {Failure} request/invalid while there is none */
export async function checkpointFileSince(db: Db, since: readonly number[]): Promise<CheckpointFile> {
  const row = await newestCheckpoint(db);
  const witnessed = await witnessedCheckpoints(db);
  const sizes = [...new Set(since)].filter((size) => size > 0 && size < row.size);
  const ranges = sizes.map((size) => consistencyRanges(size, row.size));
  const paths = await proofsOf(db, row.size, ranges);
  const proofs = sizes.map((size, index) => ({ size, path: paths[index] ?? [] }));
  const witnesses = witnessed.filter(({ number }) => number === row.number).map(cosignatureOf);
  return checkpointFile({ ...signedOf(row), witnesses, keys: await keyChanges(db, row.size), proofs });
}

/** @throws {Failure} request/invalid */
export async function newestCheckpoint(sql: Sql): Promise<CheckpointRow> {
  const row = await lastCheckpoint(sql);
  if (row === undefined) throw new Failure('request/invalid', 'there is no checkpoint yet: nothing was recorded');
  return row;
}

/** The last checkpoint that each witness signed; the newest one's proofs are from their sizes. */
export async function witnessedFiles(db: Db): Promise<CheckpointFile[]> {
  const all = await witnessedCheckpoints(db);
  const last = new Map<string, Witnessed>();
  for (const each of all) if (each.size >= (last.get(each.key)?.size ?? 0)) last.set(each.key, each);
  const numbers = [...new Set([...last.values()].map(({ number }) => number))].sort((a, b) => a - b);
  const files = numbers.map(async (number) => {
    const row = await findCheckpoint(db, number);
    if (row === undefined) return undefined;
    const witnesses = all.filter((each) => each.number === number).map(cosignatureOf);
    return checkpointFile({ ...signedOf(row), witnesses, keys: [], proofs: [] });
  });
  return (await Promise.all(files)).filter((file) => file !== undefined);
}

const cosignatureOf = ({ name, key, at, signature }: Witnessed) => ({ name, key, at, signature });

/** The size that each witness saw last. */
function lastOfEach(witnessed: readonly Witnessed[]): number[] {
  const last = new Map<string, number>();
  for (const { key, size } of witnessed) last.set(key, Math.max(size, last.get(key) ?? 0));
  return [...last.values()];
}

/** Who signs as a checkpoint's key. @throws {Failure} config/invalid where that key is not here */
export function signerOf(keys: JournalKeys, key: string): Signer {
  const signer = keys.signers().find((each) => each.key === key);
  if (signer === undefined) throw new Failure('config/invalid', `the key ${key} is not here`);
  return signer;
}
