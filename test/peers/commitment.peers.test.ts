import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { newUid } from '@acervo/dicom/uid.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { type ArchiveProcess, runAcervo, scratch, startArchive } from '../harness/archive-process.ts';
import { askForCommitment, listenForReports } from '../harness/dcmjs-scu.ts';
import { freePort, ORTHANC_AET, type Orthanc, startOrthanc } from '../harness/orthanc.ts';
import { associate } from '../harness/sender.ts';
import { internalErrors } from '../harness/server-log.ts';

const DCMJS_AET = 'DCMJS';
/** C05 of the requirements: a report comes within a minute. */
const REPORT_MS_MAX = 60_000;
const MISSING = { sopClassUid: '1.2.840.10008.5.1.4.1.1.2', sopInstanceUid: '1.2.826.0.1.3680043.2.1.404' };

type Prepared = { archive: ArchiveProcess; folder: string; dataDir: string; objects: readonly SmallObject[] };

/** An archive that knows a system and where it listens, with three objects of one study. */
async function prepare(t: TestContext, aeTitle: string, port?: number): Promise<Prepared> {
  const folder = scratch(t, 'commitment');
  const dataDir = join(folder, 'data');
  const accessFile = join(folder, 'access.json');
  const address = port === undefined ? {} : { host: '127.0.0.1', port };
  writeFileSync(accessFile, JSON.stringify({ systems: [{ aeTitle, institution: 'HGM', ...address }] }));
  const archive = await startArchive(t, dataDir, { ACERVO_ACCESS_FILE: accessFile });
  const objects = [1, 2, 3].map((number) => smallObject({ name: 'commitment', study: 1, number }));
  const association = await associate(archive, objects, aeTitle);
  for (const object of objects) assert.equal((await association.store(object)).status, 0);
  await association.release();
  return { archive, folder, dataDir, objects };
}

const uidsOf = (objects: readonly SmallObject[]): string[] =>
  objects.map(({ sopInstanceUid }) => sopInstanceUid).sort();

type Listed = { role: string; state: string; transactionUid: string; failures: Record<string, unknown> | null };

async function commitments(dataDir: string): Promise<Listed[]> {
  const { code, out, err } = await runAcervo(dataDir, ['commitments', '--json']);
  assert.equal(code, 0, err);
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Listed);
}

test('dcmjs-dimse hears all of it on the association that asked, failures too', async (t) => {
  const { archive, dataDir, objects } = await prepare(t, DCMJS_AET);
  const transactionUid = newUid();
  const scu = { aeTitle: DCMJS_AET, transactionUid, references: [...objects, MISSING], lingerMs: 4000 };
  const { status, reports } = await askForCommitment(archive, scu);
  assert.equal(status, 0);
  assert.deepEqual(reports, [
    { eventTypeId: 2, transactionUid, committed: uidsOf(objects), failed: [[MISSING.sopInstanceUid, 0x0112]] },
  ]);
  const listed = await commitments(dataDir);
  assert.deepEqual(
    listed.map(({ role, state }) => [role, state]),
    [['scp', 'reported']],
  );
  assert.deepEqual(internalErrors(archive.logText()), []);
});

test('dcmjs-dimse releases at once, and is called back', async (t) => {
  const { port, reports } = await listenForReports(t);
  const { archive, objects } = await prepare(t, DCMJS_AET, port);
  const transactionUid = newUid();
  const scu = { aeTitle: DCMJS_AET, transactionUid, references: objects, lingerMs: 0 };
  const asked = await askForCommitment(archive, scu);
  assert.deepEqual([asked.status, asked.reports], [0, []]);
  await t.waitFor(() => assert.equal(reports.length, 1), { timeout: REPORT_MS_MAX });
  assert.deepEqual(reports, [{ eventTypeId: 1, transactionUid, committed: uidsOf(objects), failed: [] }]);
  assert.deepEqual(internalErrors(archive.logText()), []);
});

type OrthancReport = {
  Status: 'Pending' | 'Success' | 'Failure';
  Success?: { SOPInstanceUID: string }[];
  Failures?: { SOPInstanceUID: string; FailureReason: number }[];
};

async function withOrthanc(t: TestContext): Promise<Prepared & { orthanc: Orthanc }> {
  const folder = scratch(t, 'commitment-orthanc');
  // Each has to know the other's port before it starts.
  const dicomPort = await freePort();
  const prepared = await prepare(t, ORTHANC_AET, dicomPort);
  const { archive } = prepared;
  const dimse = { aeTitle: archive.aeTitle, port: archive.dimsePort };
  const orthanc = await startOrthanc(t, folder, { dimse, dicomWebUrl: `${archive.http}/dicom-web/`, dicomPort });
  return { ...prepared, orthanc };
}

test('Orthanc asks, and gets its report', async (t) => {
  if (!needsPeer(t, 'Orthanc')) return;
  const { archive, orthanc, objects } = await withOrthanc(t);
  const asked = [...objects, MISSING].map(({ sopClassUid, sopInstanceUid }) => [sopClassUid, sopInstanceUid]);
  const report = async (instances: string[][], status: OrthancReport['Status']): Promise<OrthancReport> => {
    const body = { DicomInstances: instances, Timeout: 30 };
    const { ID } = await orthanc.ask<{ ID: string }>('POST', '/modalities/acervo/storage-commitment', body);
    return t.waitFor(
      async () => {
        const told = await orthanc.ask<OrthancReport>('GET', `/storage-commitment/${ID}`);
        assert.equal(told.Status, status);
        return told;
      },
      { timeout: REPORT_MS_MAX, interval: 200 },
    );
  };
  const whole = await report(asked.slice(0, 3), 'Success');
  assert.deepEqual(whole.Success?.map(({ SOPInstanceUID }) => SOPInstanceUID).sort(), uidsOf(objects));
  const partly = await report(asked, 'Failure');
  assert.equal(partly.Success?.length, 3);
  assert.deepEqual(
    partly.Failures?.map(({ SOPInstanceUID, FailureReason }) => [SOPInstanceUID, FailureReason]),
    [[MISSING.sopInstanceUid, 0x0112]],
  );
  assert.deepEqual(internalErrors(archive.logText()), []);
});

test('Orthanc is asked, and its report is kept: before it has the objects, and after', async (t) => {
  if (!needsPeer(t, 'Orthanc')) return;
  const { archive, dataDir, folder, orthanc, objects } = await withOrthanc(t);
  const accessFile = join(folder, 'access.json');
  const [first] = objects;
  assert.ok(first);
  const reported = async (): Promise<Listed> => {
    const args = ['commit', ORTHANC_AET, first.studyUid, '--wait', '0', '--json'];
    const { code, out, err } = await runAcervo(dataDir, args, { ACERVO_ACCESS_FILE: accessFile });
    assert.equal(code, 0, err);
    const { transactionUid } = JSON.parse(out) as { transactionUid: string };
    return t.waitFor(
      async () => {
        const listed = (await commitments(dataDir)).find((each) => each.transactionUid === transactionUid);
        assert.deepEqual([listed?.role, listed?.state], ['scu', 'answered']);
        return listed as Listed;
      },
      { timeout: REPORT_MS_MAX, interval: 500 },
    );
  };
  assert.deepEqual(Object.keys((await reported()).failures ?? {}), ['0112']);
  for (const object of objects) {
    await orthanc.ask('POST', '/instances', concat([writeFileHead(object), object.dataSet]));
  }
  assert.deepEqual((await reported()).failures, {});
  assert.deepEqual(internalErrors(archive.logText()), []);
});
