import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { encodePdu } from '@acervo/dicom/ul/pdu.ts';
import { associateRq } from '@acervo/platform/adapters/net/dimse.fixture.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import type { ArchiveProcess } from '../harness/archive-process.ts';
import { AUTHORIZED, SYSTEMS, startKnown } from '../harness/known-archive.ts';
import { peakRssMib } from '../harness/memory.ts';
import { associate } from '../harness/sender.ts';
import type { Flood } from './half-open.worker.ts';

const ARTIM_MS = 1500;
const STALL_MS = 2500;
/** Node looks at the deadline of headers every quarter of it. */
const HEADERS_MS = 15_000 * 1.25;
/** What a deadline may be late by on a machine that does other things, too. */
const LATE_MS = 4000;
const DRIP_MS = 100;

type Slow = {
  what: string;
  deadlineMs: number;
  port(archive: ArchiveProcess): number;
  first: Uint8Array;
  drip: Uint8Array;
};

const http = (archive: ArchiveProcess): number => Number(new URL(archive.http).port);
const text = (of: string): Uint8Array => Buffer.from(of);
const authorization = `Authorization: ${AUTHORIZED.authorization}\r\n`;
const stowHead = [
  'POST /dicom-web/studies HTTP/1.1',
  'Host: 127.0.0.1',
  'Content-Type: application/dicom',
  'Content-Length: 1000000',
  '',
].join('\r\n');

/** Each would hold a connection for ever, with some bytes a second, if silence alone counted. */
const SLOW: readonly Slow[] = [
  {
    what: 'HTTP headers that never end',
    deadlineMs: HEADERS_MS,
    port: http,
    first: text('GET /dicom-web/studies HTTP/1.1\r\n'),
    drip: text('X: y\r\n'),
  },
  {
    what: 'an HTTP body of a caller who is known',
    deadlineMs: STALL_MS,
    port: http,
    first: text(`${stowHead}${authorization}\r\n`),
    drip: text('x'),
  },
  {
    what: 'an HTTP body of one who is not',
    deadlineMs: 15_000,
    port: http,
    first: text(`${stowHead}\r\n`),
    drip: text('x'),
  },
  {
    what: 'an A-ASSOCIATE-RQ byte by byte',
    deadlineMs: ARTIM_MS,
    port: ({ dimsePort }) => dimsePort,
    first: Uint8Array.of(1, 0, 0, 0, 4, 0),
    drip: Uint8Array.of(0),
  },
  {
    what: 'a P-DATA-TF of an association, byte by byte',
    deadlineMs: STALL_MS,
    port: ({ dimsePort }) => dimsePort,
    // A PDV of a command set that is longer than what comes of it.
    first: Buffer.concat([
      encodePdu(associateRq({ callingAet: SYSTEMS.a })),
      Uint8Array.of(4, 0, 0, 0, 0x10, 0, 0, 0, 0x0f, 0xfc, 1, 1, 0, 0),
    ]),
    drip: Uint8Array.of(0),
  },
];

/** How long a peer that drips is borne. */
async function borne(t: TestContext, archive: ArchiveProcess, { port, first, drip }: Slow): Promise<number> {
  const socket: Socket = connect(port(archive), '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => undefined); // A reset ends it as well.
  await once(socket, 'connect');
  const startedAt = performance.now();
  socket.write(first);
  const dripping = setInterval(() => {
    if (socket.writable) socket.write(drip);
  }, DRIP_MS);
  // A reset is an end, too, where `once` would throw.
  await new Promise((resolve) => socket.resume().once('close', resolve));
  clearInterval(dripping);
  return performance.now() - startedAt;
}

test('a peer that drips is let go at its deadline, and others are served meanwhile', async (t) => {
  const env = { ACERVO_ARTIM_MS: `${ARTIM_MS}`, ACERVO_STALL_MS: `${STALL_MS}` };
  const { archive } = await startKnown(t, 'attacks-slow', env);
  const idle = descriptors(archive.pid);
  let isOver = false;
  const object = smallObject({ name: 'attacks-slow', study: 1, number: 1 });
  const serving = (async () => {
    let served = 0;
    while (!isOver) {
      await storeOne(archive, object);
      const answer = await fetch(`${archive.http}/dicom-web/studies`, { headers: AUTHORIZED });
      assert.equal(answer.status, 200);
      await answer.text();
      served += 1;
      await pause(DRIP_MS);
    }
    return served;
  })();
  const times = await Promise.all(SLOW.map((slow) => borne(t, archive, slow)));
  SLOW.forEach(({ what, deadlineMs }, index) => {
    const ms = times[index] ?? Infinity;
    t.diagnostic(`${what}: ${Math.round(ms)} ms of ${deadlineMs}`);
    assert.ok(ms < deadlineMs + LATE_MS, `${what}: ${Math.round(ms)} ms`);
  });
  isOver = true;
  const served = await serving;
  t.diagnostic(`${served} stores and searches meanwhile`);
  assert.ok(served > 10);
  assert.doesNotMatch(archive.logText(), /"internal"/);
  await freed(archive.pid, idle);
});

async function storeOne(archive: ArchiveProcess, object: SmallObject): Promise<void> {
  const association = await associate(archive, [object], SYSTEMS.a);
  assert.equal((await association.store(object)).status, 0);
  await association.release();
}

const descriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
/** Of the archive itself: a connection to the database, a segment, the sockets of our own last requests. */
const OWN_DESCRIPTORS = 20;

/** Everything that an attack took is free again. */
async function freed(pid: number, before: number): Promise<void> {
  const untilMs = performance.now() + 30_000;
  for (let now = descriptors(pid); now > before + OWN_DESCRIPTORS; now = descriptors(pid)) {
    assert.ok(performance.now() < untilMs, `${now} descriptors, ${before} before`);
    await pause(DRIP_MS);
  }
}

const HALF_OPEN = 10_000;
const PER_SECOND = 400;
const WORKERS = 2;
const STORES = 150;
/** Resident memory that the flood may cost, MiB. */
const FLOOD_MIB_MAX = 150;

/** The flood as a process of its own. @returns resolves with what became of it when all have begun */
function flood(t: TestContext, port: number, worker: number): Promise<Flood> {
  const script = join(import.meta.dirname, 'half-open.worker.ts');
  const args = [script, port, HALF_OPEN / WORKERS, PER_SECOND / WORKERS, 2 + worker * 60].map(String);
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  return once(createInterface(child.stdout), 'line').then(([line]) => JSON.parse(String(line)) as Flood);
}

/** Milliseconds of each store, its association with it. */
async function timedStores(archive: ArchiveProcess, study: number, until?: Promise<unknown>): Promise<number[]> {
  let isOver = until === undefined;
  void until?.then(() => {
    isOver = true;
  });
  const times: number[] = [];
  for (let number = 1; number <= STORES || !isOver; number++) {
    const object = smallObject({ name: 'attacks-half-open', study, number, pixelBytes: 4000 });
    const startedAt = performance.now();
    await storeOne(archive, object);
    times.push(performance.now() - startedAt);
  }
  return times;
}

const quantile = (times: readonly number[], part: number): number =>
  [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;

test('10,000 half-open associations from a hundred addresses do not keep a sender waiting', async (t) => {
  const { archive } = await startKnown(t, 'attacks-half-open');
  await timedStores(archive, 1);
  const idle = descriptors(archive.pid);
  const before = await timedStores(archive, 2);
  const beforeMib = peakRssMib(archive.pid);
  const flooding = Promise.all(Array.from({ length: WORKERS }, (_, worker) => flood(t, archive.dimsePort, worker)));
  let mostOpen = 0;
  const looking = setInterval(() => {
    mostOpen = Math.max(mostOpen, descriptors(archive.pid));
  }, DRIP_MS);
  const during = await timedStores(archive, 3, flooding);
  clearInterval(looking);
  const attackers = await flooding;
  assert.equal(
    attackers.reduce((sum, { begun }) => sum + begun, 0),
    HALF_OPEN,
  );
  const [p95Before, p95During] = [quantile(before, 0.95), quantile(during, 0.95)];
  const ms = (times: readonly number[]): string =>
    `p50 ${quantile(times, 0.5).toFixed(1)} ms, p95 ${quantile(times, 0.95).toFixed(1)} ms of ${times.length}`;
  t.diagnostic(`before: ${ms(before)}; during: ${ms(during)}`);
  t.diagnostic(`${mostOpen} descriptors at most, ${idle} before; attackers held ${attackers.map(({ most }) => most)}`);
  const moreMib = peakRssMib(archive.pid) - beforeMib;
  t.diagnostic(`${moreMib} MiB more`);
  assert.ok(p95During <= 2 * p95Before, `p95 ${p95During.toFixed(1)} ms, ${p95Before.toFixed(1)} ms before`);
  assert.ok(mostOpen > idle + 500, 'the attack held connections');
  assert.ok(mostOpen < idle + 1200, `${mostOpen} descriptors`);
  assert.ok(moreMib < FLOOD_MIB_MAX, `${moreMib} MiB`);
  // The attackers are still there, and silent: ARTIM frees what they hold.
  await freed(archive.pid, idle);
  assert.ok(quantile(await timedStores(archive, 4), 0.95) <= 2 * p95Before);
  assert.doesNotMatch(archive.logText(), /"internal"/);
});
