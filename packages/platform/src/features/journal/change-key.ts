import { Failure } from '@acervo/kernel/failure.ts';
import { KEY_REPLACED, KEY_ROTATED, type KeyChange, keyStatement } from '@acervo/kernel/journal/key-change.ts';
import { keyChanges, lastCheckpoint, signedOf } from '../../journal/checkpoint.repo.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents, lastSeal } from '../../journal/journal.repo.ts';
import { newestCheckpoint } from '../../journal/newest-checkpoint.ts';
import type { JournalKeys, Signer } from '../../ports/journal-keys.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';

/** What others must know to check the journal. `changes`: how the key came to be the present one. */
export type PublicKey = { archive: string; key: string; changes: readonly KeyChange[] };

/** @param archive  name of the journal where nothing is signed yet */
export async function publicKey(sql: Sql, keys: JournalKeys, archive: string): Promise<PublicKey> {
  const row = await lastCheckpoint(sql);
  const checkpoint = row && signedOf(row).checkpoint;
  const changes = await keyChanges(sql, (await lastSeal(sql)).seq);
  const key = changes.at(-1)?.key ?? checkpoint?.key ?? keys.signers()[0].key;
  return { archive: checkpoint?.archive ?? archive, key, changes };
}

type Ports = { db: Db; keys: JournalKeys };

/**
 * From the number of this event on another key signs the journal; the present one says so, and may be destroyed then.
 * @throws {Failure} config/invalid when the present key is not here; request/invalid, access/denied
 */
export async function rotateKey({ db, keys }: Ports, op: Op, next: Signer): Promise<KeyChange> {
  op.allow('administer', op.institution);
  const { statement, previous } = await changeTo(db, next);
  const present = keys.signers().find(({ key }) => key === previous);
  if (present === undefined) throw new Failure('config/invalid', `the present key, ${previous}, is not here`);
  const change = { ...statement, signature: present.sign('key', keyStatement(statement)) };
  await insertEvents(db, [envelopeOf(op, KEY_ROTATED, { institution: '' }, change)]);
  return change;
}

/**
 * The same after the present key is lost: nobody can say so but the operator, and whoever verifies must be told the
 * new key by another way.
 * @throws {Failure} request/invalid, access/denied
 */
export async function replaceKey({ db }: Ports, op: Op, next: Signer, reason: string): Promise<KeyChange> {
  op.allow('administer', op.institution);
  const { statement } = await changeTo(db, next);
  const change = { ...statement, signature: '' };
  const facts = { ...change, reason };
  await insertEvents(db, [envelopeOf(op, KEY_REPLACED, { institution: '', outcome: 'warning' }, facts)]);
  return change;
}

async function changeTo(db: Db, next: Signer): Promise<{ statement: Omit<KeyChange, 'signature'>; previous: string }> {
  const { archive, key: first } = signedOf(await newestCheckpoint(db)).checkpoint;
  const previous = (await keyChanges(db, (await lastSeal(db)).seq)).at(-1)?.key ?? first;
  if (previous === next.key) throw new Failure('request/invalid', `${next.key} signs already`);
  return { statement: { archive, previous, key: next.key }, previous };
}
