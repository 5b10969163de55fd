import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { charsetOf, readTerms } from '@acervo/dicom/charset/decode.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { type DicomJson, toDicomJson } from '@acervo/dicom/json/to-json.ts';
import { readFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { needsShared, sharedPath } from '@acervo/testkit/shared.ts';
import { dcm2json, normal } from './dcm2json.ts';

/** Where DCMTK 3.6.7 and we differ in one file only, and why DCMTK is not followed there. */
const FILES_APART: Readonly<Record<string, string>> = {
  'by-modality/NOMOD/fo-dicom__charset_chrSQEncoding.dcm': 'DCMTK does not decode the set that an item declares',
  'derived/charset/mis_cp850_bytes_declared_latin1.dcm': 'DCMTK drops a C1 control, we show it',
  'derived/hostile/deep_nesting.dcm': 'our reader stops at its depth limit',
  'malformed/pydicom__test_files_meta_missing_tsyntax.dcm': 'no transfer syntax: DCMTK guesses, we refuse',
};

/** Of 403 files: the peer refuses what it cannot decode (ISO 2022 IR 87 and others) or parse. */
const COMPARED_MIN = 350;

test('our metadata of every file that dcm2json accepts are what dcm2json says', (t) => {
  if (!needsShared(t) || !needsPeer(t, 'dcm2json') || !needsPeer(t, 'dcmodify')) return;
  const corpus = sharedPath('corpus');
  const folder = mkdtempSync(join(tmpdir(), 'acervo-json-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const copy = join(folder, 'object.dcm');
  let compared = 0;
  for (const name of dicomFiles(corpus)) {
    copyFileSync(join(corpus, name), copy);
    const theirs = dcm2json(copy);
    if (theirs === undefined) continue;
    compared += 1;
    if (name in FILES_APART) continue;
    const mine = ours(copy);
    assert.deepEqual(normal(mine), normal(theirs, mine), name);
  }
  t.diagnostic(`${compared} files compared`);
  assert.ok(compared >= COMPARED_MIN, `only ${compared} files compared`);
});

function dicomFiles(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.dcm')).sort();
}

function ours(path: string): DicomJson {
  const file = readFileSync(path);
  const head = readFileHead(file, true);
  assert.ok(!('need' in head));
  const syntax = findTransferSyntax(head.transferSyntaxUid);
  assert.ok(syntax, head.transferSyntaxUid);
  const stored = file.subarray(head.dataSetOffset);
  const { dataSet } = readDataSet(syntax.deflated ? inflateRawSync(stored) : stored, { syntax });
  return toDicomJson(dataSet, { charset: declaredCharset(dataSet), inlineBytesMax: Number.POSITIVE_INFINITY });
}

const declaredCharset = (dataSet: DataSet): ReturnType<typeof charsetOf> =>
  charsetOf(readTerms(dataSet.elements.get(T.SpecificCharacterSet)?.value));
