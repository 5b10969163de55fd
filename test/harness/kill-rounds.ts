import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createRandom } from '@acervo/kernel/random.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { type ArchiveProcess, postmasterOf, startAsIs } from './archive-process.ts';
import { storedFile } from './retrieved.ts';
import { associate } from './sender.ts';
import { checkSent, countsOf, type Sent, sendUntilStopped } from './senders.ts';

export const SENDERS = 8;

/** Before a kill so many are acknowledged, or fewer, by chance: on a busy machine time alone would prove too little. */
const ACKNOWLEDGED_LEAST_MAX = 3 * SENDERS;
const ACKNOWLEDGED_MS_MAX = 60_000;
const LOOK_AGAIN_MS = 10;

/** Who dies. PostgreSQL alone: the server must go on, and its senders must not notice more than a pause. */
const VICTIMS = ['server', 'postgres', 'both'] as const;

export type Killed = {
  archive: ArchiveProcess;
  counts: { acknowledged: number; lost: number; refused: number; whole: number };
  /** Of each start after a kill, in milliseconds, the quickest first. */
  startMs: number[];
};

/**
 * Kill an archive on a new data directory, at a random moment while it is sent to, this often. After each time what it
 * acknowledged is there, what it refused is not, and of half an object nothing is seen.
 */
export async function killRounds(t: TestContext, dataDir: string, rounds: number): Promise<Killed> {
  const random = createRandom(20261122);
  let archive = await startAsIs(t, dataDir);
  const startMs: number[] = [];
  const counts = { acknowledged: 0, lost: 0, refused: 0, whole: 0 };
  for (let round = 0; round < rounds; round++) {
    const victim = VICTIMS[round % VICTIMS.length] as (typeof VICTIMS)[number];
    const sent: Sent[] = [];
    const stopping = new AbortController();
    const senders = Array.from({ length: SENDERS }, (_unused, sender) =>
      sendUntilStopped(archive, { name: 'kill', study: round * 100 + sender }, sent, stopping.signal),
    );
    const aborted = abortHalfway(archive, round);
    const least = random.below(ACKNOWLEDGED_LEAST_MAX);
    await pause(40 + random.below(400));
    await acknowledged(sent, least);
    await kill(victim, archive, dataDir);
    if (victim === 'postgres') await pause(300);
    stopping.abort();
    await Promise.all(senders);
    const half = await aborted;
    if (victim !== 'postgres') {
      archive = await startAsIs(t, dataDir);
      startMs.push(archive.startMs);
    }
    for (const { outcome } of sent) counts[outcome] += 1;
    counts.whole += await checkSent(archive.http, sent, `round ${round}`);
    assert.equal(await storedFile(archive.http, half), undefined, `round ${round}: half an object is visible`);
  }
  return { archive, counts, startMs: startMs.sort((one, other) => one - other) };
}

async function acknowledged(sent: readonly Sent[], least: number): Promise<void> {
  const deadline = performance.now() + ACKNOWLEDGED_MS_MAX;
  while (countsOf(sent).acknowledged < least) {
    assert.ok(performance.now() < deadline, `${least} objects are not acknowledged in ${ACKNOWLEDGED_MS_MAX} ms`);
    await pause(LOOK_AGAIN_MS);
  }
}

/** Half of an object, then the association is aborted: it must never be visible. */
async function abortHalfway(archive: ArchiveProcess, round: number): Promise<SmallObject> {
  const object = smallObject({ name: 'aborted', study: round, number: 1, pixelBytes: 3_000_000 });
  async function* half(): AsyncGenerator<Uint8Array> {
    yield object.dataSet.subarray(0, object.dataSet.length / 2);
    throw new Error('half is enough');
  }
  await associate(archive, [object])
    .then((association) => association.store({ ...object, dataSet: half() }))
    .then(
      () => assert.fail('half an object was stored'),
      () => undefined,
    );
  return object;
}

async function kill(victim: (typeof VICTIMS)[number], archive: ArchiveProcess, dataDir: string): Promise<void> {
  const postmaster = postmasterOf(dataDir);
  if (victim !== 'server' && postmaster !== undefined) process.kill(postmaster, 'SIGKILL');
  if (victim !== 'postgres') await archive.kill();
}
