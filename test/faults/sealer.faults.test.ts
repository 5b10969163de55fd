import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { canonicalJson, type Json } from '@acervo/kernel/canonical-json.ts';
import { createRandom } from '@acervo/kernel/random.ts';
import { scaled } from '@acervo/testkit/scale.ts';
import { type ArchiveProcess, postmasterOf, runAcervo, scratch, startAsIs } from '../harness/archive-process.ts';
import { checkSent, countsOf, type Sent, sendUntilStopped } from '../harness/senders.ts';
import { internalErrors } from '../harness/server-log.ts';

/** Never fewer than the ten of the issue. */
const ROUNDS = Math.max(10, scaled(10));
const SENDERS = 4;
const VICTIMS = ['server', 'postgres', 'both'] as const;
/** Numbered as often as can be, so that kills meet it at every step. */
const OFTEN = { ACERVO_SEAL_INTERVAL_MS: '50' };

test(`kill -9 while the journal is numbered, ${ROUNDS} rounds: gapless, chained, each announced once`, async (t) => {
  const dataDir = join(scratch(t, 'sealer'), 'data');
  const random = createRandom('sealer');
  const sent: Sent[] = [];
  let archive = await startAsIs(t, dataDir, OFTEN);
  for (let round = 0; round < ROUNDS; round++) {
    const victim = VICTIMS[round % VICTIMS.length];
    const stopping = new AbortController();
    const senders = Array.from({ length: SENDERS }, (_unused, study) =>
      sendUntilStopped(archive, { name: `sealer${round}`, study }, sent, stopping.signal),
    );
    await pause(100 + random.below(500));
    const postmaster = postmasterOf(dataDir);
    if (victim !== 'server' && postmaster !== undefined) process.kill(postmaster, 'SIGKILL');
    if (victim === 'postgres') await pause(200 + random.below(500));
    else await archive.kill();
    stopping.abort();
    await Promise.all(senders);
    assert.deepEqual(internalErrors(archive.logText()), []);
    if (victim !== 'postgres') archive = await startAsIs(t, dataDir, OFTEN);
  }
  const visible = await checkSent(archive.http, sent, 'at the end');
  assert.equal(await archive.stop(), 0);
  const lines = sealedLines(join(dataDir, 'journal'));
  checkChain(lines);
  const announced = announcedIn(lines.map(({ event }) => event));
  checkAnnounced(announced, sent);
  const twice = [...announced].filter(([, times]) => times !== 1);
  assert.deepEqual(twice, []);
  archive = await startAsIs(t, dataDir, OFTEN);
  const feed = await followed(archive);
  assert.deepEqual(
    feed,
    lines.map(toldOf).filter(({ kind }) => isChange(kind)),
  );
  assert.equal(await archive.stop(), 0);
  const verified = await runAcervo(dataDir, ['verify', '--json']);
  assert.equal(verified.code, 0, verified.out.slice(-1000));
  t.diagnostic(`${JSON.stringify(countsOf(sent))}; ${visible} there; ${lines.length} numbers, ${feed.length} changes`);
});

type Event = { at: string; kind: string; study: string; facts: { instances?: Record<string, string[]> } };
type Line = { seq: number; prev: string; hash: string; event: Event };

/** Every line of every segment, in the order of their names. A clean stop leaves none torn. */
function sealedLines(folder: string): Line[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      assert.ok(text === '' || text.endsWith('\n'), `${name} ends with a torn line`);
      return text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Line);
    });
}

/** Decision record 0013: gapless from 1, each hash over the event, its number and the hash before. */
function checkChain(lines: readonly Line[]): void {
  let [number, before] = [0, ''];
  for (const { seq, prev, hash, event } of lines) {
    number += 1;
    assert.equal(seq, number);
    assert.equal(prev, before, `number ${seq} does not follow the one before`);
    before = createHash('sha256')
      .update(canonicalJson({ event: event as Json, prev, seq }))
      .digest('hex');
    assert.equal(hash, before, `number ${seq} differs from its hash`);
  }
}

/** How often each instance was announced as stored, by study and instance. */
function announcedIn(events: readonly Event[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const { kind, study, facts } of events) {
    if (kind !== 'instance.stored') continue;
    for (const sop of Object.values(facts.instances ?? {}).flat()) {
      times.set(`${study} ${sop}`, (times.get(`${study} ${sop}`) ?? 0) + 1);
    }
  }
  return times;
}

function checkAnnounced(announced: ReadonlyMap<string, number>, sent: readonly Sent[]): void {
  for (const { object, outcome } of sent) {
    const times = announced.get(`${object.studyUid} ${object.sopInstanceUid}`) ?? 0;
    if (outcome === 'acknowledged') assert.equal(times, 1, `${object.sopInstanceUid} is announced ${times} times`);
    if (outcome === 'refused') assert.equal(times, 0, `${object.sopInstanceUid} was refused and is announced`);
  }
}

type Told = { seq: number; at: string; kind: string; study: string; facts: unknown };

const toldOf = ({ seq, event: { at, kind, study, facts } }: Line): Told => ({ seq, at, kind, study, facts });
const isChange = (kind: string): boolean => /^instance\.(stored|conflicted)$/.test(kind);
const PAGE = 37;

/** The feed from its beginning, page by page. */
async function followed(archive: ArchiveProcess): Promise<Told[]> {
  const all: Told[] = [];
  for (let since = 0, more = true; more; ) {
    const answer = await fetch(`${archive.http}/api/changes?since=${since}&limit=${PAGE}`);
    assert.equal(answer.status, 200);
    const page = (await answer.json()) as { changes: Told[]; next: number; more: boolean };
    all.push(...page.changes.map(({ seq, at, kind, study, facts }) => ({ seq, at, kind, study, facts })));
    ({ next: since, more } = page);
  }
  return all;
}
