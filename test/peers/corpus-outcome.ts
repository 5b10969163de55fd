import assert from 'node:assert/strict';
import { FAILURES, type FailureCode } from '@acervo/kernel/failure.ts';
import type { ArchiveProcess } from '../harness/archive-process.ts';
import { type CorpusFile, type CorpusObject, headOf, objectOf } from '../harness/corpus.ts';
import { type PackContents, packContents } from '../harness/packs.ts';
import { dataSetOfFile, sha256, storedFile } from '../harness/retrieved.ts';
import { REENCODED, REFUSED } from './corpus-expectations.ts';

/** Files that an archive said it had stored, each in an institution of its own. */
export type Delivered = { file: CorpusFile; institution: string };

export const isRefused = ({ path }: CorpusFile): boolean => path in REFUSED;

/** An institution for the n-th file that comes by a door. */
export const institutionOf = (door: string, index: number): string => `${door}${String(index).padStart(4, '0')}`;

/** Every file comes back with its data set as it was; files with a sound head as whole. */
export async function assertReturned(
  archive: ArchiveProcess,
  delivered: readonly Delivered[],
  form: 'whole-files' | 'data-sets',
): Promise<void> {
  for (const { file, institution } of delivered) {
    const object = objectOf(file);
    const found = await storedFile(archive.http, object, institution);
    assert.ok(found, `${file.path} is not there`);
    assert.equal(sha256(dataSetOfFile(found)), sha256(object.dataSet), `${file.path}: another data set`);
    assert.equal(headOf(found).transferSyntaxUid, object.transferSyntaxUid, file.path);
    if (form === 'whole-files' && isHeadSound(file))
      assert.equal(sha256(found), sha256(file.bytes), `${file.path}: another file head`);
  }
}

/** A head that has everything and names the instance that follows is kept to the byte. */
function isHeadSound(file: CorpusFile): boolean {
  const { sopClassUid, sopInstanceUid } = objectOf(file);
  const { complete, mediaStorageSopClassUid, mediaStorageSopInstanceUid } = headOf(file.bytes);
  return complete && mediaStorageSopClassUid === sopClassUid && mediaStorageSopInstanceUid === sopInstanceUid;
}

/** The server ended well, never failed inwardly, and its packs hold nothing but what was acknowledged. */
export async function assertSoundEnd(archive: ArchiveProcess, dataDir: string): Promise<PackContents> {
  assert.equal(await archive.stop(), 0, 'exit code');
  assert.deepEqual(
    archive
      .logText()
      .split('\n')
      .filter((line) => /"level":"(error|fatal)"|"internal"/.test(line)),
    [],
  );
  const contents = await packContents(dataDir);
  assert.deepEqual(contents.loose, []);
  return contents;
}

/** How often the log says which refusal. */
export function refusalsLogged(archive: ArchiveProcess): Map<string, number> {
  const lines = archive
    .logText()
    .split('\n')
    .filter((line) => line.includes('"instance.refused"'));
  return countBy(lines.map((line) => (JSON.parse(line) as { code: string }).code));
}

export function countBy(names: readonly string[]): Map<string, number> {
  return new Map([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]));
}

export const statusOf = (code: FailureCode): number => FAILURES[code].dimse;

/** A file that was answered with success or with the warning that it is a further version. */
export type Answered = { file: CorpusFile; isVersion: boolean };

/**
 * Files of one institution, in which UIDs clash on purpose: of each UID the first content is kept, and every other
 * content too, as a further version. What was answered without a warning is kept already, to the byte or, when only
 * its encoding differs (REENCODED), by content.
 */
export function assertVersions(
  contents: PackContents,
  institution: string,
  answered: readonly Answered[],
): { instances: number; versions: number; again: number } {
  const members = contents.members.filter(({ from }) => from.institution === institution);
  const held = Map.groupBy(members, ({ study, series, sop }) => `${study} ${series} ${sop}`);
  const sent = Map.groupBy(answered, ({ file }) => uidsOf(objectOf(file)));
  const reencoded: string[] = [];
  let versions = 0;
  for (const [uids, files] of sent) {
    const kept = (held.get(uids) ?? []).map(({ sha256: digest, transferSyntax }) => `${digest} ${transferSyntax}`);
    const paths = files.map(({ file }) => file.path).join(', ');
    assert.equal(new Set(kept).size, kept.length, `kept twice: ${paths}`);
    const warned = files.filter(({ isVersion }) => isVersion).length;
    assert.equal(kept.length, 1 + warned, paths);
    reencoded.push(
      ...files.filter(({ file }) => !kept.includes(contentOf(objectOf(file)))).map(({ file }) => file.path),
    );
    versions += warned;
  }
  const pairs = reencoded.map((path) => REENCODED.findIndex((pair) => pair.includes(path)));
  assert.deepEqual(
    pairs.toSorted((a, b) => a - b),
    [...REENCODED.keys()],
    reencoded.join('\n'),
  );
  assert.equal(members.length, sent.size + versions);
  return { instances: sent.size, versions, again: answered.length - members.length };
}

const uidsOf = ({ studyUid, seriesUid, sopInstanceUid }: CorpusObject): string =>
  `${studyUid} ${seriesUid} ${sopInstanceUid}`;
const contentOf = ({ dataSet, transferSyntaxUid }: CorpusObject): string => `${sha256(dataSet)} ${transferSyntaxUid}`;
