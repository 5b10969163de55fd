import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { segmentPath } from '@acervo/kernel/pack/record.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { FILLED, openFilledArchive } from '@acervo/testkit/filled-archive.ts';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { verifyExport } from '@acervo/verifier/export.ts';
import { targetFolder } from '../../adapters/fs/target-folder.ts';
import type { Archive } from '../../apps/archive.ts';
import { type Exported, type ExportSummary, type ExportWanted, exportObjects } from './export.ts';

const ALL: ExportWanted = { only: undefined, versions: true };

async function run(
  archive: Archive,
  folder: string,
  wanted = ALL,
): Promise<{ summary: ExportSummary; told: Exported[] }> {
  const told: Exported[] = [];
  const summary = await exportObjects(archive.holdings, testOp({ door: 'cli' }), targetFolder(folder), wanted, (each) =>
    told.push(each),
  );
  return { summary, told };
}

async function findings(folder: string): Promise<string[]> {
  const found: string[] = [];
  await verifyExport(folder, ({ code, what }) => found.push(`${code} ${what}`));
  return found;
}

test('an export is what is stored, and says so', async (t) => {
  const archive = await openFilledArchive(t);
  const folder = temporaryDirectory();
  await t.test('everything, with versions, checked by others', async () => {
    const { summary } = await run(archive, folder);
    assert.deepEqual(
      [summary.studies, summary.objects, summary.damaged],
      [FILLED.studies, FILLED.instances + FILLED.versions, 0],
    );
    assert.deepEqual(await findings(folder), []);
    execFileSync('sha256sum', ['-c', '--quiet', '--strict', 'SHA256SUMS'], { cwd: folder });
  });
  await t.test('run again, what is right is kept and what is not is written anew', async () => {
    const paths = readFileSync(join(folder, 'SHA256SUMS'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(66));
    const [gone, wrong, same] = paths as [string, string, string];
    rmSync(join(folder, gone));
    writeFileSync(join(folder, wrong), Buffer.alloc(statSync(join(folder, wrong)).size));
    const before = statSync(join(folder, same)).mtimeMs;
    const { summary } = await run(archive, folder);
    assert.equal(summary.kept, summary.objects - 2);
    assert.equal(statSync(join(folder, same)).mtimeMs, before);
    assert.deepEqual(await findings(folder), []);
  });
  await t.test('one study of one institution, without further versions', async () => {
    const [study] = await archive.holdings.db.query<{ study_uid: string }>(
      `select study_uid from study where institution = 'IMSS'`,
    );
    assert.ok(study !== undefined);
    const one = temporaryDirectory();
    const only = { institution: 'IMSS', study: study.study_uid };
    const { told } = await run(archive, one, { only, versions: false });
    assert.equal(told.length, 8);
    assert.ok(told.every(({ path }) => path.startsWith(`IMSS/${study.study_uid}/`) && !path.includes('~')));
    assert.deepEqual(await findings(one), []);
    await assert.rejects(run(archive, one, { only: { ...only, institution: 'ISSSTE' }, versions: false }), {
      code: 'retrieve/not-found',
    });
  });
});

test('damaged members are named and left out', async (t) => {
  const archive = await openFilledArchive(t);
  const rows = await archive.holdings.db.query<{ segment: number; at: number; sop: string }>(
    `select segment, file_at as at, sop_uid as sop from instance where version = 0 order by segment, file_at limit 2`,
  );
  for (const [index, { segment, at }] of rows.entries()) {
    const handle = await open(join(archive.dataDir, 'packs', segmentPath(segment)), 'r+');
    // One in its preamble, which only the commit record knows; one in its data set.
    await handle.write(Buffer.of(0x55), 0, 1, at + (index === 0 ? 5 : 400));
    await handle.close();
  }
  const folder = temporaryDirectory();
  const { summary, told } = await run(archive, folder);
  assert.equal(summary.damaged, 2);
  const damaged = told.filter(({ outcome }) => outcome === 'damaged');
  assert.deepEqual(damaged.map(({ reason }) => String(reason)).sort(), [
    'differs in its data set',
    'differs in its head',
  ]);
  assert.deepEqual((await findings(folder)).sort(), damaged.map(({ path }) => `object.damaged ${path}`).sort());
});
