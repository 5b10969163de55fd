import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sameContent } from '@acervo/dicom/data-set/compare.ts';
import { sourceOf } from '@acervo/dicom/data-set/source.ts';
import { readFileHead } from '@acervo/dicom/part10.ts';
import {
  DEFLATED_LE,
  EXPLICIT_BE,
  EXPLICIT_LE,
  findTransferSyntax,
  IMPLICIT_LE,
} from '@acervo/dicom/transfer-syntax.ts';
import {
  get,
  type Image,
  image,
  instancePath,
  jsonOf,
  partOf,
  partsOf,
  seriesPath,
  startArchive,
  storeImage,
  studyPath,
  type TestArchive,
} from './retrieve.fixture.ts';

const NATIVE = [IMPLICIT_LE, EXPLICIT_LE, EXPLICIT_BE, DEFLATED_LE];
const RLE = '1.2.840.10008.1.2.5';
const JPEG = '1.2.840.10008.1.2.4.50';
const MPEG4 = '1.2.840.10008.1.2.4.102';
const ANY = 'application/dicom; transfer-syntax=*';

function headOf(file: Uint8Array) {
  const head = readFileHead(file, true);
  assert.ok(!('need' in head));
  return head;
}

const syntaxOf = (uid: string) => {
  const syntax = findTransferSyntax(uid);
  assert.ok(syntax);
  return syntax;
};

/** One study: an image in each native transfer syntax and a compressed one with two frames. */
const fragments = [Uint8Array.of(1, 0, 0, 0, 64, 0, 0, 0, 9), Uint8Array.of(1, 0, 0, 0, 64, 0, 0, 0, 8, 7)];
const [implicit, explicit, bigEndian, deflated] = NATIVE.map((transferSyntaxUid, index) =>
  image({ study: '2.25.100', series: 1, number: 4 - index, transferSyntaxUid, frames: 3 }),
) as [Image, Image, Image, Image];
const rle = image({ study: '2.25.100', series: 2, number: 1, transferSyntaxUid: RLE, frames: 2, fragments });
const video = image({ study: '2.25.101', series: 2, number: 1, transferSyntaxUid: MPEG4, fragments });
const still = image({ study: '2.25.101', series: 1, number: 1, transferSyntaxUid: EXPLICIT_LE });
const native = [implicit, explicit, bigEndian, deflated];
const images = [...native, rle];

const CHECKS: Record<string, (archive: TestArchive) => Promise<void>> = {
  'the stored bytes, alone and in a part': async (archive) => {
    for (const sent of images) {
      const single = await get(archive, instancePath(sent), { accept: ANY });
      assert.equal(single.status, 200);
      assert.equal(single.headers.get('content-type'), `application/dicom; transfer-syntax=${sent.transferSyntaxUid}`);
      assert.equal(single.headers.get('content-length'), `${single.body.length}`);
      const head = headOf(single.body);
      assert.equal(head.transferSyntaxUid, sent.transferSyntaxUid);
      assert.deepEqual(Buffer.from(single.body.subarray(head.dataSetOffset)), Buffer.from(sent.dataSet));
      const accept = 'multipart/related; type=application/dicom; transfer-syntax=*';
      const multiple = await get(archive, instancePath(sent), { accept });
      assert.equal(multiple.headers.get('content-length'), `${multiple.body.length}`);
      assert.deepEqual(partOf(multiple).body, single.body);
    }
  },
  'explicit VR little endian where nothing is asked, of equal content': async (archive) => {
    for (const sent of native) {
      const part = partOf(await get(archive, instancePath(sent)));
      assert.equal(part.headers['content-type'], `application/dicom; transfer-syntax=${EXPLICIT_LE}`);
      const head = headOf(part.body);
      assert.equal(head.transferSyntaxUid, EXPLICIT_LE);
      assert.ok(head.complete);
      const source = sourceOf(part.body.subarray(head.dataSetOffset));
      const original = image({
        study: '2.25.100',
        series: 1,
        number: Number(sent.sopInstanceUid.at(-1)),
        transferSyntaxUid: EXPLICIT_LE,
        frames: 3,
      });
      const stored = { source: sourceOf(original.dataSet), syntax: syntaxOf(EXPLICIT_LE) };
      assert.ok(await sameContent({ source, syntax: syntaxOf(EXPLICIT_LE) }, stored), sent.transferSyntaxUid);
    }
  },
  'what cannot be had is 406': async (archive) => {
    for (const [of, accept] of [
      [rle, `application/dicom; transfer-syntax=${JPEG}`],
      [explicit, `application/dicom; transfer-syntax=${JPEG}`],
      [implicit, 'image/jpeg'],
    ] as const) {
      assert.equal((await get(archive, instancePath(of), { accept })).status, 406, accept);
    }
  },
  'entity tags and ranges': async (archive) => {
    const whole = await get(archive, instancePath(implicit), { accept: ANY });
    const etag = whole.headers.get('etag') ?? '';
    assert.match(etag, /^"[0-9a-f]{40}"$/);
    const again = await get(archive, instancePath(implicit), { accept: ANY, 'if-none-match': etag });
    assert.deepEqual([again.status, again.body.length], [304, 0]);
    const range = await get(archive, instancePath(implicit), { accept: ANY, range: 'bytes=128-131', 'if-range': etag });
    assert.deepEqual([range.status, Buffer.from(range.body).toString()], [206, 'DICM']);
    assert.equal(range.headers.get('content-range'), `bytes 128-131/${whole.body.length}`);
    const beyond = await get(archive, instancePath(implicit), { accept: ANY, range: `bytes=${whole.body.length}-` });
    assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, `bytes */${whole.body.length}`]);
    const converted = await get(archive, instancePath(implicit), {
      accept: 'application/dicom',
      'if-none-match': etag,
    });
    assert.equal(converted.status, 200);
    assert.notEqual(converted.headers.get('etag'), etag);
    const same = [await get(archive, instancePath(implicit)), await get(archive, instancePath(implicit))];
    assert.deepEqual(same[0]?.body, same[1]?.body, 'a strong tag promises the same bytes');
  },
  'HEAD says what GET would': async (archive) => {
    const head = await fetch(archive.url + instancePath(implicit), { method: 'HEAD', headers: { accept: ANY } });
    const body = await get(archive, instancePath(implicit), { accept: ANY });
    assert.equal(head.headers.get('content-length'), `${body.body.length}`);
  },
  'a study and a series, by number': async (archive) => {
    const study = partsOf(
      await get(archive, studyPath(implicit), {
        accept: 'multipart/related; type="application/dicom"; transfer-syntax=*',
      }),
    );
    const expected = [...native.toReversed(), rle];
    assert.deepEqual(
      study.map(({ body }) => headOf(body).mediaStorageSopInstanceUid),
      expected.map((each) => each.sopInstanceUid),
    );
    for (const [index, { body }] of study.entries()) {
      assert.deepEqual(
        Buffer.from(body.subarray(headOf(body).dataSetOffset)),
        Buffer.from((expected[index] as Image).dataSet),
      );
    }
    assert.equal(partsOf(await get(archive, seriesPath(rle))).length, 1);
  },
  '206 where only some can be had as asked': async (archive) => {
    const accept = `multipart/related; type="application/dicom"; transfer-syntax=${RLE}`;
    for (const each of [video, still]) await storeImage(archive, each);
    const study = await get(archive, studyPath(video), { accept });
    assert.deepEqual([study.status, partsOf(study).length], [206, 1]);
    assert.equal((await get(archive, seriesPath(video), { accept })).status, 406);
    assert.equal((await get(archive, studyPath(implicit), { accept: 'application/dicom' })).status, 406);
  },
  'absent is 404 on every level, what is no UID is 400': async (archive) => {
    const { studyUid, seriesUid } = implicit;
    for (const path of [
      '/studies/2.25.999',
      `/studies/${studyUid}/series/2.25.999`,
      `/studies/${studyUid}/series/${seriesUid}/instances/1.2`,
      `/studies/2.25.999/metadata`,
      `/i/OTHER/studies/${studyUid}`,
      `/i/lower/studies/${studyUid}`,
    ])
      assert.equal((await get(archive, `/dicom-web${path}`)).status, 404, path);
    assert.equal((await get(archive, '/dicom-web/studies/1.2..3')).status, 400);
    assert.equal((await get(archive, `/dicom-web/studies/${studyUid}/series/..%2f`)).status, 400);
  },
};

test('instances in every form', async (t) => {
  const archive = await startArchive(t);
  for (const each of images) await storeImage(archive, each);
  for (const [title, check] of Object.entries(CHECKS)) await t.test(title, () => check(archive));
});

test('a study that two institutions hold is a choice', async (t) => {
  const archive = await startArchive(t);
  const sent = image({ study: '2.25.200', series: 1, number: 1, transferSyntaxUid: EXPLICIT_LE });
  await storeImage(archive, sent, 'ONE');
  assert.equal((await get(archive, instancePath(sent), { accept: ANY })).status, 200);
  const other = image({ study: '2.25.200', series: 1, number: 1, transferSyntaxUid: EXPLICIT_LE, rows: 6 });
  await storeImage(archive, other, 'TWO');
  for (const path of [studyPath(sent), `${instancePath(sent)}/metadata?accept=application/json`]) {
    const answer = await get(archive, path);
    assert.equal(answer.status, 409);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    const { type, choices } = jsonOf<{ type: string; choices: { institution: string; href: string }[] }>(answer);
    assert.equal(type, 'urn:acervo:failure:retrieve/ambiguous');
    assert.deepEqual(
      choices.map(({ institution }) => institution),
      ['ONE', 'TWO'],
    );
    for (const { href } of choices) assert.equal((await get(archive, href)).status, 200, href);
  }
  for (const [institution, held] of [
    ['ONE', sent],
    ['TWO', other],
  ] as const) {
    const path = instancePath(sent).replace('/dicom-web', `/dicom-web/i/${institution}`);
    const { body } = await get(archive, path, { accept: ANY });
    assert.deepEqual(Buffer.from(body.subarray(headOf(body).dataSetOffset)), Buffer.from(held.dataSet));
  }
});

test('reading is in the journal before it is answered', async (t) => {
  const archive = await startArchive(t);
  const sent = image({ study: '2.25.300', series: 1, number: 1, transferSyntaxUid: EXPLICIT_LE });
  await storeImage(archive, sent);
  await get(archive, `${instancePath(sent)}/frames/9`);
  const read = (): Promise<{ event: string }[]> =>
    archive.server.archive.database.query(`select event from journal where kind = 'study.retrieved' and study = $1`, [
      sent.studyUid,
    ]);
  assert.deepEqual(await read(), [], 'a refusal is no reading');
  await get(archive, `${instancePath(sent)}/frames/1`);
  const [row, ...more] = await read();
  assert.equal(more.length, 0);
  const { institution, facts } = JSON.parse(row?.event ?? '{}') as { institution: string; facts: object };
  assert.equal(institution, 'TEST');
  assert.deepEqual(facts, {
    by: 'LOCAL',
    level: 'instance',
    aspect: 'frames',
    series: sent.seriesUid,
    instance: sent.sopInstanceUid,
    count: 1,
  });
});
