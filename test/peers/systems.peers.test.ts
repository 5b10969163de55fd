import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { type ArchiveProcess, runAcervo, scratch, startArchive } from '../harness/archive-process.ts';
import { type PeerRun, runPeer } from '../harness/run-peer.ts';
import { associate } from '../harness/sender.ts';

/** A change is known to a running server within a second or two; on a busy machine, later. */
const KNOWN_MS_MAX = 15_000;
const AGAIN_MS = 100;

type Prepared = { archive: ArchiveProcess; folder: string; dataDir: string; store(aet: string): Promise<PeerRun> };

async function prepare(t: TestContext, name: string): Promise<Prepared> {
  const folder = scratch(t, name);
  const dataDir = join(folder, 'data');
  const archive = await startArchive(t, dataDir, { ACERVO_ACCESS: 'enforced' });
  const file = join(folder, 'object.dcm');
  const object = smallObject({ name, study: 1, number: 1 });
  writeFileSync(file, concat([writeFileHead(object), object.dataSet]));
  const store = (aet: string): Promise<PeerRun> =>
    runPeer('storescu', ['-v', '-aet', aet, '-aec', archive.aeTitle, '127.0.0.1', `${archive.dimsePort}`, file]);
  return { archive, folder, dataDir, store };
}

/** Ask again until it is answered so. */
async function until(ask: () => Promise<PeerRun>, answer: RegExp): Promise<void> {
  const end = performance.now() + KNOWN_MS_MAX;
  for (;;) {
    const { output } = await ask();
    if (answer.test(output)) return;
    assert.ok(performance.now() < end, `${answer} never came:\n${output}`);
    await pause(AGAIN_MS);
  }
}

/** The same, of an association of ours. */
async function untilKnown<T>(ask: () => Promise<T>): Promise<T> {
  const end = performance.now() + KNOWN_MS_MAX;
  for (;;) {
    try {
      return await ask();
    } catch (thrown) {
      if (performance.now() > end) throw thrown;
    }
    await pause(AGAIN_MS);
  }
}

async function systems(dataDir: string, ...args: string[]): Promise<Record<string, unknown>[]> {
  const { code, out, err } = await runAcervo(dataDir, ['systems', ...args, '--json'], { ACERVO_ACCESS: 'enforced' });
  assert.equal(code, 0, err);
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const REJECTED = /Calling AE Title Not Recognized/;
const STORED = /Received Store Response \(Success\)/;
const DENIED = /Received Store Response \(.*(0x0124|Not Authorized|Unknown Status: 0x124).*\)/i;

test('what is added, changed and removed counts in a running server', async (t) => {
  if (!needsPeer(t, 'storescu')) return;
  const { archive, dataDir, store } = await prepare(t, 'systems-live');
  assert.match((await store('CT1')).output, REJECTED);
  await systems(dataDir, 'add', 'CT1', 'institution=HGM', 'may=echo', 'kind=modality', 'vendor=Equipos Ñandú');
  await until(() => store('CT1'), DENIED);
  assert.match((await store('CT2')).output, REJECTED, 'others stay unknown');
  assert.deepEqual(await systems(dataDir, 'set', 'CT1', 'may=echo,store'), [
    { aeTitle: 'CT1', how: 'changed', fields: ['may'] },
  ]);
  await until(() => store('CT1'), STORED);
  await systems(dataDir, 'remove', 'CT1');
  await until(() => store('CT1'), REJECTED);
  assert.match(archive.logText(), /"service.denied"/);
  assert.equal(await archive.stop(), 0);
});

test('a system has no more associations at a time than its description says', async (t) => {
  const { archive, dataDir } = await prepare(t, 'systems-limit');
  await systems(dataDir, 'add', 'CT1', 'institution=HGM', 'associationsMax=1');
  await systems(dataDir, 'add', 'CT2', 'institution=HGM');
  const object = smallObject({ name: 'systems-limit', study: 1, number: 1 });
  const ask = (aet: string) => associate(archive, [object], aet);
  const other = await untilKnown(() => ask('CT2'));
  const first = await untilKnown(() => ask('CT1'));
  await assert.rejects(ask('CT1'), /ul\/rejected: 2\/3\/2/);
  assert.equal((await first.store(object)).status, 0);
  await first.release();
  await (await untilKnown(() => ask('CT1'))).release();
  await other.release();
  assert.equal(await archive.stop(), 0);
});

test('the registry outlives its database, and goes to another archive as one file', async (t) => {
  const { archive, folder, dataDir } = await prepare(t, 'systems-kept');
  await systems(dataDir, 'add', 'CT1', 'institution=HGM', 'facility=DFSSA001234', 'may=echo,store,commit');
  await systems(dataDir, 'add', 'WS', 'institution=HGM', 'host=ws.hgm.example', 'port=104', 'isMoveDestination=yes');
  await systems(dataDir, 'set', 'WS', 'port=11112');
  await systems(dataDir, 'add', 'OLD', 'institution=HGM');
  await systems(dataDir, 'remove', 'OLD');
  const [before, after, file] = ['before.json', 'after.json', 'elsewhere.json'].map((name) => join(folder, name));
  assert.ok(before && after && file);
  await systems(dataDir, 'export', before);
  assert.equal(await archive.stop(), 0);
  const reindexed = await runAcervo(dataDir, ['reindex', '--yes', '--json'], { ACERVO_ACCESS: 'enforced' });
  assert.equal(reindexed.code, 0, reindexed.err);
  await systems(dataDir, 'export', after);
  assert.equal(readFileSync(after, 'utf8'), readFileSync(before, 'utf8'));

  const other = join(folder, 'restored');
  assert.deepEqual((await systems(other, 'import', before, '--dry-run')).at(-1), {
    summary: { added: 2, changed: 0, removed: 0, unchanged: 0, isDryRun: true },
  });
  assert.deepEqual(await systems(other, 'list'), []);
  await systems(other, 'import', before);
  await systems(other, 'export', file);
  assert.equal(readFileSync(file, 'utf8'), readFileSync(before, 'utf8'));
  assert.equal((await systems(other, 'show', 'WS'))[0]?.['port'], 11112);
});

test('a command line that is not understood changes nothing and says so', async (t) => {
  const dataDir = join(scratch(t, 'systems-bad'), 'data');
  for (const [args, code, about] of [
    [['fly'], 2, /usage/],
    [['add', 'CT1'], 2, /usage/],
    [['add', 'CT1', 'institution=HGM', 'may=everything'], 1, /may/],
    [['add', 'CT1', 'colour=red'], 1, /colour=red/],
    [['show', 'CT1'], 1, /CT1 is not known/],
    [['import', '/nowhere/systems.json'], 1, /cannot read/],
  ] as const) {
    const run = await runAcervo(dataDir, ['systems', ...args]);
    assert.equal(run.code, code, args.join(' '));
    assert.match(run.out + run.err, about);
  }
  assert.deepEqual(await systems(dataDir, 'list'), []);
});
