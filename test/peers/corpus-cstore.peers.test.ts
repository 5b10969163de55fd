import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { needsShared } from '@acervo/testkit/shared.ts';
import { type ArchiveProcess, scratch, startArchive } from '../harness/archive-process.ts';
import { announcedOf, type CorpusFile, corpusFiles } from '../harness/corpus.ts';
import { associate } from '../harness/sender.ts';
import { FILES, REFUSED } from './corpus-expectations.ts';
import {
  type Answered,
  assertReturned,
  assertSoundEnd,
  assertVersions,
  type Delivered,
  institutionOf,
  isRefused,
  statusOf,
} from './corpus-outcome.ts';

const STORED_WITH_WARNING = 0xb000;

/** @returns the status of C-STORE, or why there was none. */
async function send(archive: ArchiveProcess, file: CorpusFile, callingAet: string): Promise<number | string> {
  const object = announcedOf(file);
  if (object === undefined) return 'cannot-be-sent';
  const association = await associate(archive, [object], callingAet);
  try {
    return (await association.store(object)).status;
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === 'dimse/no-context') return 'no-context';
    throw thrown;
  } finally {
    await association.release();
  }
}

test('every file of the corpus is received by C-STORE and kept verbatim, or refused for a reason', async (t) => {
  if (!needsShared(t)) return;
  const folder = scratch(t, 'corpus-cstore');
  const systems = Array.from({ length: FILES }, (_, index) => ({
    aeTitle: institutionOf('C', index),
    institution: institutionOf('C', index),
  }));
  const accessFile = join(folder, 'access.json');
  writeFileSync(accessFile, JSON.stringify({ systems }));
  const dataDir = join(folder, 'data');
  const archive = await startArchive(t, dataDir, { ACERVO_ACCESS_FILE: accessFile, ACERVO_INSTITUTION: 'ALL' });

  const delivered: Delivered[] = [];
  const together: Answered[] = [];
  let refused = 0;
  for (const [index, file] of [...corpusFiles()].entries()) {
    const institution = institutionOf('C', index);
    const refusal = REFUSED[file.path]?.dataSet;
    const isStatus = refusal !== undefined && refusal !== 'no-context' && refusal !== 'cannot-be-sent';
    const expected = isStatus ? statusOf(refusal) : (refusal ?? 0x0000);
    assert.equal(await send(archive, file, institution), expected, file.path);
    if (isRefused(file)) {
      refused += 1;
      continue;
    }
    delivered.push({ file, institution });
    const status = await send(archive, file, 'EVERYTHING');
    assert.ok(status === 0x0000 || status === STORED_WITH_WARNING, `${file.path}: ${status}`);
    together.push({ file, isVersion: status === STORED_WITH_WARNING });
  }
  assert.equal(delivered.length + refused, FILES);

  await assertReturned(archive, delivered, 'data-sets');
  const contents = await assertSoundEnd(archive, dataDir);
  const { instances, versions, again } = assertVersions(contents, 'ALL', together);
  assert.equal(contents.members.length, delivered.length + instances + versions);
  t.diagnostic(
    `${delivered.length} stored and returned, ${refused} refused; ` +
      `in one institution ${instances} instances, ${versions} further versions, ${again} the same again`,
  );
});
