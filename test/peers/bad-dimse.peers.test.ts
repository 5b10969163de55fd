import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CommandSet, encodeCommand } from '@acervo/dicom/dimse/command.ts';
import { FAILURES, type FailureCode } from '@acervo/kernel/failure.ts';
import { createRandom } from '@acervo/kernel/random.ts';
import { echoRq, pdata, type RawPeer, storeCommand } from '@acervo/platform/adapters/net/dimse.fixture.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { scaled } from '@acervo/testkit/scale.ts';
import { type ArchiveProcess, scratch, startArchive } from '../harness/archive-process.ts';
import { strayFiles } from '../harness/data-dir.ts';
import { peakRssMib } from '../harness/memory.ts';
import { packContents } from '../harness/packs.ts';
import { heardOf, OBJECT_CONTEXT, rawAssociation, rawConnection } from '../harness/raw-peer.ts';
import { associate } from '../harness/sender.ts';

const COMMAND = 0x01;
const LAST = 0x02;
const NONE = new Uint8Array(0);
/** Resident memory that an archive may have taken after all of this, MiB. */
const RSS_MIB_MAX = 300;

const object = smallObject({ name: 'bad-dimse', study: 1, number: 1, pixelBytes: 200_000 });

const commandOf = (of: SmallObject, changes: Partial<CommandSet> = {}): Uint8Array =>
  storeCommand(1, { affectedSopClassUid: of.sopClassUid, affectedSopInstanceUid: of.sopInstanceUid, ...changes });

/** A C-STORE request whose command is whole and whose data set is these bytes. */
const requestOf = (command: Uint8Array, dataSet: Uint8Array): Uint8Array =>
  Buffer.concat([
    pdata([OBJECT_CONTEXT, COMMAND | LAST, command]),
    ...chunksOf(dataSet, 16_000).map((chunk, index, all) =>
      pdata([OBJECT_CONTEXT, index + 1 === all.length ? LAST : 0, chunk]),
    ),
  ]);

function chunksOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.max(1, Math.ceil(bytes.length / size));
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

async function statusHeard(peer: RawPeer): Promise<number | undefined> {
  const heard = await heardOf(peer);
  assert.equal(heard.kind, 'command', JSON.stringify(heard));
  return 'command' in heard ? heard.command.status : undefined;
}

async function assertAborted(peer: RawPeer, what: string): Promise<void> {
  const heard = await heardOf(peer);
  assert.equal(heard.kind, 'abort', `${what}: ${JSON.stringify(heard)}`);
}

/** Refusals of a request: the association lives on, and the status is the one that the table names. */
const REFUSALS: readonly { what: string; code: FailureCode; request(random: () => Uint8Array): Uint8Array }[] = [
  {
    what: 'random bytes for a data set',
    code: 'parse/malformed',
    request: (noise) => requestOf(commandOf(object), noise()),
  },
  { what: 'no data set at all', code: 'store/not-a-dataset', request: () => requestOf(commandOf(object), NONE) },
  {
    what: 'another instance in the command',
    code: 'store/uid-mismatch',
    request: () => requestOf(commandOf(object, { affectedSopInstanceUid: '1.2.3' }), object.dataSet),
  },
  {
    what: 'another class in the command',
    code: 'store/uid-mismatch',
    request: () => requestOf(commandOf(object, { affectedSopClassUid: '1.2.840.10008.5.1.4.1.1.2' }), object.dataSet),
  },
  {
    what: 'a command that announces a data set but no instance',
    code: 'dimse/bad-command',
    request: () => requestOf(withoutInstance(), object.dataSet),
  },
  {
    what: 'an operation that nobody knows',
    code: 'dimse/unrecognized',
    request: () => requestOf(commandOf(object, { commandField: 0x0150 }), object.dataSet),
  },
  {
    what: 'a data set cut in its header',
    code: 'store/missing-uid',
    request: () => requestOf(commandOf(object), object.dataSet.subarray(0, 60)),
  },
];

function withoutInstance(): Uint8Array {
  const { sopClassUid } = object;
  return encodeCommand({
    affectedSopClassUid: sopClassUid,
    commandField: 1,
    messageId: 1,
    priority: 0,
    dataSetType: 0,
  });
}

/** What no association survives: each is said on one of its own, and answered with A-ABORT. */
const VIOLATIONS: readonly { what: string; said: Uint8Array }[] = [
  { what: 'a context that was not negotiated', said: pdata([99, COMMAND | LAST, commandOf(object)]) },
  { what: 'a data set before any command', said: pdata([OBJECT_CONTEXT, LAST, object.dataSet.subarray(0, 999)]) },
  { what: 'random bytes for a command', said: pdata([OBJECT_CONTEXT, COMMAND | LAST, new Uint8Array(300).fill(0xa5)]) },
  { what: 'a PDU of four gigabytes', said: Uint8Array.of(4, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 6) },
  { what: 'a PDV longer than its PDU', said: Uint8Array.of(4, 0, 0, 0, 0, 6, 0, 0, 0xff, 0xff, 3, 3) },
  {
    what: 'a context that changes within a message',
    said: Buffer.concat([
      pdata([OBJECT_CONTEXT, COMMAND | LAST, commandOf(object)]),
      pdata([1, 0, object.dataSet.subarray(0, 100)]),
    ]),
  },
  {
    what: 'a command within a data set',
    said: Buffer.concat([
      pdata([OBJECT_CONTEXT, COMMAND | LAST, commandOf(object)]),
      pdata([OBJECT_CONTEXT, 0, object.dataSet.subarray(0, 100)], [OBJECT_CONTEXT, COMMAND | LAST, commandOf(object)]),
    ]),
  },
];

/** The archive still does what it is for. */
async function assertServing(archive: ArchiveProcess, of: SmallObject): Promise<void> {
  const association = await associate(archive, [of]);
  assert.equal((await association.store(of)).status, 0x0000);
  await association.release();
}

async function started(t: TestContext): Promise<{ archive: ArchiveProcess; dataDir: string }> {
  const dataDir = join(scratch(t, 'bad-dimse'), 'data');
  return { archive: await startArchive(t, dataDir), dataDir };
}

/** The archive goes on, holds exactly these instances and left no file behind. */
async function assertNothingElse(
  { archive, dataDir }: { archive: ArchiveProcess; dataDir: string },
  held: readonly SmallObject[],
): Promise<void> {
  const last = smallObject({ name: 'bad-dimse', study: 9, number: 9 });
  await assertServing(archive, last);
  assert.ok(peakRssMib(archive.pid) < RSS_MIB_MAX, `${peakRssMib(archive.pid)} MiB`);
  assert.equal(await archive.stop(), 0);
  assert.doesNotMatch(archive.logText(), /"level":"error"|"internal"/);
  const { members, loose } = await packContents(dataDir);
  assert.deepEqual(
    members.map(({ sop }) => sop).sort(),
    [...held, last].map(({ sopInstanceUid }) => sopInstanceUid).sort(),
  );
  assert.deepEqual([loose, strayFiles(dataDir)], [[], []]);
}

test('a wrong called AE title is rejected: 1/1/7, called AE title not recognized', async (t) => {
  const { archive } = await started(t);
  await assert.rejects(
    associate({ dimsePort: archive.dimsePort, aeTitle: 'NOBODY' }, [object]),
    /ul\/rejected: 1\/1\/7/,
  );
});

test('requests that cannot be carried out are answered with the status that says why', async (t) => {
  const running = await started(t);
  const random = createRandom('bad-dimse');
  const noise = (): Uint8Array => Uint8Array.from({ length: 5000 }, () => random.below(256));
  const peer = await rawAssociation(t, running.archive, object);
  for (const { what, code, request } of REFUSALS) {
    peer.write(request(noise));
    assert.equal(await statusHeard(peer), FAILURES[code].dimse, what);
  }
  peer.write(requestOf(commandOf(object), object.dataSet));
  assert.equal(await statusHeard(peer), 0x0000, 'the association still works');
  peer.socket.destroy();
  await assertNothingElse(running, [object]);
});

test('what breaks the protocol is answered with A-ABORT', async (t) => {
  const running = await started(t);
  for (const { what, said } of VIOLATIONS) {
    const peer = await rawAssociation(t, running.archive, object);
    peer.write(said);
    await assertAborted(peer, what);
    peer.socket.destroy();
  }
  await assertNothingElse(running, []);
});

test('a request in fragments of one byte and of none is a request like any other', async (t) => {
  const running = await started(t);
  const peer = await rawAssociation(t, running.archive, object);
  const command = [...commandOf(object)];
  for (const [index, byte] of command.entries()) {
    const isLast = index + 1 === command.length;
    peer.write(
      pdata([OBJECT_CONTEXT, COMMAND, NONE], [OBJECT_CONTEXT, isLast ? COMMAND | LAST : COMMAND, Uint8Array.of(byte)]),
    );
  }
  peer.write(pdata([OBJECT_CONTEXT, 0, NONE]));
  for (const chunk of chunksOf(object.dataSet, 977))
    peer.write(pdata([OBJECT_CONTEXT, 0, chunk], [OBJECT_CONTEXT, 0, NONE]));
  peer.write(pdata([OBJECT_CONTEXT, LAST, NONE]));
  assert.equal(await statusHeard(peer), 0x0000);
  peer.write(echoRq(2));
  assert.equal(await statusHeard(peer), 0x0000);
  peer.socket.destroy();
  await assertNothingElse(running, [object]);
});

async function leave(peer: RawPeer, way: 'abort' | 'close' | 'reset'): Promise<void> {
  if (way === 'reset') {
    peer.socket.resetAndDestroy();
    return;
  }
  if (way === 'abort') peer.write({ kind: 'abort', source: 0, reason: 0 });
  peer.socket.end();
  while ((await peer.hear()).kind !== 'closed');
}

test('a sender that goes away in the middle leaves nothing', async (t) => {
  const running = await started(t);
  const large = smallObject({ name: 'bad-dimse', study: 2, number: 1, pixelBytes: 6_000_000 });
  for (const each of [object, large]) {
    for (const way of ['abort', 'close', 'reset'] as const) {
      const peer = await rawAssociation(t, running.archive, each);
      const request = requestOf(commandOf(each), each.dataSet);
      peer.write(request.subarray(0, request.length / 2));
      await leave(peer, way);
    }
  }
  await assertNothingElse(running, []);
});

test('random bytes and cut requests on the DIMSE port end in A-ABORT or silence', async (t) => {
  const running = await started(t);
  const random = createRandom('noise');
  const rounds = Math.max(30, scaled(200));
  for (let round = 0; round < rounds; round++) {
    const peer = await rawConnection(t, running.archive);
    const bytes = Uint8Array.from({ length: 1 + random.below(2000) }, () => random.below(256));
    // The length of a PDU that is believed would be waited for: half of them say that it is short.
    if (random.chance(0.5))
      bytes.set(Uint8Array.of(1 + random.below(7), 0, 0, 0, 0, random.below(200)).subarray(0, bytes.length));
    peer.write(bytes);
    peer.socket.end();
    const heard = await peer.hear();
    assert.ok(
      heard.kind === 'abort' || heard.kind === 'closed' || heard.kind === 'associate-rj',
      JSON.stringify(heard),
    );
    if (!peer.socket.closed) {
      peer.socket.destroy();
      await once(peer.socket, 'close');
    }
  }
  t.diagnostic(`${rounds} connections`);
  await assertNothingElse(running, []);
});
