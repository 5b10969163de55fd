import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { get, image, instancePath, startArchive, storeImage, studyPath } from './retrieve.fixture.ts';

const tokenOf = (name: string, institution: string, more: object = {}) => ({
  name,
  sha256: createHash('sha256').update(name).digest('hex'),
  institution,
  ...more,
});
const bearer = (name: string): Record<string, string> => ({ authorization: `Bearer ${name}` });

test('what a caller may not see answers like what is not there', async (t) => {
  const file = join(temporaryDirectory(), 'access.json');
  const tokens = [
    tokenOf('one', 'ONE'),
    tokenOf('two', 'TWO'),
    tokenOf('both', 'ONE', { sees: ['TWO'] }),
    tokenOf('sender', 'ONE', { actions: ['store'] }),
  ];
  writeFileSync(file, JSON.stringify({ tokens }));
  const archive = await startArchive(t, { ACERVO_ACCESS: 'enforced', ACERVO_ACCESS_FILE: file });
  const shared = image({ study: '2.25.700', series: 1, number: 1, transferSyntaxUid: EXPLICIT_LE });
  const own = image({ study: '2.25.701', series: 1, number: 1, transferSyntaxUid: EXPLICIT_LE });
  await storeImage(archive, shared, 'ONE');
  await storeImage(archive, shared, 'TWO');
  await storeImage(archive, own, 'ONE');
  const statusOf = async (path: string, name: string): Promise<number> =>
    (await get(archive, path, bearer(name))).status;
  const below = (institution: string, path: string): string =>
    path.replace('/dicom-web', `/dicom-web/i/${institution}`);

  assert.equal(await statusOf(studyPath(own), 'one'), 200);
  assert.equal(await statusOf(studyPath(own), 'two'), 404);
  assert.equal(await statusOf(below('ONE', instancePath(own)), 'two'), 404);
  assert.equal(await statusOf(studyPath(shared), 'one'), 200, 'another institution holds it too, unseen');
  assert.equal(await statusOf(studyPath(shared), 'both'), 409);
  assert.equal(await statusOf(below('TWO', studyPath(shared)), 'both'), 200);
  assert.equal(await statusOf(below('TWO', studyPath(shared)), 'one'), 404);
  assert.equal(await statusOf(studyPath(own), 'sender'), 403);
  assert.equal((await get(archive, studyPath(own))).status, 401);
  const unseen = await get(archive, `${instancePath(own)}/metadata`, bearer('two'));
  const absent = await get(archive, `${instancePath({ ...own, studyUid: '2.25.9' })}/metadata`, bearer('two'));
  const shown = ({ body }: typeof unseen): string => new TextDecoder().decode(body).replace(/urn:uuid:[^"]*/, '');
  assert.equal(shown(unseen), shown(absent));
});
