import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { needsShared } from '@acervo/testkit/shared.ts';
import { type ArchiveProcess, scratch, startArchive } from '../harness/archive-process.ts';
import { type CorpusObject, corpusFiles, headOf, objectOf } from '../harness/corpus.ts';
import { ARCHIVE, ORTHANC_AET, startOrthanc } from '../harness/orthanc.ts';
import {
  accessFile,
  asSent,
  filesIn,
  type ListeningPeer,
  received,
  sendAll,
  startDcmqrscp,
  startStorescp,
} from '../harness/query-retrieve.ts';
import { sha256 } from '../harness/retrieved.ts';
import { type PeerRun, runPeer } from '../harness/run-peer.ts';

const EXPLICIT_LE = '1.2.840.10008.1.2.1';
const IMPLICIT_LE = '1.2.840.10008.1.2';
const NATIVE_STUDY = 'studies/ct-head-ge-hispeed-28/';
const COMPRESSED_STUDY = 'studies/ct-headphantom-philips-54-jpegls/';

const studyOf = (folder: string): CorpusObject[] =>
  [...corpusFiles((path) => path.startsWith(folder))].map((file) => objectOf(file));

const isReady = (t: TestContext, ...commands: string[]): boolean =>
  needsShared(t) && commands.every((command) => needsPeer(t, command));

/** movescu or getscu for one study. */
function ask(
  command: 'movescu' | 'getscu',
  { dimsePort }: Pick<ArchiveProcess, 'dimsePort'>,
  [first]: readonly CorpusObject[],
  options: readonly string[],
): Promise<PeerRun> {
  const keys = ['-k', 'QueryRetrieveLevel=STUDY', '-k', `StudyInstanceUID=${first?.studyUid}`];
  return runPeer(command, ['-v', '-S', '-aec', 'ACERVO', ...options, ...keys, '127.0.0.1', `${dimsePort}`]);
}

test('getscu gets a study bit by bit; compressed where it takes that, else each failure is told', async (t) => {
  if (!isReady(t, 'getscu')) return;
  const folder = scratch(t, 'getscu');
  const archive = await startArchive(t, join(folder, 'data'));
  const native = studyOf(NATIVE_STUDY);
  const compressed = studyOf(COMPRESSED_STUDY);
  await sendAll(archive, native);
  await sendAll(archive, compressed);
  const into = (name: string): string[] => {
    mkdirSync(join(folder, name));
    return ['+B', '-od', join(folder, name)];
  };
  const uncompressed = await ask('getscu', archive, native, into('native'));
  assert.equal(uncompressed.code, 0, uncompressed.output);
  assert.deepEqual(received(join(folder, 'native')), asSent(native));
  // JPEG-LS lossless is what these are held in.
  const jpegLs = await ask('getscu', archive, compressed, ['+xt', ...into('jpeg-ls')]);
  assert.equal(jpegLs.code, 0, jpegLs.output);
  assert.deepEqual(received(join(folder, 'jpeg-ls')), asSent(compressed));
  assert.equal(await archive.stop(), 0);
});

type Moved = { archive: ArchiveProcess; folder: string; peers: readonly ListeningPeer[] };

async function withDestinations(
  t: TestContext,
  name: string,
  destinations: Readonly<Record<string, readonly string[]>>,
): Promise<Moved> {
  const folder = scratch(t, name);
  const peers: ListeningPeer[] = [];
  for (const [aeTitle, options] of Object.entries(destinations)) {
    peers.push(await startStorescp(t, folder, aeTitle, options));
  }
  const env = accessFile(folder, peers);
  const archive = await startArchive(t, join(folder, 'data'), { ...env, ACERVO_OUTGOING_TIMEOUT_MS: '10000' });
  return { archive, folder, peers };
}

test('movescu moves studies to storescp: as they lie, or as Implicit VR where that takes nothing else', async (t) => {
  if (!isReady(t, 'movescu', 'storescp')) return;
  const { archive, peers } = await withDestinations(t, 'movescu', { ANY: ['+xa'], IMPLICIT: ['+xi'] });
  const [any, implicit] = peers as [ListeningPeer, ListeningPeer];
  const native = studyOf(NATIVE_STUDY);
  const compressed = studyOf(COMPRESSED_STUDY);
  await sendAll(archive, native);
  await sendAll(archive, compressed);
  for (const study of [native, compressed]) {
    const { code, output } = await ask('movescu', archive, study, ['-aem', 'ANY']);
    assert.equal(code, 0, output);
  }
  assert.deepEqual(received(any.folder), asSent([...native, ...compressed]));
  const { code, output } = await ask('movescu', archive, native, ['-aem', 'IMPLICIT']);
  assert.equal(code, 0, output);
  const converted = received(implicit.folder);
  assert.deepEqual([...converted.keys()].toSorted(), native.map(({ sopInstanceUid }) => sopInstanceUid).toSorted());
  for (const { transferSyntaxUid } of converted.values()) assert.equal(transferSyntaxUid, IMPLICIT_LE);
  assert.ok(native.some(({ transferSyntaxUid }) => transferSyntaxUid === EXPLICIT_LE));
  assert.equal(await archive.stop(), 0);
});

test('a compressed study comes decoded where only Implicit VR is taken: the pixels that dcmdjpls sees', async (t) => {
  if (!isReady(t, 'movescu', 'storescp', 'dcmdjpls')) return;
  const { archive, folder, peers } = await withDestinations(t, 'move-decoded', { IMPLICIT: ['+xi'] });
  const [implicit] = peers as [ListeningPeer];
  const files = [...corpusFiles((path) => path.startsWith(COMPRESSED_STUDY))];
  const study = files.map((file) => objectOf(file));
  await sendAll(archive, study);
  const { code, output } = await ask('movescu', archive, study, ['-aem', 'IMPLICIT']);
  assert.equal(code, 0, output);
  const came = new Map(
    readdirSync(implicit.folder).map((name) => {
      const bytes = new Uint8Array(readFileSync(join(implicit.folder, name)));
      return [objectOf({ path: name, bytes }).sopInstanceUid, bytes];
    }),
  );
  assert.equal(came.size, study.length);
  for (const [index, { bytes }] of files.entries()) {
    if (index % 9 !== 0) continue;
    const [from, to] = [join(folder, 'from.dcm'), join(folder, 'to.dcm')];
    writeFileSync(from, bytes);
    const decoded = await runPeer('dcmdjpls', [from, to]);
    assert.equal(decoded.code, 0, decoded.output);
    const mine = came.get(study[index]?.sopInstanceUid ?? '');
    assert.ok(mine);
    assert.equal(headOf(mine).transferSyntaxUid, IMPLICIT_LE);
    assert.equal(pixelsOf(mine), pixelsOf(new Uint8Array(readFileSync(to))));
  }
  assert.equal(await archive.stop(), 0);
});

function pixelsOf(file: Uint8Array): string {
  const head = headOf(file);
  const syntax = findTransferSyntax(head.transferSyntaxUid);
  assert.ok(syntax);
  const { dataSet } = readDataSet(file.subarray(head.dataSetOffset), { syntax, valueBytesMax: file.length });
  const value = dataSet.elements.get(T.PixelData)?.value;
  assert.ok(value !== undefined && value.length > 0);
  return sha256(value);
}

test('movescu hears of an unknown destination, of one that aborts, and of one that is killed', async (t) => {
  if (!isReady(t, 'movescu', 'storescp')) return;
  const { archive, peers } = await withDestinations(t, 'move-failures', {
    ABORTING: ['+xa', '--abort-after'],
    SLOW: ['+xa', '--sleep-after', '1'],
  });
  const [, slow] = peers as [ListeningPeer, ListeningPeer];
  const study = studyOf(NATIVE_STUDY);
  await sendAll(archive, study);
  const unknown = await ask('movescu', archive, study, ['-aem', 'NOBODY']);
  assert.match(unknown.output, /MoveDestinationUnknown/, unknown.output);
  const aborting = await ask('movescu', archive, study, ['-aem', 'ABORTING', '-d']);
  assert.match(aborting.output, /0xa702/i, aborting.output);
  assert.match(aborting.output, new RegExp(`Failed Suboperations *: ${study.length}`), aborting.output);
  const moving = ask('movescu', archive, study, ['-aem', 'SLOW', '-d']);
  await filesIn(slow.folder, 3);
  await slow.kill();
  const { output } = await moving;
  assert.match(output, /0xb000/i, output);
  const completed = Number(
    output
      .match(/Completed Suboperations *: (\d+)/g)
      ?.at(-1)
      ?.match(/\d+/)?.[0],
  );
  const failed = Number(
    output
      .match(/Failed Suboperations *: (\d+)/g)
      ?.at(-1)
      ?.match(/\d+/)?.[0],
  );
  assert.ok(completed >= 2 && failed > 0, output);
  assert.equal(completed + failed, study.length);
  assert.equal(await archive.stop(), 0);
});

test('movescu cancels: the archive stops sending and says Canceled', async (t) => {
  if (!isReady(t, 'movescu', 'storescp')) return;
  const { archive, peers } = await withDestinations(t, 'move-cancel', { SLOW: ['+xa', '--sleep-after', '1'] });
  const study = studyOf(NATIVE_STUDY);
  await sendAll(archive, study);
  const { output } = await ask('movescu', archive, study, ['-aem', 'SLOW', '--cancel', '1', '-d']);
  assert.match(output, /0xfe00/i, output);
  const [slow] = peers as [ListeningPeer];
  const count = received(slow.folder).size;
  assert.ok(count > 0 && count < study.length, `${count} of ${study.length}`);
  assert.equal(await archive.stop(), 0);
});

test('dcmqrscp is a destination; Orthanc asks for a C-MOVE to itself', async (t) => {
  if (!isReady(t, 'movescu', 'dcmqrscp', 'Orthanc')) return;
  const folder = scratch(t, 'move-archives');
  const study = studyOf(NATIVE_STUDY);
  const qrscp = await startDcmqrscp(t, folder, 'QRSCP', 11_112);
  const orthancFolder = join(folder, 'orthanc-peer');
  mkdirSync(orthancFolder);
  const archive = await startArchive(t, join(folder, 'data'), {
    ...accessFile(folder, [qrscp]),
  });
  await sendAll(archive, study);
  const { code, output } = await ask('movescu', archive, study, ['-aem', 'QRSCP']);
  assert.equal(code, 0, output);
  assert.deepEqual([...received(qrscp.folder).keys()].toSorted(), [...asSent(study).keys()].toSorted());
  assert.equal(await archive.stop(), 0);
  // Each has to know where the other listens: ours comes back where it was.
  const peers = { dimse: { aeTitle: 'ACERVO', port: archive.dimsePort }, dicomWebUrl: `${archive.http}/dicom-web` };
  const orthanc = await startOrthanc(t, orthancFolder, peers);
  const at = { aeTitle: ORTHANC_AET, port: orthanc.dicomPort, folder: orthancFolder };
  const again = await startArchive(t, join(folder, 'data'), {
    ...accessFile(folder, [at]),
    ACERVO_DIMSE_PORT: `${archive.dimsePort}`,
  });
  await orthanc.ask('POST', `/modalities/${ARCHIVE}/move`, {
    Level: 'Study',
    Resources: [{ StudyInstanceUID: study[0]?.studyUid }],
    TargetAet: ORTHANC_AET,
  });
  const held = await orthanc.ask<{ MainDicomTags: { SOPInstanceUID: string } }[]>('GET', '/instances?expand');
  assert.deepEqual(
    held.map(({ MainDicomTags }) => MainDicomTags.SOPInstanceUID).toSorted(),
    study.map(({ sopInstanceUid }) => sopInstanceUid).toSorted(),
  );
  assert.equal(await again.stop(), 0);
});
