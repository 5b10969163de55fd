import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { needsShared, sharedPath } from '@acervo/testkit/shared.ts';
import { numberOf, uidOf } from './data-set/access.ts';
import { sameContent } from './data-set/compare.ts';
import { toExplicitLittleEndian } from './data-set/convert.ts';
import type { DataSet } from './data-set/model.ts';
import { DataSetReader, type ReadOptions, readDataSet, readDataSetFrom } from './data-set/read.ts';
import { sourceOf } from './data-set/source.ts';
import { inflate } from './deflate.ts';
import { type FileHead, readFileHead } from './part10.ts';
import { T } from './tags.ts';
import { EXPLICIT_LE, findTransferSyntax, type TransferSyntax } from './transfer-syntax.ts';

type Row = {
  path: string;
  size: number;
  sopUID?: string;
  studyUID?: string;
  seriesUID?: string;
  patientID?: string;
  rows?: string;
  elements?: number;
  transferSyntax?: string;
};
type Opened = { head: FileHead; syntax: Readonly<TransferSyntax>; body: Uint8Array };

const rows = (): Row[] => JSON.parse(readFileSync(sharedPath('corpus/index.json'), 'utf8'));

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return concat(parts);
}

async function open(path: string): Promise<Opened> {
  const bytes = new Uint8Array(readFileSync(sharedPath('corpus', path)));
  const head = readFileHead(bytes, true);
  assert.ok(!('need' in head));
  const syntax = findTransferSyntax(head.transferSyntaxUid);
  assert.ok(syntax, `${path} ${head.transferSyntaxUid}`);
  const body = bytes.subarray(head.dataSetOffset);
  return { head, syntax, body: syntax.deflated ? await gather(inflate(once(body))) : body };
}

/** Files that are no DICOM, or hostile, and how they are refused. */
const REFUSED: Record<string, string> = {
  'derived/edge/html_renamed.dcm': 'parse/not-part10',
  'derived/edge/zero_bytes.dcm': 'parse/not-part10',
  'derived/edge/only_preamble.dcm': 'parse/truncated',
  'derived/hostile/deflate_bomb.dcm': 'parse/limit',
  'malformed/pydicom__test_files_meta_missing_tsyntax.dcm': 'parse/malformed',
  // Starts with one foreign byte, so its first tag is none.
  'malformed/pydicom__test_files_no_meta.dcm': 'parse/not-part10',
};

/** What is wrong with those that can be read all the same. */
const MARKED: Record<string, string> = {
  'by-modality/CT/deid-data__humans_ctbrain1.dcm': 'length',
  'by-modality/CT/deid-data__humans_ctbrain2.dcm': 'length',
  'by-modality/DX/highdicom__test_files_dx_image.dcm': 'length',
  'by-modality/NOMOD/pydicom__dicomdirtests_DICOMDIR-nooffset.dcm': 'overrun',
  'by-modality/OT/pydicom__test_files_SC_rgb_jpeg.dcm': 'vr',
  'derived/edge/truncated_header.dcm': 'truncated',
  'derived/edge/truncated_pixels.dcm': 'truncated',
  'derived/edge/vl_claims_65535.dcm': 'length,truncated',
  'derived/hostile/deep_nesting.dcm': 'depth',
  'malformed/pydicom__test_files_MR_truncated.dcm': 'truncated',
  'malformed/pydicom__test_files_nested_priv_SQ.dcm': 'group,length',
  'malformed/pydicom__test_files_rtplan_truncated.dcm': 'truncated',
};

/** A repeatable sequence of chunk sizes: no randomness, so a failure can be seen again. */
function* cuts(seed: number): Generator<number> {
  for (let state = seed + 1; ; state = (state * 48271) % 0x7fffffff)
    yield state % 7 === 0 ? state % 70_000 : state % 300;
}

function pushAll(body: Uint8Array, options: ReadOptions, seed: number): DataSetReader {
  const reader = new DataSetReader(options);
  let at = 0;
  for (const cut of cuts(seed)) {
    if (at >= body.length) break;
    reader.push(body.slice(at, at + cut));
    at += cut;
  }
  reader.end();
  return reader;
}

async function eachOpened(t: TestContext, check: (row: Row, opened: Opened, index: number) => Promise<void>) {
  if (!needsShared(t)) return;
  for (const [index, row] of rows().entries()) {
    if (row.path in REFUSED) continue;
    try {
      await check(row, await open(row.path), index);
    } catch (thrown) {
      throw new Error(row.path, { cause: thrown });
    }
  }
}

test('every file of the corpus is read as the index says', (t) =>
  eachOpened(t, async (row, { head, syntax, body }) => {
    const { dataSet, marks } = readDataSet(body, { syntax });
    assert.equal([...marks].sort().join(), MARKED[row.path] ?? '');
    assert.equal(uidOf(dataSet, T.SOPInstanceUID) ?? '', row.sopUID);
    assert.equal(uidOf(dataSet, T.StudyInstanceUID) ?? '', row.studyUID);
    assert.equal(uidOf(dataSet, T.SeriesInstanceUID) ?? '', row.seriesUID);
    assert.equal(String(numberOf(dataSet, T.Rows) ?? ''), row.rows);
    assert.equal(dataSet.elements.size, row.elements);
    if (!head.isSniffed) assert.equal(head.transferSyntaxUid, row.transferSyntax);
  }));

test('every file reads the same in chunks, from a source and in memory', (t) =>
  eachOpened(t, async (_row, { syntax, body }, index) => {
    const options = { syntax, valueBytesMax: 4096 };
    const streamed = pushAll(body, options, index);
    const pulled = await readDataSetFrom(sourceOf(body), options);
    assert.deepEqual([streamed.dataSet, streamed.marks], [pulled.dataSet, pulled.marks]);
    const whole = readDataSet(body, options);
    assert.deepEqual(places(whole.dataSet), places(pulled.dataSet));
    const header = pushAll(body, { ...options, stopAtPixelData: true }, index);
    assert.equal(header.headerDone, true);
    for (const tag of header.dataSet.elements.keys()) assert.ok(pulled.dataSet.elements.has(tag));
  }));

/** Where everything lies, without the values. */
function places(dataSet: DataSet): unknown {
  return [...dataSet.elements.values()].map(({ tag, vr, length, offset, items, fragments }) => [
    tag,
    vr,
    length,
    offset,
    items?.map(places),
    fragments?.map((each) => [each.offset, each.length]),
  ]);
}

test('every native file that is whole can be converted, and has the same content', (t) =>
  eachOpened(t, async (row, { syntax, body }) => {
    if (syntax.encapsulated) return;
    const explicit = findTransferSyntax(EXPLICIT_LE);
    assert.ok(explicit);
    const original = withSource({ body, syntax });
    if (/truncated|depth/.test(MARKED[row.path] ?? '')) {
      await assert.rejects(gather(toExplicitLittleEndian(original.source, syntax)), Failure);
      assert.equal(await sameContent(original, original), false);
      return;
    }
    const bytes = await gather(toExplicitLittleEndian(original.source, syntax));
    const converted = withSource({ body: bytes, syntax: explicit });
    const expected = !/overrun/.test(MARKED[row.path] ?? '');
    assert.equal(await sameContent(original, converted), expected);
    assert.equal(await sameContent(converted, original), expected);
  }));

test('files that are no DICOM, or hostile, are refused by name', async (t) => {
  if (!needsShared(t)) return;
  for (const [path, code] of Object.entries(REFUSED)) {
    await assert.rejects(open(path), (thrown) => thrown instanceof Failure && thrown.code === code, path);
  }
});

test('the corpus has re-encodings of one image that differ only in what they must', async (t) => {
  if (!needsShared(t)) return;
  const [explicit, implicit, big, deflated] = await Promise.all(
    ['explicit', 'implicit', 'bigendian', 'deflated'].map((name) => open(`derived/transfer-syntax/${name}.dcm`)),
  );
  assert.ok(explicit && implicit && big && deflated);
  const [encoded, ...others] = [explicit, implicit, big, deflated].map(({ body, syntax }) => ({ body, syntax }));
  assert.ok(encoded);
  for (const other of others) {
    assert.equal(await sameContent(withSource(encoded), withSource(other)), false, 'each got its own UIDs');
    assert.equal(await sameContent(withSource(withoutUids(encoded)), withSource(withoutUids(other))), true);
  }
});

type Body = { body: Uint8Array; syntax: Readonly<TransferSyntax> };

const withSource = ({ body, syntax }: Body) => ({ source: sourceOf(body), syntax });

function withoutUids({ body, syntax }: Body): Body {
  const { dataSet } = readDataSet(body, { syntax });
  const bytes = body.slice();
  for (const tag of [T.SOPInstanceUID, T.StudyInstanceUID, T.SeriesInstanceUID]) {
    const { offset, length = 0 } = dataSet.elements.get(tag) ?? { offset: 0 };
    bytes.fill(0x31, offset, offset + length);
  }
  return { body: bytes, syntax };
}
