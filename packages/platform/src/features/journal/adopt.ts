import { Failure } from '@acervo/kernel/failure.ts';
import { checkpointText, isWitnessed } from '@acervo/kernel/journal/checkpoint.ts';
import type { CheckpointFile } from '@acervo/kernel/journal/checkpoint-file.ts';
import { findCheckpoint } from '../../journal/checkpoint.repo.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import { lockWitnessed, witnessedCheckpoints } from '../../journal/proven.repo.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';

/**
 * Keep what witnesses signed, as facts of the journal.
 * @returns names of those who were not known yet
 * @throws {Failure} request/invalid for the checkpoint of another journal, or a signature that is none; access/denied
 */
export async function adopt(db: Db, op: Op, file: CheckpointFile): Promise<string[]> {
  op.allow('administer', op.institution);
  return adoptSigned(db, op, file);
}

/** The same, where the caller knows by whom it was signed. @throws {Failure} request/invalid */
export async function adoptSigned(db: Db, op: Op, file: CheckpointFile): Promise<string[]> {
  const { checkpoint, witnesses } = file;
  const { number, size } = checkpoint;
  const row = await findCheckpoint(db, number);
  if (row === undefined || row.line !== checkpointText(file)) {
    throw new Failure('request/invalid', `checkpoint ${number} of the file is none of this archive`);
  }
  for (const each of witnesses) {
    if (await isWitnessed(checkpoint, each)) continue;
    throw new Failure('request/invalid', `the signature of ${each.name} is not of this checkpoint`);
  }
  return db.transaction(async (sql) => {
    await lockWitnessed(sql);
    const known = (await witnessedCheckpoints(sql)).filter((each) => each.number === number).map(({ key }) => key);
    const added = witnesses.filter(({ key }) => !known.includes(key));
    const events = added.map(({ name, key, at, signature }) =>
      envelopeOf(op, 'checkpoint.witnessed', { institution: '' }, { number, size, name, key, at, signature }),
    );
    await insertEvents(sql, events);
    return added.map(({ name }) => name);
  });
}
