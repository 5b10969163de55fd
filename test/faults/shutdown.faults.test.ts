import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { processIdentity } from '@acervo/platform/adapters/postgres/process-identity.ts';
import { type ArchiveProcess, postmasterOf, scratch, startAsIs } from '../harness/archive-process.ts';
import { packContents } from '../harness/packs.ts';
import { checkSent, countsOf, type Sent, sendUntilStopped } from '../harness/senders.ts';
import { eventCounts, internalErrors, logLines } from '../harness/server-log.ts';

const SENDERS = 8;
const ROUNDS = 3;
const START_MS_MAX = 4000;
const STOP_MS_MAX = 20_000;

test(`SIGTERM while ${SENDERS} associations send: exit code 0, nothing half stored, a quick clean start`, async (t) => {
  const dataDir = join(scratch(t, 'shutdown'), 'data');
  const sent: Sent[] = [];
  let archive = await startAsIs(t, dataDir);
  const startMs: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const senders = flock([archive], `round${round}`, sent);
    await senders.acknowledged(round * 30);
    const postmaster = postmasterOf(dataDir);
    const since = performance.now();
    assert.equal(await archive.stop(), 0);
    const stopMs = performance.now() - since;
    await senders.stop();
    assert.ok(stopMs < STOP_MS_MAX, `${stopMs} ms to stop`);
    assert.ok(postmaster !== undefined && processIdentity(postmaster) === undefined, 'PostgreSQL still runs');
    assert.equal(postmasterOf(dataDir), undefined);
    assert.deepEqual(internalErrors(archive.logText()), []);
    const { members, loose } = await packContents(dataDir);
    assert.deepEqual(loose, []);
    archive = await startAsIs(t, dataDir);
    startMs.push(archive.startMs);
    assert.deepEqual(recoveredSegments(archive), [], 'a clean stop leaves nothing to recover');
    assert.equal(await checkSent(archive.http, sent, `round ${round}`), members.length);
    t.diagnostic(
      `${JSON.stringify(countsOf(sent))}; stopped in ${stopMs.toFixed()}, started in ${archive.startMs.toFixed()} ms`,
    );
  }
  assert.equal(await archive.stop(), 0);
  // The quickest of them: what a neighbour on the machine does is not the archive's start.
  assert.ok(Math.min(...startMs) < START_MS_MAX, `${startMs.join()} ms to start`);
});

test('two servers on one data directory: one is killed, the other goes on, a restart recovers', async (t) => {
  const dataDir = join(scratch(t, 'pair'), 'data');
  const sent: Sent[] = [];
  const [first, second] = await Promise.all([startAsIs(t, dataDir), startAsIs(t, dataDir)]);
  const senders = flock([first, second], 'pair', sent);
  const both = bothAtOnce([first, second]);
  await senders.acknowledged(80);
  await first.kill();
  const killedAt = countsOf(sent).acknowledged;
  await senders.acknowledged(killedAt + 40);
  const third = await startAsIs(t, dataDir);
  assert.ok(recoveredSegments(third).length > 0, 'nothing of the killed server was recovered');
  await senders.acknowledged(killedAt + 60);
  await senders.stop();
  await both.stop();
  const visible = await checkSent(second.http, [...sent, ...both.sent], 'by the survivor');
  assert.equal(await checkSent(third.http, [...sent, ...both.sent], 'by the restarted one'), visible);
  await noneTwice(third, both.sent);
  t.diagnostic(`${JSON.stringify(countsOf([...sent, ...both.sent]))}; ${eventCounts(second.logText())}`);
  for (const archive of [first, second, third]) assert.deepEqual(internalErrors(archive.logText()), []);
  assert.deepEqual(await Promise.all([second.stop(), third.stop()]), [0, 0]);
  assert.equal(postmasterOf(dataDir), undefined, 'the last one to leave stops PostgreSQL');
  await eachOnce(dataDir, sent);
});

/** Senders on each of the servers in turn, which never send the same. */
function flock(archives: readonly ArchiveProcess[], name: string, sent: Sent[]) {
  const stopping = new AbortController();
  let wake: (() => void) | undefined;
  const after = (): boolean => {
    wake?.();
    return true;
  };
  const all = Promise.all(
    Array.from({ length: SENDERS }, (_unused, sender) =>
      sendUntilStopped(
        archives[sender % archives.length] as ArchiveProcess,
        { name, study: 1 + sender, after },
        sent,
        stopping.signal,
      ),
    ),
  );
  return {
    async acknowledged(count: number): Promise<void> {
      while (countsOf(sent).acknowledged < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async stop(): Promise<void> {
      stopping.abort();
      await all;
    },
  };
}

/** The same objects to both servers at the same time: one of them stores each, or both do and the index shows one. */
function bothAtOnce(archives: readonly ArchiveProcess[]) {
  const stopping = new AbortController();
  const sent: Sent[] = [];
  const all = Promise.all(
    archives.map((archive) => sendUntilStopped(archive, { name: 'same', study: 1 }, sent, stopping.signal)),
  );
  return {
    sent,
    async stop(): Promise<void> {
      stopping.abort();
      await all;
    },
  };
}

async function noneTwice(archive: ArchiveProcess, sent: readonly Sent[]): Promise<void> {
  const studyUid = sent[0]?.object.studyUid;
  const names: string[] = [];
  for (let offset = 0, page = PAGE; page === PAGE; offset += PAGE) {
    const answer = await fetch(
      `${archive.http}/dicom-web/studies/${studyUid}/instances?limit=${PAGE}&offset=${offset}`,
    );
    const found = answer.status === 204 ? [] : ((await answer.json()) as Record<string, { Value: string[] }>[]);
    names.push(...found.map((item) => String(item['00080018']?.Value[0])));
    page = found.length;
  }
  assert.equal(new Set(names).size, names.length, 'an instance is listed twice');
  const acknowledged = new Set(
    sent.filter(({ outcome }) => outcome === 'acknowledged').map(({ object }) => object.sopInstanceUid),
  );
  for (const uid of acknowledged) assert.ok(names.includes(uid), `${uid} is not listed`);
}

const PAGE = 200;

/** What one sender sent once stands once in the packs. */
async function eachOnce(dataDir: string, sent: readonly Sent[]): Promise<void> {
  const { members, loose } = await packContents(dataDir);
  assert.deepEqual(loose, []);
  const counts = Map.groupBy(members, ({ study, sop }) => `${study} ${sop}`);
  for (const { object, outcome } of sent) {
    const found = counts.get(`${object.studyUid} ${object.sopInstanceUid}`)?.length ?? 0;
    assert.ok(
      outcome === 'acknowledged' ? found === 1 : found <= 1,
      `${outcome} ${object.sopInstanceUid}: ${found} times`,
    );
  }
}

const recoveredSegments = (archive: ArchiveProcess) =>
  logLines(archive.logText()).filter(({ event }) => event === 'segment.recovered');
