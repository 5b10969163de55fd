import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { fileBlobStore } from '@acervo/platform/adapters/fs/blob-store.ts';
import { journalLines } from '@acervo/platform/journal/segments.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { type ArchiveProcess, runAcervo, scratch, startAsIs } from '../harness/archive-process.ts';
import { operatorPostgres } from '../harness/operator-postgres.ts';
import { instanceUrl, storedFile } from '../harness/retrieved.ts';
import { associate } from '../harness/sender.ts';
import { checkSent, countsOf, type Sent, sendUntilStopped } from '../harness/senders.ts';
import { internalErrors, logLines } from '../harness/server-log.ts';

const PROCESSES = 3;
const SENDERS_EACH = 2;
const STORED_MS_MAX = 60_000;

/** One way of running several processes over one database. */
type Site = {
  /** Starts the process of this index. */
  start(index: number): Promise<ArchiveProcess>;
  /** Where packs and journal lie, and how to run a command there. */
  folder: string;
  run(args: readonly string[]): ReturnType<typeof runAcervo>;
};

test(`${PROCESSES} processes on one data directory: one is killed, nothing is lost, nothing doubled`, async (t) => {
  const dataDir = join(scratch(t, 'processes'), 'data');
  await killOneOf(t, {
    start: () => startAsIs(t, dataDir),
    folder: dataDir,
    run: (args) => runAcervo(dataDir, args),
  });
});

test('as many nodes over shared packs and one operator database: the same', async (t) => {
  const folder = scratch(t, 'nodes');
  const database = await operatorPostgres(t, join(folder, 'postgres'));
  if (database === undefined) return;
  const env = {
    ACERVO_DATABASE_URL: database.url,
    ACERVO_BLOBS: pathToFileURL(join(folder, 'shared', 'packs')).href,
  };
  const nodeDir = (index: number): string => join(folder, `node${index}`);
  await killOneOf(t, {
    start: (index) => startAsIs(t, nodeDir(index), env),
    folder: join(folder, 'shared'),
    run: (args) => runAcervo(nodeDir(0), args, env),
  });
});

async function killOneOf(t: TestContext, { start, folder, run }: Site): Promise<void> {
  const sent: Sent[] = [];
  const same: Sent[] = [];
  const processes = await Promise.all(Array.from({ length: PROCESSES }, (_, index) => start(index)));
  const sending = new AbortController();
  const senders = processes.flatMap((archive, index) => [
    ...Array.from({ length: SENDERS_EACH }, (_, nth) =>
      sendUntilStopped(archive, { name: 'own', study: 1 + index * SENDERS_EACH + nth }, sent, sending.signal),
    ),
    // Every process is offered these, at the same time and in the same order.
    sendUntilStopped(archive, { name: 'same', study: 1 }, same, sending.signal),
  ]);
  await acknowledged(sent, 30 * PROCESSES);
  const [victim, ...survivors] = processes as [ArchiveProcess, ...ArchiveProcess[]];
  await victim.kill();
  const before = countsOf(sent).acknowledged;
  await acknowledged(sent, before + 20 * PROCESSES);
  const all = (): Sent[] => [...sent, ...same];
  const again = await start(0);
  assert.ok(
    logLines(again.logText()).some(({ event }) => event === 'segment.recovered'),
    'nothing was recovered',
  );
  sending.abort();
  await Promise.all(senders);
  const alive = [again, ...survivors];
  const shown = await Promise.all(alive.map((archive) => checkSent(archive.http, all(), 'by a process that lives')));
  assert.equal(new Set(shown).size, 1, `processes show ${shown.join()} instances`);
  for (const archive of alive) await eachListedOnce(archive, all());
  for (const archive of processes) assert.deepEqual(internalErrors(archive.logText()), []);
  assert.deepEqual(
    await Promise.all(alive.map((archive) => archive.stop())),
    alive.map(() => 0),
  );
  const verified = await run(['verify', '--deep', '--json']);
  assert.equal(verified.code, 0, `${verified.out.slice(-2000)}${verified.err.slice(-2000)}`);
  const announced = await announcements(folder);
  for (const { object, outcome } of sent) {
    const times = announced.get(object.sopInstanceUid) ?? 0;
    assert.ok(outcome === 'acknowledged' ? times === 1 : times <= 1, `${outcome}, announced ${times} times`);
  }
  const both = [...new Set(same.map(({ object }) => object.sopInstanceUid))];
  const twice = both.filter((uid) => (announced.get(uid) ?? 0) > 1);
  // Processes that commit the same object in the same moment each say that they stored it; see architecture.md.
  for (const uid of both) assert.ok((announced.get(uid) ?? 0) <= PROCESSES, `${uid} announced too often`);
  t.diagnostic(
    `${JSON.stringify(countsOf(all()))}; ${both.length} sent to all, ${twice.length} of them announced by several`,
  );
}

async function acknowledged(sent: readonly Sent[], count: number): Promise<void> {
  const until = performance.now() + STORED_MS_MAX;
  while (countsOf(sent).acknowledged < count) {
    assert.ok(performance.now() < until, `${countsOf(sent).acknowledged} of ${count} stored`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

type Listed = Record<string, { Value?: (string | number)[] }>;

/** Every study as the index shows it: instances listed once each, and as many as its count says. */
async function eachListedOnce({ http }: ArchiveProcess, sent: readonly Sent[]): Promise<void> {
  for (const [study, objects] of Map.groupBy(sent, ({ object }) => object.studyUid)) {
    const names: string[] = [];
    for (let page = -1; page !== 0; ) {
      const found = await listed(`${http}/dicom-web/studies/${study}/instances?limit=200&offset=${names.length}`);
      names.push(...found.map((item) => String(item['00080018']?.Value?.[0])));
      page = found.length;
    }
    assert.equal(new Set(names).size, names.length, `an instance of ${study} is listed twice`);
    for (const { object, outcome } of objects) {
      if (outcome === 'acknowledged') assert.ok(names.includes(object.sopInstanceUid), `${study}: not listed`);
    }
    const [counted] = await listed(`${http}/dicom-web/studies?StudyInstanceUID=${study}&includefield=00201208`);
    assert.equal(counted?.['00201208']?.Value?.[0], names.length, `${study} is counted otherwise than listed`);
  }
}

async function listed(url: string): Promise<Listed[]> {
  const answer = await fetch(url);
  return answer.status === 204 ? [] : ((await answer.json()) as Listed[]);
}

/** How often the sealed journal says that an instance was stored. */
async function announcements(folder: string): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for await (const { line } of journalLines(fileBlobStore(join(folder, 'journal')))) {
    const event = line?.event as { kind: string; facts: { instances?: Record<string, string[]> } } | undefined;
    if (event?.kind !== 'instance.stored') continue;
    for (const uid of Object.values(event.facts.instances ?? {}).flat()) times.set(uid, (times.get(uid) ?? 0) + 1);
  }
  return times;
}

test('a node that cannot see the packs of another says so, and serves its own', async (t) => {
  const folder = scratch(t, 'elsewhere');
  const database = await operatorPostgres(t, join(folder, 'postgres'));
  if (database === undefined) return;
  const env = { ACERVO_DATABASE_URL: database.url };
  const nodes = await Promise.all(['one', 'two'].map((name) => startAsIs(t, join(folder, name), env)));
  const objects = nodes.map((_, index) => smallObject({ name: 'elsewhere', study: 1 + index, number: 1 }));
  for (const [index, archive] of nodes.entries()) {
    const object = objects[index] as (typeof objects)[number];
    const association = await associate(archive, [object]);
    assert.equal((await association.store(object)).status, 0);
    await association.release();
  }
  const [mine, theirs] = objects as [(typeof objects)[number], (typeof objects)[number]];
  const [first, second] = nodes as [ArchiveProcess, ArchiveProcess];
  for (const archive of nodes) {
    const studies = await listed(`${archive.http}/dicom-web/studies`);
    assert.equal(studies.length, objects.length, 'each node finds what all of them hold');
  }
  assert.ok(await storedFile(first.http, mine));
  assert.ok(await storedFile(second.http, theirs));
  const asked = {
    '': 'application/dicom',
    '/metadata': 'application/dicom+json',
    '/frames/1': 'application/octet-stream',
  };
  for (const [path, accept] of Object.entries(asked)) {
    const answer = await fetch(`${instanceUrl(first.http, theirs)}${path}`, { headers: { accept } });
    assert.equal(answer.status, 503, path);
    assert.equal(((await answer.json()) as { type: string }).type, 'urn:acervo:failure:retrieve/elsewhere');
    assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/);
  }
  for (const archive of nodes) assert.deepEqual(internalErrors(archive.logText()), []);
});
