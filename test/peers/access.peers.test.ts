import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { type ArchiveProcess, runAcervo, scratch, startArchive } from '../harness/archive-process.ts';
import { dataSetOfFile, sha256 } from '../harness/retrieved.ts';
import { associate } from '../harness/sender.ts';
import { stow } from '../harness/stow.ts';

/** Two hospitals of one system each, and who may read: each its own, one both, one nothing but search. */
const TOKENS = [
  { name: 'reader-a', token: 'token-of-a', institution: 'HOSPITAL-A' },
  { name: 'reader-b', token: 'token-of-b', institution: 'HOSPITAL-B' },
  { name: 'both', token: 'token-of-both', institution: 'HOSPITAL-A', sees: ['HOSPITAL-B'] },
  { name: 'searcher', token: 'token-to-search', institution: 'HOSPITAL-A', actions: ['query'] },
];
const SYSTEMS = [
  { aeTitle: 'CT-A', institution: 'HOSPITAL-A' },
  { aeTitle: 'CT-B', institution: 'HOSPITAL-B' },
];

/** Both hospitals hold a study of this UID, each with another patient; the other ones are of one hospital. */
const shared = smallObject({ name: 'shared', study: 1, number: 1, patientName: 'UNO^ANA', patientId: 'A-1' });
const sharedElsewhere = smallObject({ name: 'shared', study: 1, number: 1, patientName: 'DOS^EVA', patientId: 'B-1' });
const onlyA = smallObject({ name: 'only-a', study: 2, number: 1, patientId: 'A-2' });
const onlyB = smallObject({ name: 'only-b', study: 3, number: 1, patientId: 'B-2' });

async function prepare(t: TestContext): Promise<ArchiveProcess> {
  const folder = scratch(t, 'access');
  const accessFile = join(folder, 'access.json');
  const tokens = TOKENS.map(({ token, ...of }) => ({ ...of, sha256: sha256(new TextEncoder().encode(token)) }));
  writeFileSync(accessFile, JSON.stringify({ systems: SYSTEMS, tokens }));
  const archive = await startArchive(t, join(folder, 'data'), {
    ACERVO_ACCESS: 'enforced',
    ACERVO_ACCESS_FILE: accessFile,
  });
  for (const [aet, objects] of [
    ['CT-A', [shared, onlyA]],
    ['CT-B', [sharedElsewhere, onlyB]],
  ] as const) {
    const association = await associate(archive, objects, aet);
    for (const object of objects) assert.equal((await association.store(object)).status, 0x0000);
    await association.release();
  }
  return archive;
}

type Answered = { status: number; text: string };

async function get(archive: ArchiveProcess, path: string, token?: string, accept = '*/*'): Promise<Answered> {
  const answer = await fetch(archive.http + path, {
    headers: { accept, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
  });
  return { status: answer.status, text: await answer.text() };
}

/** A problem without what is different each time. */
const problemOf = ({ status, text }: Answered): unknown => {
  const { instance: _, ...rest } = JSON.parse(text) as { instance: string };
  return { status, ...rest };
};

const studyOf = (of: { studyUid: string }): string => `/dicom-web/studies/${of.studyUid}`;
const countOf = ({ status, text }: Answered): number => (status === 204 ? 0 : (JSON.parse(text) as unknown[]).length);

test('only a known system may associate, and what it sends belongs to its institution', async (t) => {
  const archive = await prepare(t);
  await assert.rejects(associate(archive, [shared], 'STRANGER'), /ul\/rejected: 1\/1\/3/);
  for (const [institution, object] of [
    ['HOSPITAL-A', shared],
    ['HOSPITAL-B', sharedElsewhere],
  ] as const) {
    const { studyUid, seriesUid, sopInstanceUid } = object;
    const path = `/dicom-web/i/${institution}/studies/${studyUid}/series/${seriesUid}/instances/${sopInstanceUid}`;
    const answer = await fetch(archive.http + path, {
      headers: { accept: 'application/dicom; transfer-syntax=*', authorization: 'Bearer token-of-both' },
    });
    assert.equal(answer.status, 200, institution);
    assert.equal(sha256(dataSetOfFile(new Uint8Array(await answer.arrayBuffer()))), sha256(object.dataSet));
  }
  assert.equal(await archive.stop(), 0);
});

test('without a token, or with another one, nothing is told', async (t) => {
  const archive = await prepare(t);
  const paths = [
    studyOf(shared),
    `${studyOf(shared)}/metadata`,
    '/dicom-web/studies',
    '/metrics',
    '/dicom-web/i/HOSPITAL-A/studies',
  ];
  for (const path of paths) {
    for (const token of [undefined, 'no-such-token', ''])
      assert.equal((await get(archive, path, token)).status, 401, path);
  }
  const file = concat([writeFileHead(onlyA), onlyA.dataSet]);
  assert.equal((await stow({ http: archive.http }, [file])).status, 401);
  assert.equal(
    (await stow({ http: archive.http, token: 'token-of-b', institution: 'HOSPITAL-A' }, [file])).status,
    403,
  );
  assert.equal((await stow({ http: archive.http, token: 'token-to-search' }, [file])).status, 403);
  assert.equal((await get(archive, '/healthz')).status, 200);
});

test('what belongs to another institution is answered as what is not there', async (t) => {
  const archive = await prepare(t);
  const absent = '/dicom-web/studies/1.2.3.4.5';
  for (const [token, own, foreign, foreignCode] of [
    ['token-of-a', onlyA, onlyB, 'HOSPITAL-B'],
    ['token-of-b', onlyB, onlyA, 'HOSPITAL-A'],
  ] as const) {
    for (const end of [
      '',
      '/metadata',
      `/series/${foreign.seriesUid}`,
      `/series/${foreign.seriesUid}/metadata`,
      `/series/${foreign.seriesUid}/instances/${foreign.sopInstanceUid}`,
      `/series/${foreign.seriesUid}/instances/${foreign.sopInstanceUid}/frames/1`,
    ]) {
      const notMine = await get(archive, studyOf(foreign) + end, token);
      assert.deepEqual(problemOf(notMine), problemOf(await get(archive, absent + end, token)), end);
      assert.equal(notMine.status, 404);
      const byName = `/dicom-web/i/${foreignCode}/studies/${foreign.studyUid}${end}`;
      assert.deepEqual(problemOf(await get(archive, byName, token)), problemOf(notMine), byName);
    }
    assert.equal((await get(archive, studyOf(own), token)).status, 200);
    assert.equal(countOf(await get(archive, '/dicom-web/studies', token)), 2);
    assert.equal(countOf(await get(archive, `/dicom-web/studies?StudyInstanceUID=${foreign.studyUid}`, token)), 0);
    assert.equal(
      countOf(await get(archive, `/dicom-web/instances?SOPInstanceUID=${foreign.sopInstanceUid}`, token)),
      0,
    );
  }
  assert.equal(countOf(await get(archive, '/dicom-web/studies', 'token-of-both')), 4);
});

test('a study that two institutions hold is ambiguous for who sees both, and for nobody else', async (t) => {
  const archive = await prepare(t);
  for (const end of ['', '/metadata']) {
    const path = studyOf(shared) + end;
    const both = await get(archive, path, 'token-of-both');
    assert.equal(both.status, 409);
    for (const institution of ['HOSPITAL-A', 'HOSPITAL-B']) {
      assert.match(both.text, new RegExp(`/i/${institution}/studies/`), 'the choices are named');
    }
    for (const token of ['token-of-a', 'token-of-b']) assert.equal((await get(archive, path, token)).status, 200);
  }
  for (const [institution, patientId] of [
    ['HOSPITAL-A', 'A-1'],
    ['HOSPITAL-B', 'B-1'],
  ]) {
    const path = `/dicom-web/i/${institution}/studies/${shared.studyUid}/metadata`;
    const metadata = JSON.parse((await get(archive, path, 'token-of-both')).text) as Record<
      string,
      { Value?: unknown[] }
    >[];
    assert.deepEqual(metadata[0]?.['00100020']?.Value, [patientId]);
  }
});

test('open access beyond loopback refuses to start', async (t) => {
  const dataDir = join(scratch(t, 'access-open'), 'data');
  for (const setting of ['ACERVO_HTTP_HOST', 'ACERVO_DIMSE_HOST']) {
    const { code, err } = await runAcervo(dataDir, ['serve'], { ACERVO_ACCESS: 'open', [setting]: '0.0.0.0' });
    assert.notEqual(code, 0);
    assert.match(err, new RegExp(`ACERVO_ACCESS is open, so ${setting} must be a loopback address`));
  }
});
