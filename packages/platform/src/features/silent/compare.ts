import { Failure } from '@acervo/kernel/failure.ts';
import { BLOCK, CELL_MIN, type Compared, type Counts, countSaid, disclosed } from '@acervo/model/silent/compare.ts';
import type { Said } from '@acervo/model/silent/said.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { countSilent, packageNamed, silentAfter } from './silent.repo.ts';
import { RECORDS_MAX, type SilentStore } from './store.ts';

/** @property store  undefined where it could not be opened */
export type SilentPorts = { db: Db; store: SilentStore | undefined };

/** A version of a model over many studies of an institution; of none of them anything. */
export type Comparison = {
  institution: string;
  model: string;
  version: string;
  package: string;
  /** Studies that are counted here, whole blocks of them. */
  studies: number;
  block: number;
  cellMin: number;
  /** Of these, records that the key does not open. */
  unreadable: number;
  outputs: Compared[];
};

const PAGE_ROWS = 1_000;

/**
 * What a silent version says of an institution's studies, in counts. That somebody looked is an event of the journal
 * before there is an answer.
 * @throws {Failure} access/denied, request/not-found, model/no-silent-store
 */
export async function compareSilent(
  { db, store }: SilentPorts,
  op: Op,
  { institution, model, version }: Pick<Comparison, 'institution' | 'model' | 'version'>,
): Promise<Comparison> {
  op.allow('compare-silent', institution);
  const digest = await packageNamed(db, model, version);
  if (digest === undefined) throw new Failure('request/not-found', 'no such version of a model');
  if (store === undefined) throw new Failure('model/no-silent-store', 'the silent store is not open');
  const of = { package: digest, institution };
  const held = await countSilent(store.sql, of, RECORDS_MAX + BLOCK);
  const studies = held - (held % BLOCK);
  const { counts, unreadable } = await counted(store, of, studies, op.signal);
  const facts = { model, version, package: digest, studies };
  await insertEvents(db, [envelopeOf(op, 'ai-silent.compared', { institution }, facts)]);
  const outputs = disclosed(counts);
  return {
    institution,
    model,
    version,
    package: digest,
    studies,
    block: BLOCK,
    cellMin: CELL_MIN,
    unreadable,
    outputs,
  };
}

async function counted(
  { sql, seal }: SilentStore,
  of: { package: string; institution: string },
  studies: number,
  signal: AbortSignal,
): Promise<{ counts: Counts; unreadable: number }> {
  const counts: Counts = new Map();
  let [unreadable, after] = [0, 0];
  for (let left = studies; left > 0; ) {
    signal.throwIfAborted();
    const rows = await silentAfter(sql, of, { after, limit: Math.min(left, PAGE_ROWS) });
    if (rows.length === 0) break;
    for (const row of rows) {
      const plain = seal.open('said', row, row.sealed);
      if (plain === undefined) unreadable += 1;
      else countSaid(counts, JSON.parse(Buffer.from(plain).toString()) as Said[]);
    }
    after = rows.at(-1)?.seq ?? after;
    left -= rows.length;
  }
  return { counts, unreadable };
}
