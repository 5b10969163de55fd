import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { dataSetOf, sequence, textElement } from '@acervo/dicom/data-set/build.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { isStorageSopClass } from '@acervo/dicom/sop-class.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE, findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { needsShared, sharedPath } from '@acervo/testkit/shared.ts';
import { openImportLedger } from '../../adapters/fs/import-ledger.ts';
import { sourceFiles } from '../../adapters/fs/source-files.ts';
import { zipOf } from '../../adapters/fs/zip.fixture.ts';
import type { Archive } from '../../apps/archive.ts';
import { type Imported, type ImportSummary, importFiles } from './import.ts';

const op = testOp({ door: 'import', institution: 'HGM' });

async function run(
  archive: Archive,
  paths: readonly string[],
  options: { ledger?: string; signal?: AbortSignal } = {},
): Promise<{ told: Imported[]; summary: ImportSummary }> {
  const ledger = await openImportLedger(options.ledger ?? join(temporaryDirectory(), 'ledger.jsonl'), false);
  const told: Imported[] = [];
  const summary = await importFiles(
    archive.holdings,
    { ...op, ...(options.signal && { signal: options.signal }) },
    sourceFiles(paths),
    ledger,
    (imported) => told.push(imported),
  );
  ledger.close();
  return { told, summary };
}

const fileOf = (number: number, fill = number): Uint8Array => {
  const object = smallObject({ name: 'import', study: 1, number, fill });
  return concat([writeFileHead(object), object.dataSet]);
};

function folderOf(files: Record<string, Uint8Array>): string {
  const folder = temporaryDirectory();
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

/** A DICOMDIR (PS3.3 F) that names these files. */
function dicomdir(fileIds: readonly (readonly string[])[]): Uint8Array {
  const records = fileIds.map((id) =>
    dataSetOf([
      textElement(T.DirectoryRecordType, 'CS', 'IMAGE'),
      textElement(T.ReferencedFileID, 'CS', id.join('\\')),
    ]),
  );
  const root = dataSetOf([textElement(T.DirectoryRecordType, 'CS', 'PATIENT')]);
  const syntax = findTransferSyntax(EXPLICIT_LE);
  assert.ok(syntax !== undefined);
  const head = writeFileHead({
    sopClassUid: '1.2.840.10008.1.3.10',
    sopInstanceUid: '1.2.3',
    transferSyntaxUid: EXPLICIT_LE,
  });
  return concat([head, writeDataSet(dataSetOf([sequence(T.DirectoryRecordSequence, [root, ...records])]), syntax)]);
}

type CorpusEntry = {
  path: string;
  studyUID?: string;
  seriesUID?: string;
  sopUID?: string;
  sopClass?: string;
  transferSyntax?: string;
};

/** What the index of the corpus says can be stored: valid UIDs, a storage class, a transfer syntax of the standard. */
function isStorable({
  studyUID = '',
  seriesUID = '',
  sopUID = '',
  sopClass = '',
  transferSyntax = '',
}: CorpusEntry): boolean {
  const areUids = [studyUID, seriesUID, sopUID].every((uid) => uid.length <= 64 && /^\d+(\.\d+)*$/.test(uid));
  return areUids && isStorageSopClass(sopClass) && findTransferSyntax(transferSyntax) !== undefined;
}

/** Of these the index has no transfer syntax: the head names none, but the bytes show it; one it did not inflate. */
const STORED_BY_ITS_BYTES: readonly string[] = [
  'by-modality/OP/dcmjs__test_sample-op.lei.dcm',
  'by-modality/RTSTRUCT/pydicom__test_files_rtstruct.dcm',
  'malformed/pydicom__test_files_ExplVR_BigEndNoMeta.dcm',
  'malformed/pydicom__test_files_ExplVR_LitEndNoMeta.dcm',
  'derived/hostile/deflate_bomb.dcm',
];

test('the corpus: what can be stored is stored, everything else is skipped for a reason', async (t) => {
  if (!needsShared(t)) return;
  const archive = await openTestArchive(t);
  const { told, summary } = await run(archive, [sharedPath('corpus')]);
  const index = JSON.parse(readFileSync(sharedPath('corpus/index.json'), 'utf8')) as CorpusEntry[];
  const outcomes = new Map(told.map((imported) => [imported.name.slice(sharedPath('corpus').length + 1), imported]));
  const isTaken = (path: string): boolean =>
    ['stored', 'resent', 'version'].includes(outcomes.get(path)?.outcome ?? '');
  const wrong = index.filter(
    (entry) => isTaken(entry.path) !== (isStorable(entry) || STORED_BY_ITS_BYTES.includes(entry.path)),
  );
  assert.deepEqual(
    wrong.map(({ path }) => [path, outcomes.get(path)?.outcome, outcomes.get(path)?.reason]),
    [],
  );
  for (const { path } of index)
    if (!isTaken(path)) assert.ok(outcomes.get(path)?.reason ?? outcomes.get(path)?.outcome === 'directory', path);
  assert.equal(outcomes.get('index.json')?.code, 'parse/not-part10');
  assert.equal(summary.stored + summary.resent + summary.versions, index.filter((entry) => isTaken(entry.path)).length);

  const second = await run(archive, [sharedPath('corpus')]);
  assert.equal(second.summary.stored + second.summary.versions, 0, 'a resend stores nothing');
  assert.equal(second.summary.resent, summary.stored + summary.resent + summary.versions);

  const [event] = await archive.holdings.db.query<{ facts: { stored: number; skipped: number } }>(
    `select (event::jsonb)->'facts' as facts from journal where kind = 'import.finished' order by at limit 1`,
  );
  assert.deepEqual([event?.facts.stored, event?.facts.skipped], [summary.stored, summary.skipped]);
});

test('archives, DICOMDIRs, resends and conflicts, and going on where it was', async (t) => {
  const archive = await openTestArchive(t);
  await t.test('a ZIP archive is as good as a folder', () => zipImport(archive));
  await t.test('a DICOMDIR that is named stands for its files', () => dicomdirImport(archive));
  await t.test('resends and conflicts are counted apart', () => resendImport(archive));
  await t.test('an import that was ended goes on', () => resumedImport(archive));
});

async function zipImport(archive: Archive): Promise<void> {
  const folder = folderOf({
    'a.zip': zipOf([
      { name: 'CD/IM1', bytes: fileOf(1) },
      { name: '../IM2', bytes: fileOf(2) },
      { name: 'readme.txt', bytes: Buffer.from('no') },
      { name: 'bad', bytes: fileOf(3), claims: { crc32: 7 } },
    ]),
  });
  const { told, summary } = await run(archive, [join(folder, 'a.zip')]);
  assert.equal(summary.stored, 2);
  const skipped = told
    .filter(({ outcome }) => outcome === 'skipped')
    .map(({ name, reason }) => [name.split('!')[1], reason]);
  assert.deepEqual(
    skipped.toSorted((a, b) => (String(a) < String(b) ? -1 : 1)),
    [
      ['bad', 'cannot be read: ZIP_DAMAGED'],
      ['readme.txt', 'Not a DICOM file'],
    ],
  );
}

async function dicomdirImport(archive: Archive): Promise<void> {
  const folder = folderOf({
    'cd/DICOMDIR': dicomdir([
      ['IMAGES', 'IM11'],
      ['IMAGES', 'GONE'],
      ['..', 'IM13'],
    ]),
    'cd/images/im11': fileOf(11),
    'cd/images/IM12': fileOf(12),
    IM13: fileOf(13),
  });
  const named = await run(archive, [join(folder, 'cd/DICOMDIR')]);
  const { stored, directories, missing } = named.summary;
  assert.deepEqual({ stored, directories, missing }, { stored: 1, directories: 1, missing: 2 });
  const found = await run(archive, [join(folder, 'cd')]);
  assert.deepEqual([found.summary.stored, found.summary.resent, found.summary.missing], [1, 1, 2]);
}

async function resendImport(archive: Archive): Promise<void> {
  const folder = folderOf({ a: fileOf(21), b: fileOf(21) });
  const { summary } = await run(archive, [folder]);
  assert.deepEqual([summary.stored, summary.resent, summary.versions], [1, 1, 0]);
  const other = await run(archive, [folderOf({ a: fileOf(21, 99) })]);
  assert.deepEqual([other.summary.stored, other.summary.resent, other.summary.versions], [0, 0, 1]);
}

async function resumedImport(archive: Archive): Promise<void> {
  const folder = folderOf(
    Object.fromEntries([...Array(40).keys()].map((number) => [`f${number}`, fileOf(100 + number)])),
  );
  const ledger = join(temporaryDirectory(), 'ledger.jsonl');
  const ending = new AbortController();
  setImmediate(() => ending.abort());
  const first = await run(archive, [folder], { ledger, signal: ending.signal });
  assert.equal(first.summary.ended, 'request/cancelled');
  const second = await run(archive, [folder], { ledger });
  assert.equal(second.summary.before, first.summary.stored);
  assert.equal(first.summary.stored + second.summary.stored, 40);
  const third = await run(archive, [folder], { ledger });
  assert.equal(third.summary.before, 40);
}

test('the bytes of a file are what is stored', async (t: TestContext) => {
  const archive = await openTestArchive(t);
  const bytes = fileOf(1);
  const folder = folderOf({ x: bytes });
  copyFileSync(join(folder, 'x'), join(folder, 'y'));
  await run(archive, [folder]);
  const [row] = await archive.holdings.db.query<{ segment: number; at: number; bytes: number }>(
    'select segment, file_at as at, file_bytes as bytes from instance',
  );
  assert.ok(row !== undefined);
  const hash = createHash('sha256');
  for await (const chunk of archive.holdings.files.stream(row.segment, row.at, row.bytes)) hash.update(chunk);
  assert.equal(hash.digest('hex'), createHash('sha256').update(bytes).digest('hex'));
});
