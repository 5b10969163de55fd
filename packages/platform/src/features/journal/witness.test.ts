import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { hexOf } from '@acervo/kernel/bytes.ts';
import { isWitnessed } from '@acervo/kernel/journal/checkpoint.ts';
import { type CheckpointFile, checkpointFile } from '@acervo/kernel/journal/checkpoint-file.ts';
import { keyChangeOf } from '@acervo/kernel/journal/key-change.ts';
import { consistencyRanges, leafOf, rootsOfRanges } from '@acervo/kernel/journal/merkle.ts';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { signedBy, TestJournal, type TestKey, testKey } from '@acervo/verifier/journal.fixture.ts';
import { sha256 } from '../../journal/segments.ts';
import type { Signer } from '../../ports/journal-keys.ts';
import { NOTHING_SEEN, readWitnessState, type WitnessState, witness } from './witness.ts';

const WITNESS = testKey();
const signer: Signer = { key: WITNESS.key, sign: (what, value) => signedBy(WITNESS, what, value) };
const AT = '2026-01-02T04:00:00.000Z';

const journalOf = (key: TestKey): TestJournal => new TestJournal(join(temporaryDirectory(), 'journal'), key);

/** The newest checkpoint as it leaves the archive, with proofs from these sizes. */
async function fileOf(journal: TestJournal, sizes: readonly number[], by = journal.key): Promise<CheckpointFile> {
  const checkpoint = journal.checkpoint();
  const proofs = await Promise.all(
    sizes.map(async (size) => {
      const leaves = async function* (): AsyncGenerator<Uint8Array> {
        for (const { hash } of journal.lines) yield leafOf(sha256, hash);
      };
      const path = await rootsOfRanges(sha256, consistencyRanges(size, checkpoint.size), leaves());
      return { size, path: path.map(hexOf) };
    }),
  );
  const keys = journal.lines.flatMap(({ event }) => keyChangeOf(event) ?? []);
  return checkpointFile({ checkpoint, signature: signedBy(by, 'checkpoint', checkpoint), witnesses: [], keys, proofs });
}

const sign = (file: CheckpointFile, state: WitnessState, trusted?: string) =>
  witness(file, state, { signer, name: 'ISSSTE', trusted, at: AT });

async function signed(file: CheckpointFile, state: WitnessState, trusted?: string): Promise<WitnessState> {
  const outcome = await sign(file, state, trusted);
  if ('refused' in outcome) assert.fail(outcome.refused);
  const by = outcome.file.witnesses.find(({ key }) => key === WITNESS.key);
  assert.ok(by !== undefined && (await isWitnessed(file.checkpoint, by)));
  return readWitnessState(JSON.stringify(outcome.state)) ?? assert.fail('its state is read again');
}

async function refused(file: CheckpointFile, state: WitnessState, why: RegExp, trusted?: string): Promise<void> {
  const outcome = await sign(file, state, trusted);
  assert.ok('refused' in outcome && why.test(outcome.refused), JSON.stringify(outcome));
}

test('a journal that grows is witnessed, the same once more too; one that was set back or altered is not', async () => {
  const key = testKey();
  const [journal, older] = [journalOf(key), journalOf(key)];
  for (const each of [journal, older]) each.events(7);
  const first = await fileOf(journal, []);
  const early = await fileOf(older, []);
  let state = await signed(first, NOTHING_SEEN);
  state = await signed(first, state);
  journal.events(20);
  const second = await fileOf(journal, [7]);
  await refused({ ...second, proofs: [] }, state, /--since 7$/);
  await refused({ ...second, proofs: [{ size: 7, path: [] }] }, state, /altered/);
  state = await signed(second, state);
  await refused(early, state, /set back/);

  // Another past of the same archive, signed by its own key: it cannot prove that it contains what was seen.
  const fork = journalOf(key);
  fork.events(5);
  fork.checkpoint();
  fork.event('query.executed', { count: 99 });
  fork.events(30);
  await refused(await fileOf(fork, [27]), state, /altered/);
  const sameSize = journalOf(key);
  sameSize.event('query.executed', { count: 98 });
  sameSize.events(26);
  sameSize.checkpoint();
  await refused(await fileOf(sameSize, []), state, /altered/);
});

test('another key is believed when the old one says so, or when the witness was told it', async () => {
  const [key, next, stranger] = [testKey(), testKey(), testKey()];
  const journal = journalOf(key);
  journal.events(3);
  const state = await signed(await fileOf(journal, []), NOTHING_SEEN, key.key);
  await refused(await fileOf(journal, []), NOTHING_SEEN, /not by/, stranger.key);
  journal.rotate(next);
  journal.events(3);
  const rotated = await fileOf(journal, [3]);
  await refused({ ...rotated, keys: [] }, state, /nothing of/);
  const after = await signed(rotated, state);
  journal.replace(stranger);
  const replaced = await fileOf(journal, [rotated.checkpoint.size]);
  await refused(replaced, after, /nothing of/);
  await signed(replaced, after, stranger.key);
});

test('what is no state of a witness is not taken for an empty one', () => {
  for (const text of ['', '{}', '[]', 'null', '{"v":1}', '{"v":2,"archives":{}}']) {
    assert.equal(readWitnessState(text), undefined, text);
  }
});
