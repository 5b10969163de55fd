import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  C_CANCEL_RQ,
  C_FIND_RQ,
  type CommandSet,
  DATA_SET,
  encodeCommand,
  NO_DATA_SET,
} from '@acervo/dicom/dimse/command.ts';
import { encodeMessage } from '@acervo/dicom/dimse/pdata.ts';
import { latin1Bytes } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { DimseRequest, DimseResponse } from '../../bindings/dimse.ts';
import {
  associatedPeer,
  associateRq,
  bytesOf,
  CT,
  cStore,
  EXPLICIT_LE,
  echoRq,
  pdata,
  type RawPeer,
  startServer,
  storeCommand,
  storeRq,
  VERIFICATION,
} from './dimse.fixture.ts';

const NOTHING = new Uint8Array(0);
const ABORT_BY_USER = { kind: 'abort', source: 0, reason: 0 };
const INVALID_PARAMETER = { kind: 'abort', source: 2, reason: 6 };

async function answerOf(peer: RawPeer): Promise<CommandSet> {
  const heard = await peer.hear();
  assert.ok(heard.kind === 'command', JSON.stringify(heard));
  return heard.command;
}

/** A service that counts what it is sent. */
function counting(): { service: ReturnType<typeof cStore>; counts: number[] } {
  const counts: number[] = [];
  const service = cStore(async ({ dataSet }) => {
    counts.push(await bytesOf(dataSet));
    return { status: 0 };
  });
  return { service, counts };
}

type Failing = {
  service: ReturnType<typeof cStore>;
  begun: Promise<void>;
  failed: Promise<unknown>;
  aborted: Promise<void>;
};

/** A service that reads, and how its reading failed. */
function failing(): Failing {
  const failed = Promise.withResolvers<unknown>();
  const aborted = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const service = cStore(async ({ dataSet }, { signal }) => {
    signal.addEventListener('abort', () => aborted.resolve());
    try {
      for await (const chunk of dataSet) if (chunk.length > 0) begun.resolve();
    } catch (thrown) {
      failed.resolve(thrown);
      throw thrown;
    }
    return { status: 0 };
  });
  return { service, failed: failed.promise, aborted: aborted.promise, begun: begun.promise };
}

const isAborted = (thrown: unknown): boolean => thrown instanceof Failure && thrown.code === 'ul/aborted';

test('a request reaches its service as it was sent, and its response echoes what identifies it', async (t) => {
  const requests: DimseRequest[] = [];
  const received: Uint8Array[] = [];
  const started = await startServer(t, [
    cStore(async (request) => {
      requests.push(request);
      for await (const chunk of request.dataSet) received.push(chunk);
      return { status: 0xb000, errorComment: `Coerción ${'x'.repeat(80)}` };
    }),
  ]);
  const peer = await associatedPeer(t, started);
  const dataSet = latin1Bytes('not even DICOM'.repeat(50_000));
  peer.write(storeRq(77, dataSet, 16_384));
  assert.deepEqual(await answerOf(peer), {
    affectedSopClassUid: CT,
    commandField: 0x8001,
    messageIdBeingRespondedTo: 77,
    dataSetType: NO_DATA_SET,
    status: 0xb000,
    errorComment: `Coerci?n ${'x'.repeat(55)}`,
    affectedSopInstanceUid: '1.2.3',
  });
  // Kept without copying: the chunks are the service's.
  assert.ok(Buffer.concat(received).equals(dataSet));
  const [request] = requests;
  assert.equal(request?.context.transferSyntax, EXPLICIT_LE);
  assert.equal(request.context.abstractSyntax, CT);
  assert.deepEqual([request.callingAet, request.calledAet], ['SCU', 'ACERVO']);
});

test('commands split over PDVs and PDUs, empty fragments, and all in one PDU', async (t) => {
  const { service, counts } = counting();
  const peer = await associatedPeer(t, await startServer(t, [service]));
  const command = storeCommand(1);
  for (const byte of command) peer.write(pdata([3, 1, Uint8Array.of(byte)], [3, 1, NOTHING]));
  peer.write(pdata([3, 3, NOTHING]), pdata([3, 0, NOTHING], [3, 0, Uint8Array.of(1, 2)]), pdata([3, 2, NOTHING]));
  assert.equal((await answerOf(peer)).status, 0);
  peer.write(pdata([3, 1, command.subarray(0, 50)], [3, 3, command.subarray(50)], [3, 2, new Uint8Array(6)]));
  assert.equal((await answerOf(peer)).status, 0);
  assert.deepEqual(counts, [2, 6]);
});

test('many messages in one write are answered in order', async (t) => {
  const { service, counts } = counting();
  const peer = await associatedPeer(t, await startServer(t, [service]));
  peer.write(Buffer.concat([storeRq(1, new Uint8Array(300)), echoRq(2), storeRq(3, new Uint8Array(20))]));
  const ids = [await answerOf(peer), await answerOf(peer), await answerOf(peer)];
  assert.deepEqual(
    ids.map(({ messageIdBeingRespondedTo }) => messageIdBeingRespondedTo),
    [1, 2, 3],
  );
  assert.deepEqual(counts, [300, 20]);
});

test('a response fits the smallest maximum length of the peer', async (t) => {
  const request = associateRq({ userInformation: { maximumLength: 16 } });
  const peer = await associatedPeer(t, await startServer(t), request);
  peer.write(echoRq(1));
  assert.equal((await answerOf(peer)).status, 0);
  assert.ok(peer.fragments.length > 5 && Math.max(...peer.fragments) === 10);
});

test('a Failure is answered with its status and title, anything else with processing failure', async (t) => {
  let thrown: Error = new Failure('store/out-of-space', 'disk /data at 99 %');
  const started = await startServer(t, [cStore(() => Promise.reject(thrown))]);
  const peer = await associatedPeer(t, started);
  peer.write(storeRq(1, new Uint8Array(1000)));
  const refused = await answerOf(peer);
  assert.deepEqual([refused.status, refused.errorComment], [0xa700, 'Out of storage space']);
  thrown = new TypeError('x is undefined');
  peer.write(storeRq(2, new Uint8Array(10)));
  const failed = await answerOf(peer);
  assert.deepEqual([failed.status, failed.errorComment], [0x0110, 'Processing failure']);
  assert.deepEqual(
    started.lines.map(({ level, event, fields }) => [level, event, fields['code']]),
    [
      ['warn', 'dimse.failed', 'store/out-of-space'],
      ['error', 'dimse.failed', 'internal'],
    ],
  );
});

test('an operation without a service is unrecognized, and its data set passed over', async (t) => {
  const peer = await associatedPeer(t, await startServer(t));
  const find = encodeCommand({
    affectedSopClassUid: VERIFICATION,
    commandField: C_FIND_RQ,
    messageId: 9,
    dataSetType: DATA_SET,
  });
  peer.write(encodeMessage(1, find, new Uint8Array(5000), 0), echoRq(10));
  const refused = await answerOf(peer);
  assert.deepEqual([refused.status, refused.commandField, refused.messageIdBeingRespondedTo], [0x0211, 0x8020, 9]);
  assert.equal((await answerOf(peer)).status, 0);
});

test('a C-CANCEL that comes too late is not answered', async (t) => {
  const peer = await associatedPeer(t, await startServer(t));
  const cancel = encodeCommand({ commandField: C_CANCEL_RQ, messageIdBeingRespondedTo: 1, dataSetType: NO_DATA_SET });
  peer.write(encodeMessage(1, cancel, undefined, 0), echoRq(2));
  assert.equal((await answerOf(peer)).messageIdBeingRespondedTo, 2);
});

test('an early answer waits for the data set, and the next message is served', async (t) => {
  const services = [
    cStore(async ({ dataSet }): Promise<DimseResponse> => {
      for await (const chunk of dataSet) if (chunk.length > 0) return { status: 0xa900 };
      return { status: 0 };
    }),
  ];
  const peer = await associatedPeer(t, await startServer(t, services));
  peer.write(storeRq(1, new Uint8Array(500_000)), echoRq(2));
  assert.equal((await answerOf(peer)).status, 0xa900);
  assert.equal((await answerOf(peer)).messageIdBeingRespondedTo, 2);
});

test('a service may stop reading and go on later', async (t) => {
  const seen: number[] = [];
  const services = [
    cStore(async ({ dataSet }) => {
      for await (const chunk of dataSet) {
        seen.push(chunk.length);
        break;
      }
      seen.push(await bytesOf(dataSet), await bytesOf(dataSet));
      return { status: 0 };
    }),
  ];
  const peer = await associatedPeer(t, await startServer(t, services));
  peer.write(pdata([3, 3, storeCommand(1)], [3, 0, new Uint8Array(10)], [3, 2, new Uint8Array(7)]));
  assert.equal((await answerOf(peer)).status, 0);
  assert.deepEqual(seen, [10, 7, 0]);
});

test('more than the limit of a data set nobody reads is aborted', async (t) => {
  const hasty = cStore(() => Promise.resolve({ status: 0 }));
  const started = await startServer(t, [hasty], { limits: { drainBytesMax: 1000 } });
  const peer = await associatedPeer(t, started);
  peer.write(storeRq(1, new Uint8Array(1001)));
  assert.deepEqual(await peer.hear(), ABORT_BY_USER);
});

test('messages that break PS3.7 are aborted', async (t) => {
  const { service } = counting();
  const started = await startServer(t, [service]);
  const echo = { affectedSopClassUid: VERIFICATION, dataSetType: NO_DATA_SET };
  const unasked = { ...echo, commandField: 0x8030, messageIdBeingRespondedTo: 1 };
  const cases: Record<string, Uint8Array> = {
    'unknown context': pdata([5, 3, storeCommand(1)]),
    'data set first': pdata([3, 2, new Uint8Array(4)]),
    'data set inside of the command': pdata([3, 1, storeCommand(1)], [3, 2, new Uint8Array(4)]),
    'no data set though announced': pdata([3, 3, storeCommand(1)], [3, 3, storeCommand(2)]),
    'another context inside of the message': pdata([3, 3, storeCommand(1)], [1, 2, new Uint8Array(4)]),
    'no command set': pdata([1, 3, latin1Bytes('????????????')]),
    'endless command set': Buffer.concat(Array.from({ length: 3 }, () => pdata([1, 1, new Uint8Array(30_000)]))),
    'response to nothing': pdata([1, 3, encodeCommand(unasked)]),
    'no Message ID': pdata([1, 3, encodeCommand({ ...echo, commandField: 0x0030 })]),
  };
  for (const [name, bytes] of Object.entries(cases)) {
    const peer = await associatedPeer(t, started);
    peer.write(bytes);
    assert.deepEqual(await peer.hear(), INVALID_PARAMETER, name);
  }
});

test('an A-ABORT in the middle of a data set reaches the service as ul/aborted, and is not answered', async (t) => {
  const { service, failed, aborted } = failing();
  const peer = await associatedPeer(t, await startServer(t, [service]));
  peer.write(pdata([3, 3, storeCommand(1)]), pdata([3, 0, new Uint8Array(5000)]));
  peer.write({ kind: 'abort', source: 0, reason: 0 });
  assert.ok(isAborted(await failed));
  await aborted;
  assert.deepEqual(await peer.hear(), { kind: 'closed' });
});

test('a connection that ends or breaks inside of a PDU is ul/aborted', async (t) => {
  for (const leave of ['end', 'resetAndDestroy'] as const) {
    const { service, failed, aborted, begun } = failing();
    const peer = await associatedPeer(t, await startServer(t, [service]));
    peer.write(storeRq(1, new Uint8Array(100_000)).subarray(0, 60_000));
    await begun;
    peer.socket[leave]();
    assert.ok(isAborted(await failed), leave);
    await aborted;
  }
});

test('half a PDU and then silence is aborted, and the service is told', async (t) => {
  const { service, failed, aborted } = failing();
  const started = await startServer(t, [service], { limits: { stallMs: 40 } });
  const peer = await associatedPeer(t, started);
  peer.write(storeRq(1, new Uint8Array(1000)).subarray(0, 500));
  assert.ok(isAborted(await failed));
  await aborted;
  assert.deepEqual(await peer.hear(), ABORT_BY_USER);
});

test('a service may take longer than any limit of the peer', async (t) => {
  const started = await startServer(
    t,
    [
      cStore(async ({ dataSet }) => {
        for await (const chunk of dataSet)
          if (chunk.length > 0) await new Promise((resolve) => setTimeout(resolve, 300));
        return { status: 0 };
      }),
    ],
    { limits: { stallMs: 250, idleMs: 250 } },
  );
  const peer = await associatedPeer(t, started);
  peer.write(pdata([3, 3, storeCommand(1)], [3, 0, new Uint8Array(10)], [3, 2, new Uint8Array(10)]));
  assert.equal((await answerOf(peer)).status, 0);
});

test('an A-ABORT is seen while the service works on a message that has come whole', async (t) => {
  const withoutDataSet = pdata([3, 3, storeCommand(1, { dataSetType: NO_DATA_SET })]);
  for (const message of [storeRq(1, new Uint8Array(100)), withoutDataSet]) {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const begun = Promise.withResolvers<void>();
    const service = cStore(async ({ dataSet }, { signal }) => {
      await bytesOf(dataSet);
      begun.resolve();
      signal.addEventListener('abort', () => resolve(signal.reason));
      return Promise.withResolvers<never>().promise;
    });
    const peer = await associatedPeer(t, await startServer(t, [service]));
    peer.write(message);
    await begun.promise;
    peer.write({ kind: 'abort', source: 0, reason: 0 });
    assert.ok(isAborted(await promise));
  }
});

test('a release request while a message is served is answered after its response', async (t) => {
  const gate = Promise.withResolvers<void>();
  const peer = await associatedPeer(
    t,
    await startServer(t, [
      cStore(async ({ dataSet }) => {
        await bytesOf(dataSet);
        await gate.promise;
        return { status: 0 };
      }),
    ]),
  );
  peer.write(storeRq(1, new Uint8Array(10)), { kind: 'release-rq' });
  gate.resolve();
  assert.equal((await answerOf(peer)).status, 0); // AR-7
  assert.deepEqual(await peer.hear(), { kind: 'release-rp' });
});

test('a service that does not read holds the peer up: what is buffered stays bounded', async (t) => {
  const TOTAL_BYTES = 96 * 1024 * 1024;
  const IN_FLIGHT_BYTES_MAX = 32 * 1024 * 1024; // both kernel buffers of a loopback connection, and ours
  const gate = Promise.withResolvers<void>();
  let received = 0;
  const started = await startServer(t, [
    cStore(async ({ dataSet }) => {
      await gate.promise;
      received = await bytesOf(dataSet);
      return { status: 0 };
    }),
  ]);
  const peer = await associatedPeer(t, started);
  peer.write(storeRq(1, new Uint8Array(TOTAL_BYTES)));
  let taken = -1;
  for (let unchanged = 0; unchanged < 200; unchanged++) {
    await setImmediate();
    if (peer.socket.bytesWritten - peer.socket.writableLength !== taken) unchanged = 0;
    taken = peer.socket.bytesWritten - peer.socket.writableLength;
  }
  assert.ok(taken < IN_FLIGHT_BYTES_MAX, `${taken} bytes taken`);
  gate.resolve();
  assert.equal((await answerOf(peer)).status, 0);
  assert.equal(received, TOTAL_BYTES);
});
