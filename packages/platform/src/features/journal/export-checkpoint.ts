import { Failure } from '@acervo/kernel/failure.ts';
import { type CheckpointFile, checkpointFile } from '@acervo/kernel/journal/checkpoint-file.ts';
import { consistencyRanges } from '@acervo/kernel/journal/merkle.ts';
import { type CheckpointRow, keyChanges, lastCheckpoint, signedOf } from '../../journal/checkpoint.repo.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import { type Witnessed, witnessedCheckpoints } from './journal.repo.ts';
import { proofsOf } from './proofs.ts';

/**
 * The newest checkpoint, for others to witness and to keep, with what proves that it contains each one that a witness
 * saw last.
 * @param since  further sizes that somebody wants a proof from
 * @throws {Failure} request/invalid while there is none; access/denied
 */
export async function exportCheckpoint(db: Db, op: Op, since: readonly number[]): Promise<CheckpointFile> {
  op.allow('administer', op.institution);
  return fileOfCheckpoint(db, [...since, ...lastOfEach(await witnessedCheckpoints(db))]);
}

/** The same with proofs from these sizes alone. @throws {Failure} request/invalid while there is none */
export async function fileOfCheckpoint(db: Db, since: readonly number[]): Promise<CheckpointFile> {
  const row = await newestCheckpoint(db);
  const witnessed = await witnessedCheckpoints(db);
  const sizes = [...new Set(since)].filter((size) => size > 0 && size < row.size);
  const ranges = sizes.map((size) => consistencyRanges(size, row.size));
  const paths = await proofsOf(db, row.size, ranges);
  const proofs = sizes.map((size, index) => ({ size, path: paths[index] ?? [] }));
  const witnesses = witnessed
    .filter(({ number }) => number === row.number)
    .map(({ name, key, at, signature }) => ({ name, key, at, signature }));
  return checkpointFile({ ...signedOf(row), witnesses, keys: await keyChanges(db, row.size), proofs });
}

/** @throws {Failure} request/invalid */
export async function newestCheckpoint(sql: Sql): Promise<CheckpointRow> {
  const row = await lastCheckpoint(sql);
  if (row === undefined) throw new Failure('request/invalid', 'there is no checkpoint yet: nothing was recorded');
  return row;
}

/** The size that each witness saw last. */
function lastOfEach(witnessed: readonly Witnessed[]): number[] {
  const last = new Map<string, number>();
  for (const { key, size } of witnessed) last.set(key, Math.max(size, last.get(key) ?? 0));
  return [...last.values()];
}
