import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REJECT, type RejectReason } from '@acervo/dicom/ul/pdu.ts';
import { latin1Bytes } from '@acervo/kernel/bytes.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import type { AssociationRequest } from '../../bindings/dimse.ts';
import {
  associatedPeer,
  associateRq,
  bytesOf,
  CT,
  cStore,
  echoRq,
  IMPLICIT_LE,
  type RawPeer,
  rawPeer,
  startServer,
  storeRq,
  VERIFICATION,
} from './dimse.fixture.ts';

const ABORT_BY_USER = { kind: 'abort', source: 0, reason: 0 };
const abortByProvider = (reason: number): unknown => ({ kind: 'abort', source: 2, reason });
const rejected = (reason: RejectReason): unknown => ({ kind: 'associate-rj', ...reason });

async function releases(peer: RawPeer): Promise<void> {
  peer.write({ kind: 'release-rq' });
  assert.deepEqual(await peer.hear(), { kind: 'release-rp' });
  peer.socket.end();
}

test('an association is accepted, its contexts and proposals are answered, and it is released', async (t) => {
  const started = await startServer(t, [cStore(() => Promise.resolve({ status: 0 }))]);
  const peer = await rawPeer(t, started);
  peer.write(
    associateRq({
      callingAet: 'SCANNER',
      presentationContexts: [
        { id: 1, abstractSyntax: CT, transferSyntaxes: ['1.2.3', IMPLICIT_LE] },
        { id: 3, abstractSyntax: '1.2.3.4', transferSyntaxes: [IMPLICIT_LE] },
        { id: 5, abstractSyntax: CT, transferSyntaxes: ['1.2.3'] },
      ],
      userInformation: {
        asynchronousOperations: { invoked: 5, performed: 5 },
        roleSelections: [{ sopClassUid: CT, scu: true, scp: true }],
      },
    }),
  );
  const answer = await peer.hear();
  assert.ok(answer.kind === 'associate-ac');
  assert.equal(answer.calledAet, 'ACERVO');
  assert.equal(answer.callingAet, 'SCANNER');
  assert.deepEqual(
    answer.presentationContexts.map(({ id, result }) => [id, result]),
    [
      [1, 0],
      [3, 3],
      [5, 4],
    ],
  );
  assert.equal(answer.presentationContexts[0]?.transferSyntax, IMPLICIT_LE);
  assert.equal(answer.userInformation.maximumLength, 131_072);
  assert.deepEqual(answer.userInformation.asynchronousOperations, { invoked: 1, performed: 1 });
  assert.deepEqual(answer.userInformation.roleSelections, [{ sopClassUid: CT, scu: true, scp: false }]);
  await releases(peer);
});

test('who is not wanted is rejected with the reason of the standard', async (t) => {
  const started = await startServer(t, [], {
    identify: ({ callingAet }) => {
      if (callingAet === 'STRANGER') return REJECT.callingAetNotRecognized;
      throw new Error('the directory is down');
    },
  });
  const cases: [Parameters<typeof associateRq>[0], RejectReason][] = [
    [{ calledAet: 'OTHER' }, { result: 1, source: 1, reason: 7 }],
    [{ callingAet: 'STRANGER' }, { result: 1, source: 1, reason: 3 }],
    [{ applicationContext: '1.2.3' }, { result: 1, source: 1, reason: 2 }],
    [{ protocolVersion: 2 }, { result: 2, source: 2, reason: 2 }],
    [{ callingAet: 'ANYONE' }, { result: 2, source: 3, reason: 1 }], // cannot be decided now
  ];
  for (const [changes, reason] of cases) {
    const peer = await rawPeer(t, started);
    peer.write(associateRq(changes));
    assert.deepEqual(await peer.hear(), rejected(reason));
    peer.socket.end();
    assert.deepEqual(await peer.hear(), { kind: 'closed' });
  }
});

test('a protocol version with further bits is version 1 too', async (t) => {
  await releases(await associatedPeer(t, await startServer(t), associateRq({ protocolVersion: 0x8001 })));
});

test('one association more than the limit is rejected as transient, and accepted when there is room', async (t) => {
  const started = await startServer(t, [], { limits: { associationsMax: 1 } });
  const first = await associatedPeer(t, started);
  const second = await rawPeer(t, started);
  second.write(associateRq());
  assert.deepEqual(await second.hear(), rejected({ result: 2, source: 3, reason: 2 }));
  await releases(first);
  await releases(await associatedPeer(t, started));
});

test('a user identity reaches identify, and is answered when an answer is asked for', async (t) => {
  const asked: AssociationRequest[] = [];
  const started = await startServer(t, [], {
    identify: (request) => {
      asked.push(request);
      return { openOp: (signal) => testOp({ signal }), userIdentityResponse: latin1Bytes('ticket') };
    },
  });
  const userIdentity = {
    type: 1,
    positiveResponseRequested: true,
    primaryField: latin1Bytes('ana'),
    secondaryField: new Uint8Array(0),
  };
  const peer = await rawPeer(t, started);
  peer.write(associateRq({ userInformation: { userIdentity } }));
  const answer = await peer.hear();
  assert.ok(answer.kind === 'associate-ac');
  assert.deepEqual([...(answer.userInformation.userIdentityResponse ?? [])], [...latin1Bytes('ticket')]);
  assert.deepEqual(
    asked.map(({ callingAet, userIdentity: identity }) => [callingAet, identity?.type]),
    [['SCU', 1]],
  );
  assert.equal(asked[0]?.peerAddress, '127.0.0.1');
});

test('before an association, anything but an A-ASSOCIATE-RQ is aborted', async (t) => {
  const started = await startServer(t);
  const tooLong = Uint8Array.from([1, 0, 0xff, 0xff, 0xff, 0xff]);
  for (const bytes of [echoRq(1), latin1Bytes('GET / HTTP/1.1\r\n\r\n'), tooLong]) {
    const peer = await rawPeer(t, started);
    peer.write(bytes);
    assert.deepEqual(await peer.hear(), ABORT_BY_USER); // AA-1
  }
});

test('a request that breaks the rules of negotiation is aborted', async (t) => {
  const started = await startServer(t);
  const broken = [
    associateRq({ presentationContexts: [{ id: 2, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT_LE] }] }),
    associateRq({ userInformation: { maximumLength: 7 } }),
  ];
  for (const request of broken) {
    const peer = await rawPeer(t, started);
    peer.write(request);
    assert.deepEqual(await peer.hear(), abortByProvider(6));
  }
});

test('PDUs that the association does not expect are aborted with the reason (PS3.8 table 9-26)', async (t) => {
  const started = await startServer(t, [], { limits: { pduBytesMax: 1024 } });
  const cases: [Uint8Array, number][] = [
    [Uint8Array.from([0x0a, 0, 0, 0, 0, 0]), 1],
    [Uint8Array.from([6, 0, 0, 0, 0, 4, 0, 0, 0, 0]), 2],
    [Uint8Array.from([4, 0, 0, 0, 4, 1]), 6], // longer than what we offered
    [Uint8Array.from([4, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]), 6],
  ];
  for (const [bytes, reason] of cases) {
    const peer = await associatedPeer(t, started);
    peer.write(bytes);
    assert.deepEqual(await peer.hear(), abortByProvider(reason));
  }
});

test('a peer that is silent between two messages is aborted', async (t) => {
  const started = await startServer(t, [], { limits: { idleMs: 250 } });
  const peer = await associatedPeer(t, started);
  peer.write(echoRq(1));
  assert.equal((await peer.hear()).kind, 'command');
  assert.deepEqual(await peer.hear(), ABORT_BY_USER);
});

test('a peer that does not close after its release is closed by ARTIM', async (t) => {
  const started = await startServer(t, [], { limits: { artimMs: 250 } });
  const peer = await associatedPeer(t, started);
  peer.write({ kind: 'release-rq' });
  assert.deepEqual(await peer.hear(), { kind: 'release-rp' });
  peer.write(echoRq(1)); // ignored: the association no longer exists (AA-6)
  assert.deepEqual(await peer.hear(), { kind: 'closed' });
});

test('closing lets the running message finish, and aborts those who wait', async (t) => {
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const started = await startServer(t, [
    cStore(async ({ dataSet }) => {
      begun.resolve();
      await gate.promise;
      await bytesOf(dataSet);
      return { status: 0 };
    }),
  ]);
  const idle = await associatedPeer(t, started);
  const busy = await associatedPeer(t, started);
  busy.write(storeRq(1, new Uint8Array(1000)));
  await begun.promise;
  const closed = started.server.close({ timeoutMs: 10_000 });
  assert.deepEqual(await idle.hear(), ABORT_BY_USER);
  idle.socket.end();
  gate.resolve();
  const answer = await busy.hear();
  assert.ok(answer.kind === 'command' && answer.command.status === 0);
  assert.deepEqual(await busy.hear(), ABORT_BY_USER);
  busy.socket.end();
  await closed;
});

test('closing is hard after its time, and tells the service', async (t) => {
  const begun = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  const started = await startServer(t, [
    cStore((_, { signal }) => {
      begun.resolve();
      signal.addEventListener('abort', () => told.resolve());
      return Promise.withResolvers<never>().promise;
    }),
  ]);
  const peer = await associatedPeer(t, started);
  peer.write(storeRq(1, new Uint8Array(10)));
  await begun.promise;
  await started.server.close({ timeoutMs: 20 });
  await told.promise;
  assert.deepEqual(await peer.hear(), { kind: 'closed' });
});

test('what happened to an association is logged once and counted', async (t) => {
  const counted: string[] = [];
  const started = await startServer(t, [], {
    metrics: {
      associationAccepted: () => counted.push('accepted'),
      watch: ({ callingAet, dataSetBytes }) => {
        counted.push(`watched ${callingAet.trim()} ${dataSetBytes()}`);
        return { answered: (status) => counted.push(`answered ${status}`), ended: () => counted.push('ended') };
      },
      associationRejected: (_reason, { callingAet }) => counted.push(`rejected ${callingAet}`),
      associationEnded: ({ isReleased }) => counted.push(isReleased ? 'released' : 'lost'),
      messageServed: ({ commandField, status }) => counted.push(`served ${commandField} ${status}`),
    },
  });
  const peer = await associatedPeer(t, started);
  peer.write(echoRq(1));
  await peer.hear();
  await releases(peer);
  const aborting = await associatedPeer(t, started);
  aborting.write({ kind: 'abort', source: 0, reason: 0 });
  await aborting.hear();
  const stranger = await rawPeer(t, started);
  stranger.write(associateRq({ calledAet: 'OTHER' }));
  await stranger.hear();
  assert.deepEqual(counted, [
    'accepted',
    'watched SCU 0',
    'answered 0',
    'served 48 0',
    'ended',
    'released',
    'accepted',
    'watched SCU 0',
    'ended',
    'lost',
    'rejected SCU',
  ]);
  assert.deepEqual(
    started.lines.map(({ level, event }) => `${level} ${event}`),
    ['info association.ended', 'warn association.failed', 'warn association.rejected'],
  );
});
