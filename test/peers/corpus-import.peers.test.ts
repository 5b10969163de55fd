import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsShared, sharedPath } from '@acervo/testkit/shared.ts';
import { runAcervo, scratch, startArchive } from '../harness/archive-process.ts';
import { type CorpusFile, corpusFiles, objectOf } from '../harness/corpus.ts';
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
} from './corpus-outcome.ts';

/** One line that `acervo import --json` writes for a file. */
type Imported = { name: string; outcome: string; reason?: string; code?: string };

const STORED: readonly string[] = ['stored', 'resent', 'version'];
/** Exit codes of `acervo import`. */
const ALL_DONE = 0;
const PARTLY_DONE = 4;

/** Run the command; every line but the last one tells of a file. */
async function importPaths(
  dataDir: string,
  institution: string,
  paths: readonly string[],
  code: number,
): Promise<Imported[]> {
  const run = await runAcervo(dataDir, ['import', ...paths, '--institution', institution, '--json']);
  assert.equal(run.code, code, run.err.slice(-2000));
  const lines = run.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Imported | { summary: object });
  return lines.filter((line) => 'outcome' in line);
}

/** Files parted so that no two of a part have the same UIDs: each file is the only one of its name where it goes. */
function parted(files: readonly CorpusFile[]): CorpusFile[][] {
  const parts: CorpusFile[][] = [];
  const namesakes = Map.groupBy(files, (file) => {
    const { studyUid, seriesUid, sopInstanceUid } = objectOf(file);
    return `${studyUid} ${seriesUid} ${sopInstanceUid}`;
  });
  for (const same of namesakes.values()) {
    for (const [index, file] of same.entries()) {
      parts[index] ??= [];
      parts[index].push(file);
    }
  }
  return parts;
}

test('every file of the corpus is imported and kept as it was, or skipped for a reason', async (t) => {
  if (!needsShared(t)) return;
  const dataDir = join(scratch(t, 'corpus-import'), 'data');
  const archive = await startArchive(t, dataDir);
  const files = [...corpusFiles()];
  const good = files.filter((file) => !isRefused(file));
  assert.equal(files.length, FILES);

  const delivered: Delivered[] = [];
  for (const [index, part] of parted(good).entries()) {
    const institution = institutionOf('I', index);
    const told = await importPaths(
      dataDir,
      institution,
      part.map(({ path }) => sharedPath('corpus', path)),
      ALL_DONE,
    );
    assert.deepEqual(countBy(told.map(({ outcome }) => outcome)), new Map([['stored', part.length]]));
    delivered.push(...part.map((file) => ({ file, institution })));
  }

  const folder = realpathSync(sharedPath('corpus'));
  const told = await importPaths(dataDir, 'ALL', [folder], PARTLY_DONE);
  const byPath = new Map(told.map((line) => [line.name.slice(folder.length + 1), line]));
  for (const [path, { file: code, dataSet }] of Object.entries(REFUSED)) {
    const line = byPath.get(path);
    // A DICOMDIR is known for one, and followed.
    if (dataSet === 'no-context') assert.equal(line?.outcome, 'directory', path);
    else assert.deepEqual([line?.outcome, line?.code], ['skipped', code], path);
  }
  const together: Answered[] = good.map((file) => {
    const outcome = byPath.get(file.path)?.outcome ?? 'not named';
    assert.ok(STORED.includes(outcome), `${file.path}: ${outcome}`);
    return { file, isVersion: outcome === 'version' };
  });

  await assertReturned(archive, delivered, 'whole-files');
  const contents = await assertSoundEnd(archive, dataDir);
  const { instances, versions, again } = assertVersions(contents, 'ALL', together);
  assert.equal(contents.members.length, delivered.length + instances + versions);
  t.diagnostic(
    `${delivered.length} stored and returned, ${FILES - delivered.length} skipped; ` +
      `in one institution ${instances} instances, ${versions} further versions, ${again} the same again`,
  );
});
