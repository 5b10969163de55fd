import assert from 'node:assert/strict';
import { test } from 'node:test';
import { element, textElement } from '@acervo/dicom/data-set/build.ts';
import { T } from '@acervo/dicom/tags.ts';
import { DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { concat, latin1Bytes } from '@acervo/kernel/bytes.ts';
import {
  get,
  ICON,
  type Image,
  image,
  instancePath,
  jsonOf,
  PRIVATE_BULK,
  partOf,
  partsOf,
  pixelsOf,
  startArchive,
  storeImage,
  studyPath,
  type TestArchive,
} from './retrieve.fixture.ts';

const OHIF = { accept: 'multipart/related; type=application/octet-stream; transfer-syntax=*' };
const OCTETS = { accept: 'application/octet-stream' };
const JPEG = '1.2.840.10008.1.2.4.50';
const ROWS = 5;
const COLUMNS = 7;
const FRAME_BYTES = ROWS * COLUMNS * 2;

const frameOf = (bytes: Uint8Array, number: number, frameBytes: number): Uint8Array =>
  bytes.subarray((number - 1) * frameBytes, number * frameBytes);

const study = '2.25.400';
const native = [EXPLICIT_LE, IMPLICIT_LE, EXPLICIT_BE, DEFLATED_LE].map((transferSyntaxUid, index) =>
  image({ study, series: 1, number: index + 1, transferSyntaxUid, frames: 3, rows: ROWS, columns: COLUMNS }),
);
const bits = image({ study, series: 2, number: 1, transferSyntaxUid: EXPLICIT_BE, frames: 3, bitsAllocated: 1 });
const odd = image({ study, series: 2, number: 2, transferSyntaxUid: EXPLICIT_BE, frames: 3, bitsAllocated: 8 });
const start = [0xff, 0xd8, 0xff, 0xe0];
const fragments = [
  [...start, 1, 1],
  [2, 2],
  [...start, 3, 3],
].map((bytes) => Uint8Array.from(bytes));
const compressed = image({ study, series: 3, number: 1, transferSyntaxUid: JPEG, frames: 2, fragments });
const single = image({ study, series: 3, number: 2, transferSyntaxUid: JPEG, fragments: fragments.slice(0, 1) });
const pdf = latin1Bytes(`%PDF-1.4 ${'x'.repeat(2000)} `);
const document = image({
  study,
  series: 4,
  number: 1,
  transferSyntaxUid: EXPLICIT_LE,
  frames: 1,
  more: [
    textElement(T.MIMETypeOfEncapsulatedDocument, 'LO', 'application/pdf'),
    element(T.EncapsulatedDocument, 'OB', pdf),
  ],
});
const plain = image({ study: '2.25.401', series: 1, number: 1, transferSyntaxUid: EXPLICIT_LE });
const pixels = pixelsOf(3 * FRAME_BYTES);

const CHECKS: Record<string, (archive: TestArchive) => Promise<void>> = {
  'native frames are little endian, however they are stored': async (archive) => {
    for (const sent of native) {
      const answer = await get(archive, `${instancePath(sent)}/frames/3,1`, OHIF);
      const parts = partsOf(answer);
      const where = `${instancePath(sent)} ${sent.transferSyntaxUid}`;
      assert.equal(answer.headers.get('content-length'), `${answer.body.length}`);
      assert.match(answer.headers.get('content-type') ?? '', /^multipart\/related; type="application\/octet-stream"/);
      assert.deepEqual(
        parts.map(({ headers }) => headers['content-type']),
        Array.from({ length: 2 }, () => `application/octet-stream; transfer-syntax=${EXPLICIT_LE}`),
      );
      assert.deepEqual(Buffer.from(parts[0]?.body ?? []), Buffer.from(frameOf(pixels, 3, FRAME_BYTES)), where);
      assert.deepEqual(Buffer.from(parts[1]?.body ?? []), Buffer.from(frameOf(pixels, 1, FRAME_BYTES)), where);
      const alone = await get(archive, `${instancePath(sent)}/frames/2`, { ...OCTETS, range: 'bytes=3-6' });
      assert.equal(alone.status, 206);
      assert.deepEqual(Buffer.from(alone.body), Buffer.from(frameOf(pixels, 2, FRAME_BYTES).subarray(3, 7)), where);
    }
  },
  'frames that begin inside of a byte or a word': async (archive) => {
    const oneBit = partsOf(await get(archive, `${instancePath(bits)}/frames/1,2,3`, OHIF));
    const all = [...pixelsOf(14)]
      .map((byte) => byte.toString(2).padStart(8, '0').split('').reverse().join(''))
      .join('');
    for (const [index, { body }] of oneBit.entries()) {
      const text = [...body].map((byte) => byte.toString(2).padStart(8, '0').split('').reverse().join('')).join('');
      assert.equal(text.slice(0, 35), all.slice(35 * index, 35 * index + 35));
    }
    const bytes = partsOf(await get(archive, `${instancePath(odd)}/frames/1,2,3`, OHIF));
    const joined = concat(bytes.map(({ body }) => body));
    assert.deepEqual(Buffer.from(joined), Buffer.from(pixelsOf(105)));
  },
  'compressed frames as they stand, under the type that is asked': async (archive) => {
    const frames = [concat(fragments.slice(0, 2)), fragments[2] as Uint8Array];
    for (const [accept, type] of [
      [OHIF.accept, 'application/octet-stream'],
      ['multipart/related; type="image/jpeg"', 'image/jpeg'],
      ['*/*', 'image/jpeg'],
    ] as const) {
      const parts = partsOf(await get(archive, `${instancePath(compressed)}/frames/1,2`, { accept }));
      assert.deepEqual(
        parts.map(({ headers }) => headers['content-type']),
        [1, 2].map(() => `${type}; transfer-syntax=${JPEG}`),
      );
      assert.deepEqual(
        parts.map(({ body }) => Buffer.from(body)),
        frames.map((frame) => Buffer.from(frame)),
      );
    }
    const alone = await get(archive, `${instancePath(compressed)}/frames/2`, { accept: 'image/jpeg' });
    assert.equal(alone.headers.get('content-type'), `image/jpeg; transfer-syntax=${JPEG}`);
    assert.deepEqual(Buffer.from(alone.body), Buffer.from(frames[1] as Uint8Array));
    const explicit = { accept: `multipart/related; type="application/octet-stream"; transfer-syntax=${EXPLICIT_LE}` };
    assert.equal((await get(archive, `${instancePath(compressed)}/frames/1`, explicit)).status, 406);
    assert.equal((await get(archive, `${instancePath(compressed)}/frames/1,2`, { accept: 'image/jpeg' })).status, 406);
  },
  'no such frame is 404, no list is 400': async (archive) => {
    const [sent] = native as [Image];
    for (const [list, status] of [
      ['4', 404],
      ['0', 404],
      ['1,4', 404],
      ['a', 400],
      ['1,,2', 400],
      ['-1', 400],
      ['1.5', 400],
    ]) {
      assert.equal((await get(archive, `${instancePath(sent)}/frames/${list}`, OHIF)).status, status, `${list}`);
    }
  },
  'what the metadata leads to is there': async (archive) => {
    for (const sent of native) {
      const [json] = jsonOf<
        Record<string, { BulkDataURI?: string; Value?: Record<string, { BulkDataURI?: string }>[] }>[]
      >(await get(archive, `${instancePath(sent)}/metadata`));
      const icon = json?.['00880200']?.Value?.[0]?.['7FE00010']?.BulkDataURI ?? '';
      assert.match(icon, /\/dicom-web\/i\/TEST\/studies\/.*\/bulkdata\/00880200\/0\/7FE00010$/);
      for (const [uri, expected] of [
        [icon, ICON],
        [json?.['00291010']?.BulkDataURI ?? '', PRIVATE_BULK],
        [json?.['7FE00010']?.BulkDataURI ?? '', pixels],
      ] as const) {
        const part = partOf(await get(archive, uri, OHIF));
        assert.equal(part.headers['content-location'], uri);
        assert.deepEqual(Buffer.from(part.body), Buffer.from(expected), `${sent.transferSyntaxUid} ${uri}`);
        const some = await get(archive, uri, { ...OCTETS, range: 'bytes=101-104' });
        assert.deepEqual(Buffer.from(some.body), Buffer.from(expected.subarray(101, 105)));
      }
    }
  },
  'compressed pixel data are one part for each frame': async (archive) => {
    const parts = partsOf(await get(archive, `${instancePath(compressed)}/bulkdata/7FE00010`, OHIF));
    assert.deepEqual(
      parts.map(({ body }) => body.length),
      [8, 6],
    );
    const alone = await get(archive, `${instancePath(single)}/bulkdata/7FE00010`, { accept: 'image/jpeg' });
    assert.deepEqual(Buffer.from(alone.body), Buffer.from(fragments[0] as Uint8Array));
  },
  'a document goes out under its own type': async (archive) => {
    const path = `${instancePath(document)}/bulkdata/00420011`;
    const alone = await get(archive, path, { accept: 'application/pdf' });
    assert.deepEqual([alone.status, alone.headers.get('content-type')], [200, 'application/pdf']);
    assert.deepEqual(Buffer.from(alone.body), Buffer.from(pdf));
  },
  'all bulk data of an instance, of a study': async (archive) => {
    const [sent] = native as [Image];
    const parts = partsOf(await get(archive, `${instancePath(sent)}/bulkdata`, OHIF));
    assert.deepEqual(
      parts.map(({ body }) => body.length),
      [PRIVATE_BULK.length, ICON.length, pixels.length],
    );
    const all = partsOf(await get(archive, `${studyPath(sent)}/bulkdata`, OHIF));
    const expected = [...native, bits, odd].length * 3 + (2 + 2) + (2 + 1) + (2 + 2);
    assert.equal(all.length, expected, 'a private value and an icon each, and pixels, frames or a document');
    assert.equal((await get(archive, `${studyPath(sent)}/bulkdata`, { accept: 'image/jpeg' })).status, 406);
  },
  'no such value': async (archive) => {
    const path = instancePath(native[0] as Image);
    for (const [below, status] of [
      ['00880200', 404],
      ['00880200/1/7FE00010', 404],
      ['12345678', 404],
      ['xyz', 400],
      ['00880200/0', 400],
      ['7FE00010/', 200],
    ] as const) {
      assert.equal((await get(archive, `${path}/bulkdata/${below}`, OHIF)).status, status, below);
    }
  },
};

test('frames and bulk data', async (t) => {
  const archive = await startArchive(t);
  for (const each of [...native, bits, odd, compressed, single, document, plain]) await storeImage(archive, each);
  for (const [title, check] of Object.entries(CHECKS)) await t.test(title, () => check(archive));
});
