import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { needsShared, sharedPath } from '@acervo/testkit/shared.ts';
import { type ArchiveProcess, runAcervo, scratch, startArchive } from '../harness/archive-process.ts';
import { type CorpusObject, corpusFile, corpusFiles, objectOf } from '../harness/corpus.ts';
import { canonicalDataSet } from '../harness/dcmtk.ts';
import { ORTHANC_AET, startOrthanc } from '../harness/orthanc.ts';
import {
  accessFile,
  asSent,
  type ListeningPeer,
  received,
  sendAll,
  startDcmqrscp,
  startStorescp,
} from '../harness/query-retrieve.ts';
import { storedFile } from '../harness/retrieved.ts';
import { runPeer } from '../harness/run-peer.ts';

const CT = 'studies/ct-head-ge-hispeed-28/';
const MR = 'studies/mr-head-siemens-t1-35/';

type Study = { paths: string[]; objects: CorpusObject[]; uid: string };

function studyOf(folder: string): Study {
  const files = [...corpusFiles((path) => path.startsWith(folder))];
  const objects = files.map((file) => objectOf(file));
  return { paths: files.map(({ path }) => path), objects, uid: objects[0]?.studyUid ?? '' };
}

type Given = { archive: ArchiveProcess; folder: string; dataDir: string; source: ListeningPeer };

async function withSource(t: TestContext, name: string, studies: readonly Study[]): Promise<Given> {
  const folder = scratch(t, name);
  const dataDir = join(folder, 'data');
  const archive = await startArchive(t, dataDir);
  const source = await startDcmqrscp(t, folder, 'QRSCP', archive.dimsePort);
  for (const { paths } of studies) {
    const files = paths.map((path) => sharedPath('corpus', path));
    const { code, output } = await runPeer('storescu', [
      '-aec',
      source.aeTitle,
      '127.0.0.1',
      `${source.port}`,
      ...files,
    ]);
    assert.equal(code, 0, output);
  }
  return { archive, folder, dataDir, source };
}

type Told = {
  study?: string;
  outcome?: string;
  expected?: number;
  here?: number;
  missing?: string[];
  extra?: string[];
  summary?: Record<string, number>;
};

type Pulling = { dataDir: string; source: Pick<ListeningPeer, 'aeTitle' | 'port'> };

async function pull({ dataDir, source }: Pulling, ...args: string[]): Promise<{ code: number | null; told: Told[] }> {
  const from = `${source.aeTitle}@127.0.0.1:${source.port}`;
  const { code, out, err } = await runAcervo(dataDir, ['pull', from, ...args, '--json'], { ACERVO_LOG_LEVEL: 'warn' });
  assert.ok(out !== '', err);
  const told = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Told);
  return { code, told };
}

async function assertHeld({ archive, folder }: Given, { objects, paths }: Study): Promise<void> {
  for (const [index, object] of objects.entries()) {
    const file = await storedFile(archive.http, object);
    assert.ok(file, `${paths[index]} is not here`);
    if (index % 10 !== 0) continue;
    const mine = await canonicalDataSet(folder, file, true);
    const { bytes } = corpusFile(paths[index] ?? '');
    assert.ok(Buffer.from(mine).equals(await canonicalDataSet(folder, bytes, true)), `${paths[index]} differs`);
  }
}

const isReady = (t: TestContext): boolean =>
  needsShared(t) && needsPeer(t, 'dcmqrscp') && needsPeer(t, 'storescu') && needsPeer(t, 'dcmconv');

test('acervo pull takes a study by C-GET and another by C-MOVE; run again, nothing is missing', async (t) => {
  if (!isReady(t)) return;
  const [ct, mr] = [studyOf(CT), studyOf(MR)];
  const given = await withSource(t, 'pull', [ct, mr]);
  const byGet = await pull(given, '--study', ct.uid, '--get', '--rate', '20');
  assert.equal(byGet.code, 0, JSON.stringify(byGet.told));
  const [study, end] = byGet.told;
  assert.deepEqual(
    [study?.outcome, study?.expected, study?.here, study?.missing, study?.extra],
    ['complete', ct.objects.length, 0, [], []],
  );
  assert.equal(end?.summary?.['instances'], ct.objects.length);
  assert.ok((end.summary['seconds'] ?? 0) >= ct.objects.length / 20, 'no faster than was asked for');
  await assertHeld(given, ct);
  const both = ['--study', ct.uid, '--study', mr.uid];
  const byMove = await pull(given, ...both, '--associations', '2');
  assert.equal(byMove.code, 0, JSON.stringify(byMove.told));
  const byStudy = new Map(byMove.told.map(({ study: uid, outcome, here }) => [uid, [outcome, here]]));
  assert.deepEqual(byStudy.get(ct.uid), ['complete', ct.objects.length]);
  assert.deepEqual(byStudy.get(mr.uid), ['complete', 0]);
  await assertHeld(given, mr);
  // This source does not tell numbers of instances, so that each run looks again, and finds nothing missing.
  const again = await pull(given, ...both);
  const { complete, instances } = again.told.at(-1)?.summary ?? {};
  assert.deepEqual([again.code, complete, instances], [0, 2, 0]);
  // Of the two only this one has a date.
  const dated = await pull(given, '--date-range', '20220401-20220430');
  assert.deepEqual(
    dated.told.map(({ study: uid, here }) => [uid, here]),
    [
      [mr.uid, mr.objects.length],
      [undefined, undefined],
    ],
  );
  assert.equal(await given.archive.stop(), 0);
});

test('Orthanc is a source by C-GET and C-MOVE; as it tells numbers, a complete study is passed over', async (t) => {
  if (!needsShared(t) || !needsPeer(t, 'Orthanc')) return;
  const folder = scratch(t, 'pull-orthanc');
  const dataDir = join(folder, 'data');
  const archive = await startArchive(t, dataDir);
  const orthanc = await startOrthanc(t, folder, {
    dimse: { aeTitle: archive.aeTitle, port: archive.dimsePort },
    dicomWebUrl: `${archive.http}/dicom-web`,
  });
  const studies = [studyOf(CT), studyOf(MR)] as const;
  for (const { paths } of studies) {
    for (const path of paths) await orthanc.ask('POST', '/instances', corpusFile(path).bytes);
  }
  const source = { aeTitle: ORTHANC_AET, port: orthanc.dicomPort };
  for (const [index, way] of [['--get'], []].entries()) {
    const { uid, objects } = studies[index] as Study;
    const first = await pull({ dataDir, source }, '--study', uid, ...way);
    assert.equal(first.code, 0, JSON.stringify(first.told));
    assert.deepEqual([first.told[0]?.outcome, first.told[0]?.here], ['complete', 0]);
    for (const object of objects) assert.ok(await storedFile(archive.http, object), object.sopInstanceUid);
    const again = await pull({ dataDir, source }, '--study', uid, ...way);
    assert.deepEqual([again.code, again.told[0]?.outcome], [0, 'before']);
  }
  assert.equal(await archive.stop(), 0);
});

test('what the source has lost is missing, what only we have is extra, and the exit code says so', async (t) => {
  if (!isReady(t)) return;
  const ct = studyOf(CT);
  const given = await withSource(t, 'pull-missing', [ct]);
  const [own] = ct.objects;
  assert.ok(own);
  // Another instance of the study that the source never had.
  const uid = `${own.sopInstanceUid.slice(0, -1)}${own.sopInstanceUid.endsWith('9') ? '8' : '9'}`;
  assert.ok(ct.objects.every(({ sopInstanceUid }) => sopInstanceUid !== uid));
  const dataSet = Buffer.from(own.dataSet);
  dataSet.write(uid, dataSet.indexOf(own.sopInstanceUid, 0, 'latin1'), 'latin1');
  await sendAll(given.archive, [{ ...own, sopInstanceUid: uid, dataSet: new Uint8Array(dataSet) }]);
  const lost = readdirSync(given.source.folder).find((name) => name !== 'index.dat');
  assert.ok(lost !== undefined);
  rmSync(join(given.source.folder, lost));
  const { code, told } = await pull(given, '--study', ct.uid, '--get');
  assert.equal(code, 4, JSON.stringify(told));
  const [study] = told;
  assert.deepEqual(
    [study?.outcome, study?.expected, study?.missing?.length, study?.extra],
    ['incomplete', ct.objects.length, 1, [uid]],
  );
  assert.equal(await given.archive.stop(), 0);
});

test('acervo send sends files and a study to storescp; what is refused makes exit code 4', async (t) => {
  if (!isReady(t) || !needsPeer(t, 'storescp')) return;
  const folder = scratch(t, 'send');
  const dataDir = join(folder, 'data');
  const all = await startStorescp(t, folder, 'ALL');
  const aborting = await startStorescp(t, folder, 'ABORTING', ['+xa', '--abort-after']);
  const env = accessFile(folder, [all, aborting]);
  const archive = await startArchive(t, dataDir, env);
  const [ct, mr] = [studyOf(CT), studyOf(MR)];
  await sendAll(archive, ct.objects);
  const study = await runAcervo(dataDir, ['send', 'ALL', '--study', ct.uid, '--json'], env);
  assert.equal(study.code, 0, study.err);
  const files = join(folder, 'files');
  mkdirSync(files);
  mr.paths.forEach((path, index) => {
    writeFileSync(join(files, `${index}`), corpusFile(path).bytes);
  });
  const sent = await runAcervo(dataDir, ['send', `ALL`, files], env);
  assert.equal(sent.code, 0, sent.err);
  assert.match(sent.out, new RegExp(`^${mr.objects.length} sent in`));
  assert.deepEqual(received(all.folder), asSent([...ct.objects, ...mr.objects]));
  const again = await runAcervo(dataDir, ['send', 'ALL', files], env);
  assert.match(again.out, new RegExp(`^${mr.objects.length} sent before in`));
  const refused = await runAcervo(dataDir, ['send', 'ABORTING', files, '--json'], env);
  assert.equal(refused.code, 4, refused.err);
  assert.equal(JSON.parse(refused.out.trim().split('\n').at(-1) ?? '').summary.failed, mr.objects.length);
  const nobody = await runAcervo(dataDir, ['send', 'NOBODY', files], env);
  assert.equal(nobody.code, 1);
  assert.equal(await archive.stop(), 0);
});
