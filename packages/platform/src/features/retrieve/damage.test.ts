import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { segmentPath } from '@acervo/kernel/pack/record.ts';
import {
  get,
  type Image,
  image,
  instancePath,
  jsonOf,
  startArchive,
  storeImage,
  studyPath,
} from './retrieve.fixture.ts';

type Json = Record<string, { vr: string; Value?: unknown[] }>;

const ANY = { accept: 'application/dicom; transfer-syntax=*' };
const FILE_BYTES = 2_000_000;

test('what is damaged does not hide the rest, nor pass for whole', async (t) => {
  const archive = await startArchive(t);
  const study = '2.25.600';
  const images = [1, 2, 3].map((number) =>
    image({ study, series: 1, number, transferSyntaxUid: IMPLICIT_LE, rows: 1000, columns: FILE_BYTES / 2000 }),
  );
  for (const each of images) await storeImage(archive, each);
  const [before, broken, after] = images as [Image, Image, Image];
  const [row] = await archive.server.archive.database.query<{ segment: number; file: number; data: number }>(
    'select segment, file_at as file, file_at + head_bytes as data from instance where sop_uid = $1',
    [broken.sopInstanceUid],
  );
  assert.ok(row);
  const openSegment = () => open(join(archive.directory, 'packs', segmentPath(row.segment)), 'r+');

  await t.test('in metadata an instance with a broken header has its UIDs, the others everything', async () => {
    const file = await openSegment();
    await file.write(new Uint8Array(400).fill(0x2e), 0, 400, row.data);
    await file.close();
    const json = jsonOf<Json[]>(await get(archive, `${studyPath(before)}/metadata`));
    assert.deepEqual(
      json.map((each) => each['00080018']?.Value?.[0]),
      images.map(({ sopInstanceUid }) => sopInstanceUid),
    );
    assert.deepEqual(Object.keys(json[1] ?? {}).sort(), ['00080016', '00080018', '0020000D', '0020000E']);
    assert.ok(Object.keys(json[2] ?? {}).length > 10);
    const [alone] = jsonOf<Json[]>(await get(archive, `${instancePath(broken)}/metadata`));
    assert.deepEqual(alone, json[1]);
  });
  await t.test('what cannot be converted goes out as stored, and says so', async () => {
    const answer = await get(archive, instancePath(broken), { accept: 'application/dicom' });
    assert.equal(answer.headers.get('content-type'), `application/dicom; transfer-syntax=${IMPLICIT_LE}`);
    assert.deepEqual(answer.body, (await get(archive, instancePath(broken), ANY)).body);
  });
  await t.test('pixels that no header describes are no frames', async () => {
    assert.equal((await get(archive, `${instancePath(broken)}/frames/1`)).status, 404);
  });
  await t.test('an answer that cannot be finished is cut; one that cannot begin is 500', async () => {
    const file = await openSegment();
    await file.truncate(row.file + FILE_BYTES / 2);
    await file.close();
    const accept = 'multipart/related; type="application/dicom"; transfer-syntax=*';
    await assert.rejects(get(archive, studyPath(before), { accept }));
    assert.equal((await get(archive, instancePath(before), ANY)).status, 200);
    assert.equal((await get(archive, instancePath(after), ANY)).status, 500);
    await assert.rejects(async () => {
      const { headers, body } = await get(archive, instancePath(broken), ANY);
      assert.equal(headers.get('content-length'), `${body.length}`);
    });
  });
});
