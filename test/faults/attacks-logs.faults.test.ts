import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { textElement } from '@acervo/dicom/data-set/build.ts';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { concat, latin1Bytes } from '@acervo/kernel/bytes.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { type ArchiveProcess, postmasterOf, runAcervo } from '../harness/archive-process.ts';
import { AUTHORIZED, SYSTEMS, startKnown, TOKEN } from '../harness/known-archive.ts';
import { associate } from '../harness/sender.ts';
import { internalErrors } from '../harness/server-log.ts';
import { stow } from '../harness/stow.ts';

/** Each identifies somebody. They are words of no language, so that finding one is a leak. */
const SEEDED = {
  family: 'ZQXVARGASSEED',
  given: 'ZQXMARIASEED',
  id: 'ZQXPIDSEED77',
  otherId: 'ZQXOTHERSEED55',
  accession: 'ZQXACCSEED88',
  curp: 'SABC560626MDFLRN01',
  birthDate: '19121119',
  description: 'ZQXDESCRIPTIONSEED',
  physician: 'ZQXPHYSICIANSEED',
} as const;
const NAME = `${SEEDED.family}^${SEEDED.given}`;

const seeded = (number: number, also: Parameters<typeof smallObject>[0]['also'] = []): SmallObject =>
  smallObject({
    name: 'attacks-logs',
    study: 1,
    number,
    patientName: NAME,
    patientId: SEEDED.id,
    pixelBytes: 2000,
    also: [
      textElement(T.AccessionNumber, 'SH', SEEDED.accession),
      textElement(T.PatientBirthDate, 'DA', SEEDED.birthDate),
      textElement(T.OtherPatientIDs, 'LO', `${SEEDED.otherId}\\${SEEDED.curp}`),
      textElement(T.StudyDescription, 'LO', SEEDED.description),
      textElement(T.ReferringPhysicianName, 'PN', SEEDED.physician),
      ...also,
    ],
  });

const fileOf = (of: SmallObject): Uint8Array => concat([writeFileHead(of), of.dataSet]);

/** Objects with what identifies somebody, that cannot be stored as they are. */
function brokenFiles(): Uint8Array[] {
  const good = fileOf(seeded(1));
  const at = Buffer.from(good).indexOf(SEEDED.id);
  const broken = Buffer.from(good);
  broken.writeUInt16LE(0xffff, at - 2);
  return [
    good.subarray(0, at + 4),
    broken,
    fileOf(seeded(2, [textElement(T.StudyInstanceUID, 'UI', NAME)])),
    fileOf(seeded(3, [textElement(T.SOPInstanceUID, 'UI', `../../${SEEDED.id}`)])),
    fileOf(seeded(4, [textElement(T.SpecificCharacterSet, 'CS', SEEDED.family.slice(0, 16))])),
    latin1Bytes(`no object, but ${Object.values(SEEDED).join(' ')}`),
    fileOf(seeded(5, [textElement(T.PatientName, 'PN', `${NAME}\0\u0001${NAME}`)])),
  ];
}

async function workByHttp(archive: ArchiveProcess): Promise<Record<number, number>> {
  const { http } = archive;
  const statuses: Record<number, number> = {};
  const ask = async (path: string, init: RequestInit = {}): Promise<void> => {
    const answer = await fetch(http + path, { ...init, headers: { ...AUTHORIZED, ...init.headers } });
    await answer.arrayBuffer();
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
  };
  const { studyUid } = seeded(1);
  for (const value of Object.values(SEEDED).map(encodeURIComponent)) {
    for (const key of [
      'PatientName',
      'PatientID',
      'AccessionNumber',
      'StudyDate',
      'StudyInstanceUID',
      'limit',
      value,
    ]) {
      await ask(`/dicom-web/studies?${key}=${value}`);
      await ask(`/api/explain/studies?${key}=${value}`);
    }
    await ask(`/dicom-web/instances?${value}=${value}&includefield=${value}`);
    await ask(`/dicom-web/studies/${value}`);
    await ask(`/dicom-web/studies/${studyUid}/series/${value}/instances/${value}/frames/${value}`);
    await ask(`/dicom-web/i/${value}/studies/${studyUid}`);
    await ask(`/wado?requestType=WADO&studyUID=${value}&seriesUID=${value}&objectUID=${value}`);
    await ask(`/api/patients?id=${value}`);
    await ask(`/api/holders?study=${value}`);
    await ask(`/ohif/viewer?StudyInstanceUIDs=${value}`);
    await ask(`/${value}/none/${value}`);
    await ask(`/dicom-web/studies/${value}`, { headers: { authorization: `Bearer ${value}` } });
    for (const body of [`{"patient":"${value}`, JSON.stringify({ patients: [value, value], reason: value })]) {
      await ask('/api/patients/link', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    }
    await ask(`/dicom-web/studies`, {
      method: 'POST',
      body: value,
      headers: { 'content-type': `multipart/related; type="application/dicom"; boundary="${value}"` },
    });
  }
  for (const aspect of ['', '/metadata', '/rendered', '/bulkdata', '/thumbnail']) {
    await ask(`/dicom-web/studies/${studyUid}${aspect}`);
  }
  await ask(`/api/studies/${studyUid}/zip`);
  return statuses;
}

async function workByDimse(archive: ArchiveProcess): Promise<number[]> {
  const statuses: number[] = [];
  const store = async (object: SmallObject): Promise<void> => {
    const association = await associate(archive, [object], SYSTEMS.a);
    try {
      statuses.push((await association.store(object)).status);
      await association.release();
    } catch {
      statuses.push(-1); // The association was aborted.
    }
  };
  const object = seeded(11);
  await store(object);
  await store({ ...object, sopInstanceUid: '1.2.3.4' });
  await store({ ...object, dataSet: object.dataSet.subarray(0, object.dataSet.length / 8) });
  await store({ ...object, dataSet: latin1Bytes(Object.values(SEEDED).join(' ').repeat(20)) });
  await store(seeded(12, [textElement(T.StudyInstanceUID, 'UI', NAME)]));
  await assert.rejects(associate(archive, [object], SEEDED.id.slice(0, 16)), /1\/1\/3/);
  return statuses;
}

/** Every text of an archive that people and programs other than the caller read. */
async function everyText(archive: ArchiveProcess, dataDir: string): Promise<Record<string, string>> {
  const log = join(dataDir, 'postgres/log');
  const metrics = await fetch(`${archive.http}/metrics`, { headers: AUTHORIZED });
  const health = await fetch(`${archive.http}/readyz`);
  return {
    'standard error': archive.logText(),
    ...Object.fromEntries(readdirSync(log).map((name) => [name, readFileSync(join(log, name), 'latin1')])),
    '/metrics': await metrics.text(),
    '/readyz': await health.text(),
  };
}

function assertNoneOf(texts: Readonly<Record<string, string>>): void {
  // The AE title of a stranger is what it says of itself, and an operator has to read it.
  const stranger = SEEDED.id.slice(0, 16);
  for (const [where, text] of Object.entries(texts)) {
    for (const [what, value] of Object.entries(SEEDED)) {
      const line = text
        .split('\n')
        .filter((each) => !(value === stranger && /"event":"(?:system\.refused|association\.rejected)"/.test(each)))
        .find((each) => each.toUpperCase().includes(value));
      assert.equal(line, undefined, `${what} in ${where}`);
    }
  }
}

/** The postmaster and every process of a connection, so that no statement comes to its end. */
function killDatabase(postmaster: number | undefined): void {
  assert.ok(postmaster !== undefined);
  process.kill(postmaster, 'SIGSTOP');
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').trim().split(' ');
  for (const pid of [...children.map(Number), postmaster]) if (pid > 1) process.kill(pid, 'SIGKILL');
}

test('logs at debug level, of success and of every failure, hold nothing of a patient', async (t) => {
  const { archive, dataDir, folder } = await startKnown(t, 'attacks-logs', { ACERVO_LOG_LEVEL: 'debug' });
  const { http } = archive;
  assert.equal((await stow({ http, token: TOKEN }, [fileOf(seeded(1))])).stored.length, 1);
  const found = await fetch(`${http}/dicom-web/studies?PatientID=${SEEDED.curp}`, { headers: AUTHORIZED });
  assert.equal(((await found.json()) as unknown[]).length, 1, 'what is looked for in the logs is in the archive');

  const refused: number[] = [];
  for (const file of brokenFiles()) refused.push((await stow({ http, token: TOKEN }, [file])).status);
  t.diagnostic(`STOW-RS ${refused.join(' ')}`);
  assert.ok(refused.filter((status) => status >= 400).length >= 4);
  t.diagnostic(`C-STORE ${(await workByDimse(archive)).map((status) => status.toString(16)).join(' ')}`);
  const statuses = await workByHttp(archive);
  t.diagnostic(`HTTP ${JSON.stringify(statuses)}`);
  for (const status of [200, 400, 401, 404]) assert.ok((statuses[status] ?? 0) > 0, `nothing was answered ${status}`);
  assertNoneOf(await everyText(archive, dataDir));

  // Its database is killed under it: what is asked meanwhile waits, and is asked again.
  killDatabase(postmasterOf(dataDir));
  const asked = await Promise.all([
    stow({ http, token: TOKEN }, [fileOf(seeded(21))]).catch(() => undefined),
    ...Object.values(SEEDED).map((value) =>
      fetch(`${http}/dicom-web/studies?PatientName=${value}`, { headers: AUTHORIZED }).then((answer) => answer.status),
    ),
  ]);
  t.diagnostic(`while the database was away: ${JSON.stringify(asked.slice(1))}`);
  const texts = await everyText(archive, dataDir);
  assertNoneOf(texts);
  assert.ok((texts['standard error'] ?? '').length > 10_000, 'something was logged');
  assert.match(texts['standard error'] ?? '', /"level":"debug"|"level":"warn"/);
  assert.deepEqual(internalErrors(archive.logText()), []);

  const incoming = join(folder, 'incoming');
  mkdirSync(incoming);
  for (const [index, file] of brokenFiles().entries()) writeFileSync(join(incoming, `${index}.dcm`), file);
  const env = { ACERVO_LOG_LEVEL: 'debug' };
  const { out, err } = await runAcervo(dataDir, ['import', incoming, '--json'], env);
  assertNoneOf({ 'acervo import': out + err });
  assert.match(out, /0\.dcm/);
});
