import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import {
  get,
  image,
  instancePath,
  jsonOf,
  seriesPath,
  startArchive,
  storeImage,
  studyPath,
  type TestArchive,
} from './retrieve.fixture.ts';

type Json = Record<string, { vr: string; Value?: unknown[]; BulkDataURI?: string }>;

/** The answer as it came, without a client that undoes its encoding. */
async function raw(archive: TestArchive, path: string, headers: Record<string, string>) {
  const { promise, resolve, reject } = Promise.withResolvers<{ headers: Record<string, unknown>; body: Buffer }>();
  request(archive.url + path, { headers }, async (answer) => {
    resolve({ headers: answer.headers, body: Buffer.concat(await Array.fromAsync(answer)) });
  })
    .on('error', reject)
    .end();
  return promise;
}

test('metadata', async (t) => {
  const archive = await startArchive(t);
  const study = '2.25.500';
  const syntaxes = [IMPLICIT_LE, EXPLICIT_BE, EXPLICIT_LE];
  const images = syntaxes.map((transferSyntaxUid, index) =>
    image({ study, series: 2, number: 9 - index, transferSyntaxUid }),
  );
  const first = image({ study, series: 1, number: 1, transferSyntaxUid: EXPLICIT_LE });
  for (const each of [...images, first]) await storeImage(archive, each);
  const [sent] = images as [typeof first];

  await t.test('of a study: by series, number, UID', async () => {
    const answer = await get(archive, `${studyPath(sent)}/metadata`);
    assert.equal(answer.headers.get('content-type'), 'application/dicom+json');
    const sops = jsonOf<Json[]>(answer).map((json) => json['00080018']?.Value?.[0]);
    assert.deepEqual(
      sops,
      [first, ...images.toReversed()].map(({ sopInstanceUid }) => sopInstanceUid),
    );
  });
  await t.test('the same of a series and of an instance, from the same bytes in any transfer syntax', async () => {
    const series = jsonOf<Json[]>(await get(archive, `${seriesPath(sent)}/metadata`));
    for (const each of images) {
      const [alone] = jsonOf<Json[]>(
        await get(archive, `${instancePath(each)}/metadata`, { accept: 'application/json' }),
      );
      assert.deepEqual(
        series.find((json) => json['00080018']?.Value?.[0] === each.sopInstanceUid),
        alone,
      );
      assert.deepEqual(alone?.['00100010'], { vr: 'PN', Value: [{ Alphabetic: 'IBÁÑEZ^ÍÑIGO' }] });
      assert.match(
        alone?.['7FE00010']?.BulkDataURI ?? '',
        /^http:\/\/127\.0\.0\.1:\d+\/dicom-web\/i\/TEST\/.*7FE00010$/,
      );
    }
  });
  await t.test('gzip is one member of the same text, and is not made again', async () => {
    const path = `${studyPath(sent)}/metadata`;
    const plain = await raw(archive, path, {});
    assert.equal(plain.headers['content-encoding'], undefined);
    const gzip = await raw(archive, path, { 'accept-encoding': 'gzip, deflate' });
    assert.equal(gzip.headers['content-encoding'], 'gzip');
    assert.equal(gzip.headers['vary'], 'accept, accept-encoding');
    assert.deepEqual(gunzipSync(gzip.body), plain.body);
    assert.deepEqual((await raw(archive, path, { 'accept-encoding': '*;q=0.5' })).body, gzip.body);
    assert.equal((await raw(archive, path, { 'accept-encoding': 'gzip;q=0' })).headers['content-encoding'], undefined);
    const known = await get(archive, path, {
      'if-none-match': String(gzip.headers['etag']),
      'accept-encoding': 'gzip',
    });
    assert.equal(known.status, 304);
  });
  await t.test('XML is 406', async () => {
    const accept = 'multipart/related; type="application/dicom+xml"';
    assert.equal((await get(archive, `${studyPath(sent)}/metadata`, { accept })).status, 406);
  });
  await t.test('a series that grows is read again', async () => {
    const path = `${seriesPath(sent)}/metadata`;
    const before = await get(archive, path);
    await storeImage(archive, image({ study, series: 2, number: 99, transferSyntaxUid: EXPLICIT_LE }));
    const after = await get(archive, path, { 'if-none-match': before.headers.get('etag') ?? '' });
    assert.deepEqual([after.status, jsonOf<Json[]>(after).length], [200, 4]);
  });
});
