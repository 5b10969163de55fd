import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { needsShared, sharedPath } from '@acervo/testkit/shared.ts';
import { type ArchiveProcess, scratch, startArchive } from '../harness/archive-process.ts';
import { corpusFile, corpusFiles, headOf, objectOf } from '../harness/corpus.ts';
import { canonicalDataSet } from '../harness/dcmtk.ts';
import { storedFile } from '../harness/retrieved.ts';
import { runPeer } from '../harness/run-peer.ts';
import { REFUSED } from './corpus-expectations.ts';

const NATIVE = [
  'by-modality/MR/pydicom__test_files_MR_small_bigendian.dcm',
  'derived/transfer-syntax/implicit.dcm',
  'derived/ko-pr-sr-pdf/sr_informe_es.dcm',
  'derived/ko-pr-sr-pdf/encapsulated_pdf.dcm',
  'by-modality/RTDOSE/pydicom__test_files_rtdose_expb.dcm',
  'by-modality/OT/dicomParser__deflate_image_dfl.dcm',
  'derived/charset/es_ISO_IR_100_0.dcm',
];

/**
 * What storescu is asked to propose, the files that it then can send, and a syntax that must be among those stored.
 * Each proposal comes from an AE title of its own.
 */
const PROPOSALS: readonly { option: string; aet: string; files: readonly string[] | string; stored: string }[] = [
  { option: '-x=', aet: 'UNCOMPRESSED', files: NATIVE, stored: '' },
  { option: '-xi', aet: 'IMPLICIT', files: NATIVE, stored: '1.2.840.10008.1.2' },
  { option: '-xe', aet: 'EXPLICIT', files: NATIVE, stored: '1.2.840.10008.1.2.1' },
  { option: '-xb', aet: 'BIG_ENDIAN', files: NATIVE, stored: '1.2.840.10008.1.2.2' },
  { option: '-xd', aet: 'DEFLATED', files: NATIVE, stored: '1.2.840.10008.1.2.1.99' },
  ...(
    [
      ['-xs', '4.70'],
      ['-xy', '4.50'],
      ['-xx', '4.51'],
      ['-xv', '4.90'],
      ['-xw', '4.91'],
      ['-xt', '4.80'],
      ['-xu', '4.81'],
      ['-xr', '5'],
    ] as const
  ).map(([option, end]) => ({
    option,
    aet: `SYNTAX_${end}`,
    files: `1.2.840.10008.1.2.${end}`,
    stored: `1.2.840.10008.1.2.${end}`,
  })),
];

type Prepared = { archive: ArchiveProcess; folder: string };

async function prepare(t: TestContext, name: string): Promise<Prepared> {
  const folder = scratch(t, name);
  const accessFile = join(folder, 'access.json');
  const systems = PROPOSALS.map(({ aet }) => ({ aeTitle: aet, institution: aet }));
  writeFileSync(accessFile, JSON.stringify({ systems }));
  const archive = await startArchive(t, join(folder, 'data'), { ACERVO_ACCESS_FILE: accessFile });
  return { archive, folder };
}

const peerOf = ({ dimsePort }: ArchiveProcess, aet: string): string[] => [
  '-aet',
  aet,
  '-aec',
  'ACERVO',
  '127.0.0.1',
  String(dimsePort),
];

/** Files that the peer itself does not send as they are. */
const PEER_MISREADS: readonly string[] = [
  // A private element of an odd length, behind which it loses its way.
  'by-modality/OT/pydicom__test_files_SC_rgb_jpeg.dcm',
  // All UIDs stand there as UN, which it does not look into.
  'by-modality/RTDOSE/pydicom__test_files_rtdose_rle.dcm',
  'by-modality/RTDOSE/pydicom__test_files_rtdose_rle_1frame.dcm',
  // It leaves out Data Set Trailing Padding (FFFC,FFFC).
  'by-modality/MR/pydicom__test_files_MR_small_jpeg_ls_lossless.dcm',
  'by-modality/MR/pydicom__test_files_MR_small_RLE.dcm',
];

/** Files of the corpus in a transfer syntax that name one instance in head and data set, and each another one. */
function filesIn(...transferSyntaxUids: string[]): string[] {
  const found = new Map<string, string>();
  const isWanted = (path: string): boolean =>
    !(path in REFUSED) && !/^(malformed|studies)\//.test(path) && !PEER_MISREADS.includes(path);
  for (const file of corpusFiles(isWanted)) {
    const { transferSyntaxUid, sopInstanceUid, sopClassUid } = objectOf(file);
    const { mediaStorageSopClassUid, mediaStorageSopInstanceUid } = headOf(file.bytes);
    const isOne = mediaStorageSopClassUid === sopClassUid && mediaStorageSopInstanceUid === sopInstanceUid;
    if (isOne && transferSyntaxUids.includes(transferSyntaxUid)) found.set(sopInstanceUid, file.path);
  }
  return [...found.values()];
}

/** @returns the transfer syntax in which the file was stored */
async function assertSame(prepared: Prepared, path: string, institution: string): Promise<string> {
  const file = corpusFile(path);
  const stored = await storedFile(prepared.archive.http, objectOf(file), institution);
  assert.ok(stored, `${path} is not there`);
  const isNative = NATIVE.includes(path);
  const mine = await canonicalDataSet(prepared.folder, stored, isNative);
  const theirs = await canonicalDataSet(prepared.folder, file.bytes, isNative);
  assert.ok(Buffer.from(mine).equals(theirs), `${path}: other elements`);
  return headOf(stored).transferSyntaxUid;
}

test('storescu sends in every transfer syntax that it can propose', async (t) => {
  if (!needsShared(t) || !needsPeer(t, 'storescu') || !needsPeer(t, 'dcmconv')) return;
  const prepared = await prepare(t, 'storescu');
  for (const { option, aet, files, stored } of PROPOSALS) {
    const paths = typeof files === 'string' ? filesIn(files) : files;
    assert.ok(paths.length > 0, option);
    const names = paths.map((path) => sharedPath('corpus', path));
    const { code, output } = await runPeer('storescu', [
      '-v',
      option,
      '-R',
      ...peerOf(prepared.archive, aet),
      ...names,
    ]);
    assert.equal(code, 0, `${option}: ${output}`);
    assert.equal(output.match(/Received Store Response \(Success\)/g)?.length, paths.length, `${option}: ${output}`);
    const syntaxes = new Set<string>();
    for (const path of paths) syntaxes.add(await assertSame(prepared, path, aet));
    assert.ok(stored === '' || syntaxes.has(stored), `${option}: ${[...syntaxes].join()}`);
    t.diagnostic(`${option}: ${paths.length} files, stored in ${[...syntaxes].join(', ')}`);
  }
  assert.equal(await prepared.archive.stop(), 0);
});

test('dcmsend sends a mixed set in small PDUs over one association', async (t) => {
  if (!needsShared(t) || !needsPeer(t, 'dcmsend')) return;
  const prepared = await prepare(t, 'dcmsend');
  const paths = filesIn('1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.4.80', '1.2.840.10008.1.2.5');
  for (const [aet, ...pdu] of [
    ['IMPLICIT', '-pdu', '4096', '--max-send-pdu', '4096'],
    ['EXPLICIT', '-pdu', '131072'],
  ]) {
    const names = paths.map((path) => sharedPath('corpus', path));
    const args = ['-v', '-dn', ...pdu, ...peerOf(prepared.archive, aet as string), ...names];
    const { code, output } = await runPeer('dcmsend', args);
    assert.equal(code, 0, output);
    assert.match(output, new RegExp(`with status SUCCESS\\s*: ${paths.length}`), output);
    for (const path of paths) await assertSame(prepared, path, aet as string);
  }
  t.diagnostic(`${paths.length} files in three compressions, PDUs of 4096 and 131072 bytes`);
});

test('echoscu is answered; with another called AE title it is rejected; a worklist has no context', async (t) => {
  if (!needsPeer(t, 'echoscu') || !needsPeer(t, 'findscu')) return;
  const { archive } = await prepare(t, 'echoscu');
  const port = String(archive.dimsePort);
  const good = await runPeer('echoscu', ['-v', '-aec', 'ACERVO', '127.0.0.1', port]);
  assert.equal(good.code, 0, good.output);
  assert.match(good.output, /Received Echo Response \(Success\)/);
  const wrong = await runPeer('echoscu', ['-v', '-aec', 'NOBODY', '127.0.0.1', port]);
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.output, /Reason: Called AE Title Not Recognized/);
  const find = await runPeer('findscu', ['-v', '-W', '-aec', 'ACERVO', '127.0.0.1', port, '-k', 'PatientName']);
  assert.match(find.output, /No Acceptable Presentation Contexts/, find.output);
  assert.equal((await runPeer('echoscu', ['-aec', 'ACERVO', '127.0.0.1', port])).code, 0);
});
