import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { newUid } from '@acervo/dicom/uid.ts';
import { startServer } from '@acervo/platform/adapters/net/dimse.fixture.ts';
import type { DimseService } from '@acervo/platform/bindings/dimse.ts';
import { ask, associate, reportTaker, SCU } from '@acervo/platform/features/commitment/commitment.fixture.ts';
import type { CommitmentReport } from '@acervo/platform/features/commitment/data-set.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { type ArchiveProcess, postmasterOf, runAcervo, scratch, startAsIs } from '../harness/archive-process.ts';
import { freePort } from '../harness/orthanc.ts';
import { associate as associateToStore } from '../harness/sender.ts';
import { internalErrors } from '../harness/server-log.ts';

/** C05 of the requirements: a report comes within a minute, after a restart too. */
const REPORT_MS_MAX = 60_000;

type Site = {
  start(): Promise<ArchiveProcess>;
  /** Where the system takes reports, when it does. */
  port: number;
  dataDir: string;
  objects: readonly SmallObject[];
};

async function site(t: TestContext, name: string): Promise<Site> {
  const folder = scratch(t, name);
  const dataDir = join(folder, 'data');
  const port = await freePort();
  const accessFile = join(folder, 'access.json');
  const system = { aeTitle: SCU, institution: 'HGM', host: '127.0.0.1', port };
  writeFileSync(accessFile, JSON.stringify({ systems: [system] }));
  const objects = [1, 2, 3].map((number) => smallObject({ name, study: 1, number }));
  return { start: () => startAsIs(t, dataDir, { ACERVO_ACCESS_FILE: accessFile }), port, dataDir, objects };
}

/** Store objects, and ask for commitment: what was answered with success must be kept. */
async function storeAndAsk(t: TestContext, archive: ArchiveProcess, objects: readonly SmallObject[]): Promise<string> {
  const storing = await associateToStore(archive, objects, SCU);
  for (const object of objects) assert.equal((await storing.store(object)).status, 0);
  await storing.release();
  const transactionUid = newUid();
  const association = await associate(t, archive.dimsePort, reportTaker().service);
  assert.equal(await ask(association, objects, { transactionUid }), 0);
  await association.release();
  return transactionUid;
}

/** Exactly this transaction, with everything committed to. */
function checkReport(
  report: CommitmentReport | undefined,
  transactionUid: string,
  objects: readonly SmallObject[],
): void {
  assert.equal(report?.transactionUid, transactionUid);
  assert.deepEqual(report.failed, []);
  assert.deepEqual(
    report.committed.map(({ sopInstanceUid }) => sopInstanceUid),
    objects.map(({ sopInstanceUid }) => sopInstanceUid).sort(),
  );
}

async function states(dataDir: string): Promise<string[]> {
  const { code, out, err } = await runAcervo(dataDir, ['commitments', '--json']);
  assert.equal(code, 0, err);
  const lines = out.split('\n').filter((line) => line !== '');
  return lines.map((line) => (JSON.parse(line) as { state: string }).state);
}

test('kill -9 between the response and the report: it is delivered after the restart', async (t) => {
  const { start, port, dataDir, objects } = await site(t, 'commit-kill');
  const { service, reports } = reportTaker();
  await startServer(t, [service], { aeTitle: SCU, port });
  const archive = await start();
  const transactionUid = await storeAndAsk(t, archive, objects);
  await archive.kill();
  assert.equal(reports.length, 0, 'it was killed before the report');
  const again = await start();
  await t.waitFor(() => assert.equal(reports.length, 1), { timeout: REPORT_MS_MAX });
  checkReport(reports[0], transactionUid, objects);
  await t.waitFor(async () => assert.deepEqual(await states(dataDir), ['reported']), { timeout: REPORT_MS_MAX });
  assert.deepEqual(internalErrors(again.logText()), []);
});

test('kill -9 while the system has the report and has not answered: it is told the same again', async (t) => {
  const { start, port, dataDir, objects } = await site(t, 'commit-lease');
  const { service, reports } = reportTaker();
  const held = Promise.withResolvers<void>();
  const holding: DimseService = {
    ...service,
    serve: (request, op) => {
      const answer = service.serve(request, op) as Promise<{ status: number }>;
      return answer.then(async (response) => {
        if (reports.length > 1) return response;
        held.resolve();
        // It never says that it took the first one.
        return new Promise<typeof response>(() => undefined);
      });
    },
  };
  await startServer(t, [holding], { aeTitle: SCU, port });
  const archive = await start();
  const transactionUid = await storeAndAsk(t, archive, objects);
  await held.promise;
  await archive.kill();
  const again = await start();
  await t.waitFor(() => assert.equal(reports.length, 2), { timeout: REPORT_MS_MAX });
  for (const report of reports) checkReport(report, transactionUid, objects);
  await t.waitFor(async () => assert.deepEqual(await states(dataDir), ['reported']), { timeout: REPORT_MS_MAX });
  assert.deepEqual(internalErrors(again.logText()), []);
});

test('the system is away and PostgreSQL is killed meanwhile: the report comes when the system does', async (t) => {
  const { start, port, dataDir, objects } = await site(t, 'commit-away');
  const archive = await start();
  const transactionUid = await storeAndAsk(t, archive, objects);
  await t.waitFor(() => assert.match(archive.logText(), /commitment\.postponed/), { timeout: REPORT_MS_MAX });
  const postmaster = postmasterOf(dataDir);
  assert.ok(postmaster !== undefined);
  process.kill(postmaster, 'SIGKILL');
  const { service, reports } = reportTaker();
  await startServer(t, [service], { aeTitle: SCU, port });
  await t.waitFor(() => assert.equal(reports.length, 1), { timeout: REPORT_MS_MAX });
  checkReport(reports[0], transactionUid, objects);
  await t.waitFor(async () => assert.deepEqual(await states(dataDir), ['reported']), { timeout: REPORT_MS_MAX });
  assert.equal(await archive.stop(), 0);
});
