import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createRandom } from '@acervo/kernel/random.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { scaled } from '@acervo/testkit/scale.ts';
import { type ArchiveProcess, postmasterOf, scratch, startFromNothing } from '../harness/archive-process.ts';
import { storedFile } from '../harness/retrieved.ts';
import { associate } from '../harness/sender.ts';
import { checkSent, type Sent, sendUntilStopped } from '../harness/senders.ts';

/** The issue asks for 50 rounds; a larger scale makes more, none makes fewer. */
const ROUNDS = Math.max(50, scaled(50));
const SENDERS = 8;
const START_MS_MAX = 4000;
const REPAIR_MS_MAX = 5000;

/** Who dies. PostgreSQL alone: the server must go on, and its senders must not notice more than a pause. */
const VICTIMS = ['server', 'postgres', 'both'] as const;

test(`kill -9 at random moments, ${ROUNDS} rounds: acknowledged is there, refused is not`, async (t) => {
  const dataDir = join(scratch(t, 'kill'), 'data');
  const random = createRandom(20261122);
  let archive = await startFromNothing(t, dataDir);
  const startMs: number[] = [];
  const counts = { acknowledged: 0, lost: 0, refused: 0, whole: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const victim = VICTIMS[round % VICTIMS.length] as (typeof VICTIMS)[number];
    const sent: Sent[] = [];
    const stopping = new AbortController();
    const senders = Array.from({ length: SENDERS }, (_unused, sender) =>
      sendUntilStopped(archive, { name: 'kill', study: round * 100 + sender }, sent, stopping.signal),
    );
    const aborted = abortHalfway(archive, round);
    await pause(40 + random.below(400));
    await kill(victim, archive, dataDir);
    if (victim === 'postgres') await pause(300);
    stopping.abort();
    await Promise.all(senders);
    const half = await aborted;
    if (victim !== 'postgres') {
      archive = await startFromNothing(t, dataDir);
      startMs.push(archive.startMs);
    }
    for (const { outcome } of sent) counts[outcome] += 1;
    counts.whole += await checkSent(archive.http, sent, `round ${round}`);
    assert.equal(await storedFile(archive.http, half), undefined, `round ${round}: half an object is visible`);
  }
  const [median = 0, slowest = 0] = [startMs.sort((a, b) => a - b)[startMs.length >> 1], startMs.at(-1)];
  t.diagnostic(
    `${JSON.stringify(counts)}; start after a kill: median ${median.toFixed()} ms, most ${slowest.toFixed()} ms`,
  );
  assert.ok(counts.acknowledged > ROUNDS * SENDERS, 'too little was acknowledged to prove anything');
  assert.ok(median < REPAIR_MS_MAX, `repair takes ${median} ms`);
  // The quickest of three: what a neighbour on the machine does is not the archive's start.
  const cleanMs: number[] = [];
  for (let start = 0; start < 3; start++) {
    assert.equal(await archive.stop(), 0);
    archive = await startFromNothing(t, dataDir);
    cleanMs.push(archive.startMs);
  }
  t.diagnostic(`clean start: ${cleanMs.map((ms) => ms.toFixed()).join(', ')} ms`);
  assert.ok(Math.min(...cleanMs) < START_MS_MAX, `a clean start takes ${cleanMs.join()} ms`);
});

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
