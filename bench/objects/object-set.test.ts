import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { uidOf } from '@acervo/dicom/data-set/access.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { readFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax, type TransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { bytesOf, type ObjectFile, writeObjects } from './object-set.ts';

const OPTIONS = { kind: 'tiny', seed: 3, folders: 2, studiesPerFolder: 2, instancesPerStudy: 4 } as const;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'acervo-objects-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

function read(file: ObjectFile): { sop: string; study: string; elements: number; headSop: string | undefined } {
  const bytes = bytesOf(file);
  const head = readFileHead(bytes, true);
  assert.ok(!('need' in head) && head.complete);
  const syntax = findTransferSyntax(head.transferSyntaxUid) as TransferSyntax;
  const { dataSet, marks } = readDataSet(bytes.subarray(head.dataSetOffset), { syntax });
  assert.equal(marks.size, 0);
  return {
    sop: uidOf(dataSet, T.SOPInstanceUID) ?? '',
    study: uidOf(dataSet, T.StudyInstanceUID) ?? '',
    elements: dataSet.elements.size,
    headSop: head.mediaStorageSopInstanceUid,
  };
}

test('objects are whole Part 10 files of about a hundred elements, each with UIDs of its own', (t) => {
  const { files, folders } = writeObjects(folder(t), OPTIONS);
  const all = files.map(read);
  assert.equal(folders.length, 2);
  assert.equal(new Set(all.map(({ sop }) => sop)).size, 16);
  assert.equal(new Set(all.map(({ study }) => study)).size, 4);
  for (const { sop, headSop, elements } of all) {
    assert.equal(headSop, sop);
    assert.ok(elements >= 100, String(elements));
  }
});

test('the same seed gives the same bytes, another stamp other UIDs in as many bytes', (t) => {
  const digest = (file: ObjectFile | undefined): string =>
    createHash('sha256')
      .update(file === undefined ? '' : bytesOf(file))
      .digest('hex');
  const [one, two] = [writeObjects(folder(t), OPTIONS), writeObjects(folder(t), OPTIONS)];
  assert.equal(digest(one.files[5]), digest(two.files[5]));
  const [file] = two.files;
  assert.ok(file);
  const before = { ...read(file), bytes: bytesOf(file).length };
  two.restamp(41);
  const after = { ...read(file), bytes: bytesOf(file).length };
  assert.equal(after.bytes, before.bytes);
  assert.notEqual(after.sop, before.sop);
  assert.equal(after.sop, two.uids().of(file.place));
  assert.equal(after.headSop, after.sop);
  assert.equal(after.study, two.uids().of({ study: file.place.study }));
});

test('every fifth CT study is in implicit VR', (t) => {
  const { files } = writeObjects(folder(t), { ...OPTIONS, kind: 'ct', studiesPerFolder: 3, instancesPerStudy: 1 });
  const syntaxes = files.map(({ transferSyntaxUid }) => transferSyntaxUid);
  assert.deepEqual(
    syntaxes.map((uid) => uid === '1.2.840.10008.1.2'),
    [false, false, false, false, true, false],
  );
  for (const file of files) read(file);
});
