import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createRandom } from '@acervo/kernel/random.ts';
import { scratch, startAsIs } from '../harness/archive-process.ts';
import { operatorPostgres } from '../harness/operator-postgres.ts';
import { packContents } from '../harness/packs.ts';
import { checkSent, countsOf, type Sent, sendUntilStopped } from '../harness/senders.ts';
import { eventCounts, internalErrors } from '../harness/server-log.ts';

const SENDERS = 8;
const ROUNDS = 2;
/** Who is killed. An operator starts his database again; ours is not touched by the archive. */
const VICTIMS = ['server', 'database', 'both'] as const;
/** How long the operator takes. */
const AWAY_MS = 500;

test("an operator's PostgreSQL 15: stored and read through kill -9 of archive, database and both", async (t) => {
  const folder = scratch(t, 'operator');
  const database = await operatorPostgres(t, join(folder, 'postgres'));
  if (database === undefined) return;
  const dataDir = join(folder, 'data');
  const env = { ACERVO_DATABASE_URL: database.url };
  const random = createRandom('operator');
  const sent: Sent[] = [];
  let archive = await startAsIs(t, dataDir, env);
  for (let round = 0; round < ROUNDS * VICTIMS.length; round++) {
    const victim = VICTIMS[round % VICTIMS.length];
    const stopping = new AbortController();
    const senders = Array.from({ length: SENDERS }, (_unused, study) =>
      sendUntilStopped(archive, { name: `operator${round}`, study }, sent, stopping.signal),
    );
    await pause(150 + random.below(400));
    if (victim !== 'server') await database.kill();
    if (victim !== 'database') await archive.kill();
    await pause(random.below(AWAY_MS));
    if (victim !== 'server') await database.start();
    // The archive that lived through it goes on with the senders it has.
    if (victim === 'database') await acknowledgedMore(sent, SENDERS);
    stopping.abort();
    await Promise.all(senders);
    assert.deepEqual(internalErrors(archive.logText()), []);
    if (victim !== 'database') archive = await startAsIs(t, dataDir, env);
    await checkSent(archive.http, sent, `round ${round}, ${victim} killed`);
  }
  t.diagnostic(`${JSON.stringify(countsOf(sent))}; ${eventCounts(archive.logText())}`);
  const visible = await checkSent(archive.http, sent, 'at the end');
  assert.equal(await archive.stop(), 0);
  const { members, loose } = await packContents(dataDir);
  assert.deepEqual(loose, []);
  assert.equal(members.length, visible, 'the packs hold what the index shows');
});

const GO_ON_MS_MAX = 60_000;

async function acknowledgedMore(sent: readonly Sent[], more: number): Promise<void> {
  const enough = countsOf(sent).acknowledged + more;
  for (const until = performance.now() + GO_ON_MS_MAX; countsOf(sent).acknowledged < enough; await pause(20)) {
    assert.ok(performance.now() < until, 'nothing is stored although the database is back');
  }
}
