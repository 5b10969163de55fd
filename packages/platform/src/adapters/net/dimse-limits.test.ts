import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePdu, REJECT } from '@acervo/dicom/ul/pdu.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import {
  associatedPeer,
  associateRq,
  bytesOf,
  cStore,
  echoRq,
  type RawPeer,
  rawPeer,
  startServer,
  storeRq,
} from './dimse.fixture.ts';

const ABORT_BY_USER = { kind: 'abort', source: 0, reason: 0 };
const TOO_MANY = { kind: 'associate-rj', ...REJECT.localLimitExceeded };

test('of the connections of one address that ask for nothing, the oldest makes room', async (t) => {
  const started = await startServer(t, [], { limits: { halfOpenPerAddressMax: 2 } });
  const oldest = await rawPeer(t, started);
  const second = await rawPeer(t, started);
  const elsewhere = await rawPeer(t, started, '127.0.0.9');
  const youngest = await rawPeer(t, started);
  assert.deepEqual(await oldest.hear(), { kind: 'closed' });
  for (const peer of [second, elsewhere, youngest]) {
    peer.write(associateRq());
    assert.equal((await peer.hear()).kind, 'associate-ac');
  }
});

test('of those of all addresses, too; who has an association is none of them', async (t) => {
  const started = await startServer(t, [], { limits: { halfOpenMax: 3 } });
  const sender = await associatedPeer(t, started);
  const silent: RawPeer[] = [];
  for (const address of ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5', '127.0.0.6']) {
    silent.push(await rawPeer(t, started, address));
  }
  assert.deepEqual(await silent[0]?.hear(), { kind: 'closed' });
  assert.deepEqual(await silent[1]?.hear(), { kind: 'closed' });
  sender.write(echoRq(1));
  assert.equal((await sender.hear()).kind, 'command');
  // However full it is: whoever asks at once gets through.
  const late = await associatedPeer(t, started);
  late.write(echoRq(1));
  assert.equal((await late.hear()).kind, 'command');
});

test('a connection that was rejected or released, and stays, is one without an association', async (t) => {
  const started = await startServer(t, [], { limits: { halfOpenPerAddressMax: 1 } });
  const stranger = await rawPeer(t, started);
  stranger.write(associateRq({ calledAet: 'OTHER' }));
  assert.equal((await stranger.hear()).kind, 'associate-rj');
  const released = await associatedPeer(t, started);
  assert.deepEqual(await stranger.hear(), { kind: 'closed' });
  released.write({ kind: 'release-rq' });
  assert.deepEqual(await released.hear(), { kind: 'release-rp' });
  await associatedPeer(t, started);
  assert.deepEqual(await released.hear(), { kind: 'closed' });
});

test('an A-ASSOCIATE-RQ that comes byte by byte is over when ARTIM is', async (t) => {
  const started = await startServer(t, [], { limits: { artimMs: 250 } });
  const slow = await rawPeer(t, started);
  const said = encodePdu(associateRq());
  let at = 0;
  const dripping = setInterval(() => slow.write(said.subarray(at, ++at)), 10);
  t.after(() => clearInterval(dripping));
  assert.deepEqual(await slow.hear(), { kind: 'closed' });
  assert.ok(at < said.length, 'it was closed before it had said everything');
  (await associatedPeer(t, started)).socket.end();
});

test('a data set that trickles is silence, one that is slow is not', async (t) => {
  const service = cStore(async ({ dataSet }) => {
    await bytesOf(dataSet);
    return { status: 0 };
  });
  const started = await startServer(t, [service], { limits: { stallMs: 400, paceBytesMin: 1000 } });
  const message = storeRq(1, new Uint8Array(6000));
  const drip = (bytes: number): { write(at: number): Uint8Array; count: number } => ({
    write: (at) => message.subarray(at * bytes, (at + 1) * bytes),
    count: Math.ceil(message.length / bytes),
  });
  const everyMs = 50;
  const trickling = await associatedPeer(t, started);
  const byte = drip(1);
  let at = 0;
  const timer = setInterval(() => trickling.write(byte.write(at++)), everyMs);
  t.after(() => clearInterval(timer));
  assert.deepEqual(await trickling.hear(), ABORT_BY_USER);
  clearInterval(timer);
  const slow = await associatedPeer(t, started);
  const pieces = drip(500);
  for (let each = 0; each < pieces.count; each++) {
    slow.write(pieces.write(each));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  const heard = await slow.hear();
  assert.ok(heard.kind === 'command' && heard.command.status === 0, JSON.stringify(heard));
});

test('the beginning of a command set, byte by byte, does not renew the time between messages', async (t) => {
  const started = await startServer(t, [], { limits: { idleMs: 250 } });
  const peer = await associatedPeer(t, started);
  const said = echoRq(1);
  let at = 0;
  const timer = setInterval(() => peer.write(said.subarray(at, ++at)), 20);
  t.after(() => clearInterval(timer));
  assert.deepEqual(await peer.hear(), ABORT_BY_USER);
});

test('when it is nearly full, an institution that has its share is rejected and another one is not', async (t) => {
  const started = await startServer(t, [], {
    limits: { associationsMax: 8 },
    parties: () => 3,
    identify: ({ callingAet }) => ({
      openOp: (signal) => testOp({ signal, institution: callingAet.split('-')[0] ?? '' }),
    }),
  });
  const as = (callingAet: string) => associateRq({ callingAet });
  const first: RawPeer[] = [];
  for (let each = 0; each < 6; each++) first.push(await associatedPeer(t, started, as(`A-${each}`)));
  const refused = await rawPeer(t, started);
  refused.write(as('A-6'));
  assert.deepEqual(await refused.hear(), TOO_MANY);
  await associatedPeer(t, started, as('B-1'));
  // One place less is taken than would be nearly full: it is anybody's again.
  const released = first.slice(0, 2);
  for (const peer of released) {
    peer.write({ kind: 'release-rq' });
    assert.deepEqual(await peer.hear(), { kind: 'release-rp' });
  }
  await associatedPeer(t, started, as('A-7'));
});

test('one address has a limit of its own, which leaves the others theirs', async (t) => {
  const started = await startServer(t, [], { limits: { associationsPerAddressMax: 2 } });
  const first = await associatedPeer(t, started);
  await associatedPeer(t, started);
  const third = await rawPeer(t, started);
  third.write(associateRq());
  assert.deepEqual(await third.hear(), TOO_MANY);
  await associatedPeer(t, started, associateRq(), '127.0.0.7');
  first.write({ kind: 'release-rq' });
  assert.deepEqual(await first.hear(), { kind: 'release-rp' });
  await associatedPeer(t, started);
});

test('strangers hold no association while it is found out who they are', async (t) => {
  const deciding = Promise.withResolvers<void>();
  const started = await startServer(t, [], {
    limits: { associationsMax: 1 },
    identify: async ({ callingAet }) => {
      if (callingAet === 'STRANGER') await deciding.promise;
      return callingAet === 'STRANGER' ? REJECT.callingAetNotRecognized : { openOp: (signal) => testOp({ signal }) };
    },
  });
  const stranger = await rawPeer(t, started);
  stranger.write(associateRq({ callingAet: 'STRANGER' }));
  const known = await associatedPeer(t, started);
  deciding.resolve();
  assert.deepEqual(await stranger.hear(), { kind: 'associate-rj', ...REJECT.callingAetNotRecognized });
  known.write(echoRq(1));
  assert.equal((await known.hear()).kind, 'command');
});
