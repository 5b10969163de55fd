import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { sameContent } from '@acervo/dicom/data-set/compare.ts';
import { sourceOf } from '@acervo/dicom/data-set/source.ts';
import { inflate } from '@acervo/dicom/deflate.ts';
import { readFileHead } from '@acervo/dicom/part10.ts';
import { EXPLICIT_LE, findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { needsShared, sharedPath } from '@acervo/testkit/shared.ts';
import type { Receipt } from '../../holdings/store.ts';
import {
  type Answered,
  get,
  instancePath,
  jsonOf,
  partsOf,
  startArchive,
  storeFile,
  type TestArchive,
} from './retrieve.fixture.ts';

type Stored = { path: string; file: Uint8Array; receipt: Receipt; institution: string };

const read = (path: string): Uint8Array => new Uint8Array(readFileSync(sharedPath('corpus', path)));

function encoded(file: Uint8Array) {
  const head = readFileHead(file, true);
  assert.ok(!('need' in head));
  const syntax = findTransferSyntax(head.transferSyntaxUid);
  assert.ok(syntax);
  return { dataSet: file.subarray(head.dataSetOffset), syntax };
}

/** As comparable content: inflated where it is deflated. */
async function contentOf(file: Uint8Array) {
  const { dataSet, syntax } = encoded(file);
  if (!syntax.deflated) return { source: sourceOf(dataSet), syntax };
  const chunks = async function* () {
    yield dataSet;
  };
  return { source: sourceOf(concat(await Array.fromAsync(inflate(chunks())))), syntax };
}

/** Each file in an institution of its own, since the corpus has files under the same UIDs. */
async function storeAll(archive: TestArchive, paths: readonly string[]): Promise<Stored[]> {
  const stored: Stored[] = [];
  for (const [index, path] of paths.entries()) {
    const file = read(path);
    const institution = `I${index}`;
    try {
      stored.push({ path, file, institution, receipt: await storeFile(archive, file, institution) });
    } catch (thrown) {
      assert.ok(thrown instanceof Failure && /^(store|parse)\//.test(thrown.code), `${path}: ${String(thrown)}`);
    }
  }
  return stored;
}

function urlOf({ institution, receipt: { uids } }: Stored): string {
  const path = instancePath({ studyUid: uids.study, seriesUid: uids.series, sopInstanceUid: uids.sop });
  return path.replace('/dicom-web', `/dicom-web/i/${institution}`);
}

const wholeOf = ({ status, body }: Answered, path: string): Uint8Array => {
  assert.equal(status, 200, path);
  return body;
};

test('every file of the corpus comes back as it was sent', async (t) => {
  if (!needsShared(t)) return;
  const index = JSON.parse(readFileSync(sharedPath('corpus/index.json'), 'utf8')) as { path: string; size: number }[];
  const archive = await startArchive(t);
  const stored = await storeAll(
    archive,
    index.filter(({ size }) => size < 2 ** 20).map(({ path }) => path),
  );
  assert.ok(stored.length > 100, `${stored.length} files prove little`);
  let converted = 0;
  for (const each of stored) {
    const url = urlOf(each);
    const back = wholeOf(await get(archive, url, { accept: 'application/dicom; transfer-syntax=*' }), each.path);
    assert.deepEqual(Buffer.compare(encoded(back).dataSet, encoded(each.file).dataSet), 0, each.path);
    const given = wholeOf(await get(archive, url, { accept: 'application/dicom' }), each.path);
    if (encoded(given).syntax.uid !== encoded(each.file).syntax.uid) {
      assert.equal(encoded(given).syntax.uid, EXPLICIT_LE, each.path);
      assert.ok(await sameContent(await contentOf(given), await contentOf(each.file)), each.path);
      converted += 1;
    }
    const [json] = jsonOf<Record<string, { Value?: unknown[] }>[]>(await get(archive, `${url}/metadata`));
    assert.deepEqual(json?.['00080018']?.Value, [each.receipt.uids.sop], each.path);
  }
  assert.ok(converted > 10, `${converted} conversions prove little`);
  t.diagnostic(`${stored.length} files, ${converted} converted`);
});

test('frames are the same in every native transfer syntax, and what OHIF asks for is there', async (t) => {
  if (!needsShared(t)) return;
  const archive = await startArchive(t);
  const names = ['explicit', 'implicit', 'bigendian', 'deflated'];
  const stored = await storeAll(
    archive,
    names.map((name) => `derived/transfer-syntax/${name}.dcm`),
  );
  const accept = 'multipart/related; type=application/octet-stream; transfer-syntax=*';
  const frames: Uint8Array[] = [];
  for (const each of stored) {
    const [part] = partsOf(await get(archive, `${urlOf(each)}/frames/1`, { accept }));
    assert.equal(part?.headers['content-type'], `application/octet-stream; transfer-syntax=${EXPLICIT_LE}`);
    frames.push(part?.body ?? new Uint8Array(0));
  }
  assert.equal(frames.length, names.length);
  assert.ok((frames[0]?.length ?? 0) > 1000);
  for (const frame of frames) assert.equal(Buffer.compare(frame, frames[0] as Uint8Array), 0);
});
