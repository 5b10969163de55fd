import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { encodeCommand, NO_DATA_SET } from '@acervo/dicom/dimse/command.ts';
import { encodeMessage } from '@acervo/dicom/dimse/pdata.ts';
import { Failure, type FailureCode } from '@acervo/kernel/failure.ts';
import {
  associateAc,
  bytesOf,
  CT,
  cStore,
  EXPLICIT_LE,
  IMPLICIT_LE,
  type RawPeer,
  rawServer,
  startServer,
  VERIFICATION,
} from './dimse.fixture.ts';
import { type Association, type ConnectOptions, connect } from './dimse-client.ts';

const options = (port: number, changes: Partial<ConnectOptions> = {}): ConnectOptions => ({
  host: '127.0.0.1',
  port,
  callingAet: 'SCU',
  calledAet: 'ACERVO',
  timeoutMs: 5000,
  signal: new AbortController().signal,
  contexts: [
    { abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT_LE] },
    { abstractSyntax: CT, transferSyntaxes: [EXPLICIT_LE] },
    { abstractSyntax: '1.2.3.4', transferSyntaxes: [IMPLICIT_LE] },
  ],
  ...changes,
});

const instance = { sopClassUid: CT, sopInstanceUid: '1.2.3', transferSyntaxUid: EXPLICIT_LE };
const failsAs =
  (code: FailureCode, detail = /./) =>
  (thrown: unknown): boolean =>
    thrown instanceof Failure && thrown.code === code && detail.test(thrown.detail);

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function digesting(): { service: ReturnType<typeof cStore>; digests: string[] } {
  const digests: string[] = [];
  const service = cStore(async ({ dataSet }) => {
    const hash = createHash('sha256');
    for await (const chunk of dataSet) hash.update(chunk);
    digests.push(hash.digest('hex'));
    return { status: 0 };
  });
  return { service, digests };
}

/** A scripted SCP that has accepted the association of `connect`. */
async function scripted(
  t: TestContext,
  script: (peer: RawPeer) => Promise<void>,
  changes: Partial<ConnectOptions> = {},
): Promise<Association> {
  const port = await rawServer(t, async (peer) => {
    const request = await peer.hear();
    assert.ok(request.kind === 'associate-rq');
    peer.write(associateAc(request));
    await script(peer);
  });
  return connect(options(port, changes));
}

const echoRsp = (messageId: number): Uint8Array =>
  encodeMessage(
    1,
    encodeCommand({
      commandField: 0x8030,
      messageIdBeingRespondedTo: messageId,
      dataSetType: NO_DATA_SET,
      status: 0,
    }),
    undefined,
    0,
  );

test('C-ECHO and C-STORE against the SCP, the data set verbatim however it comes', async (t) => {
  const { service, digests } = digesting();
  const { server } = await startServer(t, [service]);
  const association = await connect(options(server.port));
  assert.deepEqual(
    association.contexts.map(({ abstractSyntax }) => abstractSyntax),
    [VERIFICATION, CT],
  );
  assert.deepEqual(await association.echo(), { status: 0 });
  const bytes = randomBytes(60_001);
  const dataSets = [bytes, new Uint8Array(0), bytes.subarray(0, 1)];
  for (const dataSet of dataSets) assert.deepEqual(await association.store({ ...instance, dataSet }), { status: 0 });
  const lent = new Uint8Array(1000);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 997) {
      const chunk = bytes.subarray(at, at + 997);
      lent.set(chunk);
      yield lent.subarray(0, chunk.length);
    }
  }
  assert.deepEqual(await association.store({ ...instance, dataSet: chunks() }), { status: 0 });
  await association.release();
  assert.deepEqual(digests, [...dataSets, bytes].map(digestOf));
});

test('under small maximum lengths of the SCP too', async (t) => {
  const bytes = randomBytes(300_007);
  for (const pduBytesMax of [16, 128, 4096]) {
    const { service, digests } = digesting();
    const { server } = await startServer(t, [service], { limits: { pduBytesMax } });
    const association = await connect(options(server.port, { pduBytesMax }));
    assert.deepEqual(await association.store({ ...instance, dataSet: bytes }), { status: 0 });
    await association.release();
    assert.deepEqual(digests, [digestOf(bytes)]);
  }
});

test('20 associations at a time', async (t) => {
  const { service, digests } = digesting();
  const { server } = await startServer(t, [service]);
  const sent = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const association = await connect(options(server.port));
      const bytes = new Uint8Array(50_000).fill(index);
      for (let round = 0; round < 5; round++) {
        assert.equal((await association.store({ ...instance, dataSet: bytes })).status, 0);
      }
      await association.release();
      return digestOf(bytes);
    }),
  );
  assert.deepEqual(digests.toSorted(), sent.flatMap((digest) => Array.from({ length: 5 }, () => digest)).toSorted());
});

test('a refusal of the SCP is an answer, not an error', async (t) => {
  const { server } = await startServer(t, [cStore(() => Promise.reject(new Failure('store/out-of-space', 'full')))]);
  const association = await connect(options(server.port));
  const refused = await association.store({ ...instance, dataSet: new Uint8Array(1_000_000) });
  assert.deepEqual(refused, { status: 0xa700, errorComment: 'Out of storage space' });
  assert.equal((await association.echo()).status, 0);
  await association.release();
});

test('no connection, a rejection and an impossible request are Failures', async (t) => {
  const { server } = await startServer(t);
  await assert.rejects(connect(options(server.port, { calledAet: 'OTHER' })), failsAs('ul/rejected', /^1\/1\/7$/));
  await assert.rejects(connect(options(server.port, { signal: AbortSignal.abort() })), failsAs('ul/aborted'));
  await assert.rejects(connect(options(server.port, { calledAet: 'SEVENTEEN_LETTERS' })), failsAs('request/invalid'));
  const many = Array.from({ length: 129 }, () => ({ abstractSyntax: CT, transferSyntaxes: [EXPLICIT_LE] }));
  await assert.rejects(connect(options(server.port, { contexts: many })), failsAs('request/invalid', /129/));
  await server.close({ timeoutMs: 0 });
  await assert.rejects(connect(options(server.port)), failsAs('ul/aborted'));
});

test('what no context was accepted for is not sent', async (t) => {
  const { server } = await startServer(t, [digesting().service]);
  const association = await connect(options(server.port));
  const implicit = { ...instance, transferSyntaxUid: IMPLICIT_LE, dataSet: new Uint8Array(2) };
  await assert.rejects(association.store(implicit), failsAs('dimse/no-context'));
  assert.equal((await association.echo()).status, 0);
  await association.release();
});

test('a transfer syntax that was not proposed cannot be accepted', async (t) => {
  const port = await rawServer(t, async (peer) => {
    const request = await peer.hear();
    assert.ok(request.kind === 'associate-rq');
    const answered = associateAc(request);
    const presentationContexts = answered.presentationContexts.map((each) => ({ ...each, transferSyntax: '1.2.9' }));
    peer.write({ ...answered, presentationContexts });
    await peer.hear();
    peer.socket.end();
  });
  const association = await connect(options(port));
  assert.deepEqual(association.contexts, []);
  await association.abort();
});

test('an A-ABORT of the peer ends the sending', async (t) => {
  const association = await scripted(t, async (peer) => {
    await peer.hear();
    peer.write({ kind: 'abort', source: 2, reason: 0 });
  });
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield new Uint8Array(65_536);
  }
  const sending = association.store({ ...instance, dataSet: endless() });
  await assert.rejects(sending, failsAs('ul/aborted', /by the peer, 2\/0/));
  await association.abort();
});

test('a data set that cannot be read to its end aborts: what came of it is never taken for whole', async (t) => {
  const outcome = Promise.withResolvers<unknown>();
  const { server } = await startServer(t, [
    cStore(async ({ dataSet }) => {
      await bytesOf(dataSet).catch(outcome.resolve);
      return { status: 0 };
    }),
  ]);
  const association = await connect(options(server.port));
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1000);
    throw new Failure('retrieve/damaged', 'digest differs');
  }
  await assert.rejects(association.store({ ...instance, dataSet: broken() }), failsAs('retrieve/damaged'));
  assert.ok(failsAs('ul/aborted')(await outcome.promise));
  await association.abort();
});

test('a peer that does not answer is aborted in time', async (t) => {
  const heard: string[] = [];
  const ended = Promise.withResolvers<void>();
  const association = await scripted(
    t,
    async (peer) => {
      for (let each = await peer.hear(); each.kind !== 'closed'; each = await peer.hear()) {
        heard.push(each.kind);
        if (each.kind === 'abort') peer.socket.end();
      }
      ended.resolve();
    },
    { timeoutMs: 250 },
  );
  await assert.rejects(association.echo(), failsAs('ul/aborted', /silent/));
  await association.abort();
  await ended.promise;
  assert.deepEqual(heard, ['command', 'abort']);
});

test('the signal aborts', async (t) => {
  const controller = new AbortController();
  const heard = Promise.withResolvers<string>();
  const association = await scripted(
    t,
    async (peer) => {
      await peer.hear();
      controller.abort();
      const each = await peer.hear();
      heard.resolve(each.kind);
      peer.socket.end();
    },
    { signal: controller.signal },
  );
  await assert.rejects(association.echo(), failsAs('ul/aborted'));
  assert.equal(await heard.promise, 'abort');
});

test('a response to another request is a broken protocol', async (t) => {
  const association = await scripted(t, async (peer) => {
    await peer.hear();
    peer.write(echoRsp(99));
  });
  await assert.rejects(association.echo(), failsAs('ul/bad-pdu'));
});

test('an association lives on after its answers, however long nothing is asked', async (t) => {
  const association = await scripted(
    t,
    async (peer) => {
      for (let messageId = 1; (await peer.hear()).kind === 'command'; messageId++) peer.write(echoRsp(messageId));
      peer.write({ kind: 'release-rp' });
    },
    { timeoutMs: 250 },
  );
  assert.equal((await association.echo()).status, 0);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal((await association.echo()).status, 0);
  await association.release();
});

test('release collision: both ask, both answer', async (t) => {
  const heard: string[] = [];
  const done = Promise.withResolvers<void>();
  const association = await scripted(t, async (peer) => {
    heard.push((await peer.hear()).kind);
    peer.write({ kind: 'release-rq' });
    heard.push((await peer.hear()).kind);
    peer.write({ kind: 'release-rp' });
    heard.push((await peer.hear()).kind);
    done.resolve();
  });
  await association.release();
  await done.promise;
  assert.deepEqual(heard, ['release-rq', 'release-rp', 'closed']);
});
