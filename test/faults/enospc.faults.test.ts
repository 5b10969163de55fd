import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { FAILURES } from '@acervo/kernel/failure.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { type ArchiveProcess, postmasterOf, scratch, startAsIs } from '../harness/archive-process.ts';
import { packContents } from '../harness/packs.ts';
import { dataSetOfFile, instanceUrl, storedFile } from '../harness/retrieved.ts';
import { associate } from '../harness/sender.ts';
import { checkSent, countsOf, type SendPlan, type Sent, sendUntilStopped } from '../harness/senders.ts';
import { eventCounts, internalErrors } from '../harness/server-log.ts';
import { smallDisk } from '../harness/small-disk.ts';
import { stow } from '../harness/stow.ts';

/** Room for the embedded database and some megabytes of objects. */
const DISK_MIB = 64;
const BALLAST_MIB = 20;
const SENDERS = 8;
const OUT_OF_SPACE = FAILURES['store/out-of-space'].dimse;
/** A database on a full disk, the smallest there is. */
const SMALL = {
  ACERVO_PG_WAL_SEGMENT_MIB: '1',
  ACERVO_PG_SHARED_BUFFERS_MIB: '16',
  ACERVO_ACCESS_FOLD_MS: '100',
  ACERVO_LOG_LEVEL: 'warn',
};
/** Who sends to a full archive hangs up when there is no answer. */
const PATIENCE_MS = 5000;
/** The disk stays full for so long, and so many are refused meanwhile. */
const FULL_MS = 4000;
const REFUSALS = 40;
const FULL_MS_MAX = 60_000;
const AGAIN_MS_MAX = 30_000;
const ASK_AGAIN_MS = 50;
/** More than any disk of a test machine has free. */
const MIB_MAX = '1048576';

type Scene = {
  /** What fills the disk: packs mostly unless said, or mostly the database. */
  pixelBytes?: SendPlan['pixelBytes'];
  /** PostgreSQL is killed while there is not a byte left for it to start again. */
  databaseDies?: boolean;
};

test('a disk full of objects: refused with 0xA700, read all the while, ingest goes on with space', (t) =>
  fullDisk(t, {}));

test('a disk full of index rows, and the database dies on it', (t) =>
  fullDisk(t, { pixelBytes: () => 64, databaseDies: true }));

async function fullDisk(t: TestContext, { pixelBytes, databaseDies = false }: Scene): Promise<void> {
  const disk = smallDisk(t, DISK_MIB);
  if (disk === undefined) return;
  const dataDir = join(disk.path, 'data');
  const giveBack = disk.ballast(BALLAST_MIB);
  let archive = await startAsIs(t, dataDir, SMALL);
  const sent: Sent[] = await witnesses(archive);
  const reads = readAllTheWhile(archive, sent.slice());
  await fill(archive, sent, pixelBytes);
  const full = countsOf(sent);
  t.diagnostic(`full: ${JSON.stringify(full)}, ${disk.freeBytes()} bytes free`);
  const statuses = new Set(sent.filter(({ outcome }) => outcome === 'refused').map(({ status }) => status));
  assert.deepEqual([...statuses], [OUT_OF_SPACE]);
  assert.equal(await statusOf(`${archive.http}/healthz`), 200);
  if (databaseDies) await refusedWithoutDatabase(archive, dataDir, sent);
  giveBack();
  const goesOnMs = await ingestAgain(archive, sent);
  t.diagnostic(`ingest went on ${goesOnMs.toFixed()} ms after there was space`);
  const answers = await reads.stop();
  t.diagnostic(`reads meanwhile: ${JSON.stringify(answers)}`);
  // PostgreSQL may have gone down on a full disk by itself; then reads wait for it, as everybody does.
  assert.ok((answers[200] ?? 0) > 0 && Object.keys(answers).every((status) => ['200', '503'].includes(status)));
  await checkSent(archive.http, sent, 'without a restart');
  t.diagnostic(eventCounts(archive.logText()));
  assert.deepEqual(internalErrors(archive.logText()), []);
  assert.equal(await archive.stop(), 0);
  archive = await startAsIs(t, dataDir, SMALL);
  const visible = await checkSent(archive.http, sent, 'after a restart');
  await archive.kill();
  const { members, loose } = await packContents(dataDir);
  assert.equal(members.length, visible, 'the packs hold what the index shows');
  assert.deepEqual(loose, []);
}

/** Nobody can start a database here: stores are refused, or end without an answer, and the server waits. */
async function refusedWithoutDatabase(archive: ArchiveProcess, dataDir: string, sent: Sent[]): Promise<void> {
  const postmaster = postmasterOf(dataDir);
  assert.ok(postmaster !== undefined);
  process.kill(postmaster, 'SIGKILL');
  const from = sent.length;
  const after = (): boolean => false;
  await sendUntilStopped(archive, { name: 'dead', study: 1, after }, sent, AbortSignal.timeout(FULL_MS_MAX));
  for (const { outcome, status } of sent.slice(from)) if (outcome === 'refused') assert.equal(status, OUT_OF_SPACE);
  assert.equal(await statusOf(`${archive.http}/healthz`), 200);
  assert.equal(await statusOf(`${archive.http}/readyz`), 503);
}

/** Some objects from before the disk is full. Read once: a study's first access is journaled before it is answered. */
async function witnesses(archive: ArchiveProcess): Promise<Sent[]> {
  const sent: Sent[] = [];
  const enough = (): boolean => sent.length < 8;
  await sendUntilStopped(archive, { name: 'witness', study: 1, after: enough }, sent, AbortSignal.timeout(FULL_MS_MAX));
  await checkSent(archive.http, sent, 'at first');
  assert.equal(countsOf(sent).acknowledged, sent.length);
  return sent;
}

/** The body is read too: a connection with an unread one is not idle. */
async function statusOf(url: string): Promise<number> {
  const answer = await fetch(url, { headers: { accept: 'application/dicom; transfer-syntax=*, application/json' } });
  await answer.arrayBuffer();
  return answer.status;
}

/** Asks for the witnesses again and again. Only a database that is away may keep one from being answered. */
function readAllTheWhile(archive: ArchiveProcess, sent: readonly Sent[]) {
  const counts: Record<number, number> = {};
  let isOver = false;
  const reading = (async () => {
    while (!isOver) {
      for (const { object } of sent) {
        const status = await statusOf(instanceUrl(archive.http, object));
        counts[status] = (counts[status] ?? 0) + 1;
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  })();
  return {
    async stop(): Promise<Record<number, number>> {
      isOver = true;
      await reading;
      return counts;
    },
  };
}

/** Eight SCUs send until enough was refused. Who still waits for an answer then, its object durable, is cut off. */
async function fill(archive: ArchiveProcess, sent: Sent[], pixelBytes: SendPlan['pixelBytes']): Promise<void> {
  const enough = new AbortController();
  const signal = AbortSignal.any([enough.signal, AbortSignal.timeout(FULL_MS_MAX)]);
  let refusals = 0;
  let sinceMs: number | undefined;
  const after = ({ outcome }: Sent): boolean => {
    if (outcome !== 'refused') return true;
    refusals += 1;
    sinceMs ??= performance.now();
    if (refusals >= REFUSALS && performance.now() - sinceMs > FULL_MS) enough.abort();
    return true;
  };
  const plan = { name: 'full', after, patienceMs: PATIENCE_MS, ...(pixelBytes && { pixelBytes }) };
  await Promise.all(
    Array.from({ length: SENDERS }, (_unused, sender) =>
      sendUntilStopped(archive, { ...plan, study: 100 + sender }, sent, signal),
    ),
  );
  assert.ok(enough.signal.aborted, `only ${refusals} refusals`);
}

/** @returns milliseconds until an object is stored */
async function ingestAgain(archive: ArchiveProcess, sent: Sent[]): Promise<number> {
  const since = performance.now();
  for (let number = 1; performance.now() - since < AGAIN_MS_MAX; number++) {
    const object = smallObject({ name: 'again', study: 1, number });
    const current: Sent = { object, outcome: 'lost' };
    sent.push(current);
    const association = await associate(archive, [object]);
    const { status } = await association.store(object);
    current.outcome = status === 0 ? 'acknowledged' : 'refused';
    await association.release();
    if (status === 0) return performance.now() - since;
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
  throw new Error('nothing can be stored although there is space');
}

test('below the watermark: storing is refused by both doors, reading goes on', async (t) => {
  const dataDir = join(scratch(t, 'watermark'), 'data');
  const held = smallObject({ name: 'watermark', study: 1, number: 1 });
  const late = smallObject({ name: 'watermark', study: 1, number: 2 });
  const before = await startAsIs(t, dataDir);
  assert.equal(await storeStatus(before, held), 0);
  assert.equal(await before.stop(), 0);
  const archive = await startAsIs(t, dataDir, { ACERVO_DISK_FREE_MIN_MIB: MIB_MAX });
  assert.equal(await storeStatus(archive, late), OUT_OF_SPACE);
  assert.equal(
    (await stow(archive, [concat([writeFileHead(late), late.dataSet])])).status,
    FAILURES['store/out-of-space'].http,
  );
  const found = await fetch(`${archive.http}/dicom-web/studies/${held.studyUid}/instances`);
  assert.equal(found.status, 200);
  assert.equal(((await found.json()) as unknown[]).length, 1);
  assert.deepEqual(dataSetOfFile((await storedFile(archive.http, held)) as Uint8Array), held.dataSet);
  assert.equal(await storedFile(archive.http, late), undefined);
  assert.equal(await statusOf(`${archive.http}/readyz`), 503);
  assert.deepEqual(internalErrors(archive.logText()), []);
  assert.equal(await archive.stop(), 0);
});

async function storeStatus(archive: ArchiveProcess, object: SmallObject): Promise<number> {
  const association = await associate(archive, [object]);
  const { status } = await association.store(object);
  await association.release();
  return status;
}
