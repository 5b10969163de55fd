import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsShared } from '@acervo/testkit/shared.ts';
import { scratch, startArchive } from '../harness/archive-process.ts';
import { type CorpusFile, corpusFiles, instanceNamedBy, objectOf } from '../harness/corpus.ts';
import { type StowAnswer, type StowTarget, stow, stowSingle } from '../harness/stow.ts';
import { FILES, REFUSED } from './corpus-expectations.ts';
import {
  type Answered,
  assertReturned,
  assertSoundEnd,
  assertVersions,
  countBy,
  type Delivered,
  institutionOf,
  isRefused,
  refusalsLogged,
  statusOf,
} from './corpus-outcome.ts';

const STORED_WITH_WARNING = 0xb000;
/** Files of one request, those to be refused among them. */
const BATCH_FILES = 24;

/** Exactly one instance stored, without a warning, at the place that its UIDs say. */
function assertStored({ status, stored, failed, others }: StowAnswer, file: CorpusFile, target: StowTarget): void {
  const { studyUid, seriesUid, sopInstanceUid } = objectOf(file);
  const root = `${target.http}/dicom-web/i/${target.institution}/studies`;
  const retrieveUrl = `${root}/${studyUid}/series/${seriesUid}/instances/${sopInstanceUid}`;
  assert.deepEqual(
    { status, stored, failed, others },
    {
      status: 200,
      stored: [{ sopInstanceUid, retrieveUrl }],
      failed: [],
      others: [],
    },
    file.path,
  );
}

/** Nothing stored. A file that names its instance is a Failed SOP (409), any other an Other Failure (400). */
function assertRefused(answer: StowAnswer, file: CorpusFile): void {
  const code = REFUSED[file.path]?.file;
  assert.ok(code);
  const failureReason = statusOf(code);
  const sopInstanceUid = code === 'store/missing-uid' ? instanceNamedBy(file) : undefined;
  const expected =
    sopInstanceUid === undefined
      ? { status: 400, stored: [], failed: [], others: [failureReason] }
      : { status: 409, stored: [], failed: [{ sopInstanceUid, failureReason }], others: [] };
  assert.deepEqual(answer, expected, file.path);
}

test('every file of the corpus is stored by STOW-RS and kept as it was, or refused for a reason', async (t) => {
  if (!needsShared(t)) return;
  const dataDir = join(scratch(t, 'corpus-stow'), 'data');
  const archive = await startArchive(t, dataDir);
  const files = [...corpusFiles()];
  assert.equal(files.length, FILES);

  const delivered: Delivered[] = [];
  for (const [index, file] of files.entries()) {
    const target = { http: archive.http, institution: institutionOf('S', index) };
    const answer = await (index % 2 === 0 ? stow(target, [file.bytes]) : stowSingle(target, file.bytes));
    if (isRefused(file)) {
      assertRefused(answer, file);
      continue;
    }
    assertStored(answer, file, target);
    delivered.push({ file, institution: target.institution });
  }
  const codes = countBy(Object.values(REFUSED).map((refusal) => refusal.file));
  assert.deepEqual(refusalsLogged(archive), codes);

  const together = await storeTogether(archive.http, files);
  await assertReturned(archive, delivered, 'whole-files');
  const contents = await assertSoundEnd(archive, dataDir);
  const { instances, versions, again } = assertVersions(contents, 'ALL', together);
  assert.equal(contents.members.length, delivered.length + instances + versions);
  t.diagnostic(
    `${delivered.length} stored and returned, ${files.length - delivered.length} refused; ` +
      `in one institution ${instances} instances, ${versions} further versions, ${again} the same again`,
  );
});

/** All files to one institution, many in a request. */
async function storeTogether(http: string, files: readonly CorpusFile[]): Promise<Answered[]> {
  const together: Answered[] = [];
  for (let first = 0; first < files.length; first += BATCH_FILES) {
    const batch = files.slice(first, first + BATCH_FILES);
    const { status, stored, failed, others } = await stow(
      { http, institution: 'ALL' },
      batch.map(({ bytes }) => bytes),
    );
    const good = batch.filter((file) => !isRefused(file));
    const isClean = good.length === batch.length && stored.every(({ warningReason }) => warningReason === undefined);
    assert.equal(status, isClean ? 200 : 202, `files ${first} and on`);
    assert.equal(stored.length, good.length);
    assert.equal(failed.length + others.length, batch.length - good.length);
    together.push(...matched(good, stored));
  }
  return together;
}

/** Which file got which result: those of one UID share their results, as their order is not said. */
function matched(good: readonly CorpusFile[], stored: StowAnswer['stored']): Answered[] {
  return [...Map.groupBy(good, (file) => urlEnd(objectOf(file)))].flatMap(([end, files]) => {
    const results = stored.filter(({ retrieveUrl }) => retrieveUrl.endsWith(end));
    assert.equal(results.length, files.length, end);
    return files.map((file, index) => ({ file, isVersion: results[index]?.warningReason === STORED_WITH_WARNING }));
  });
}

const urlEnd = (of: { studyUid: string; seriesUid: string; sopInstanceUid: string }): string =>
  `/studies/${of.studyUid}/series/${of.seriesUid}/instances/${of.sopInstanceUid}`;
