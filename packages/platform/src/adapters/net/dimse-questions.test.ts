import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { C_FIND_RQ, C_GET_RQ, N_ACTION_RQ, N_EVENT_REPORT_RQ } from '@acervo/dicom/dimse/command.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import type { DimseReply, DimseRequest, DimseResponse, DimseService } from '../../bindings/dimse.ts';
import { bytesOf, CT, cStore, EXPLICIT_LE, recordingLog, startServer } from './dimse.fixture.ts';
import { type Association, type ConnectOptions, connect } from './dimse-client.ts';

const FIND = '1.2.840.10008.5.1.4.1.2.2.1';
const GET = '1.2.840.10008.5.1.4.1.2.2.3';
const COMMITMENT = '1.2.840.10008.1.20.1';
const PENDING = 0xff00;

type Serve = (request: DimseRequest) => AsyncIterable<DimseResponse>;

const service = (commandField: number, abstractSyntax: string, serve: Serve): DimseService => ({
  commandField,
  accepts: (uid) => uid === abstractSyntax,
  serve,
});

async function associated(
  t: TestContext,
  services: readonly DimseService[],
  options: Partial<ConnectOptions> = {},
): Promise<Association> {
  const { server } = await startServer(t, services);
  const association = await connect({
    host: '127.0.0.1',
    port: server.port,
    callingAet: 'SCU',
    calledAet: 'ACERVO',
    contexts: [{ abstractSyntax: FIND, transferSyntaxes: [EXPLICIT_LE] }],
    timeoutMs: 5000,
    signal: t.signal,
    ...options,
  });
  t.after(() => association.abort());
  return association;
}

function question(association: Association, commandField: number, abstractSyntax: string) {
  const context = association.contexts.find((each) => each.abstractSyntax === abstractSyntax);
  assert.ok(context, `${abstractSyntax} is accepted`);
  return { context, command: { commandField, affectedSopClassUid: abstractSyntax }, dataSet: new Uint8Array(8) };
}

async function all(replies: AsyncIterable<DimseReply>): Promise<DimseReply[]> {
  const each: DimseReply[] = [];
  for await (const reply of replies) each.push(reply);
  return each;
}

test('several responses come in order, each with its data set, the final one last', async (t) => {
  const find = service(C_FIND_RQ, FIND, async function* ({ dataSet }) {
    assert.equal(await bytesOf(dataSet), 8);
    for (let n = 0; n < 100; n++) yield { status: PENDING, dataSet: new Uint8Array(2 * n) };
    yield { status: 0x0000, fields: { numberOfCompletedSubOperations: 7 } };
  });
  const association = await associated(t, [find]);
  const replies = await all(association.ask(question(association, C_FIND_RQ, FIND)));
  assert.equal(replies.length, 101);
  assert.deepEqual(
    replies.slice(0, 100).map(({ dataSet }) => dataSet?.length),
    Array.from({ length: 100 }, (_unused, n) => 2 * n),
  );
  assert.equal(replies[100]?.status, 0);
  assert.equal(replies[100].command.numberOfCompletedSubOperations, 7);
  await association.release();
});

test('who stops listening cancels, and the association goes on', async (t) => {
  const cancels: boolean[] = [];
  const find = service(C_FIND_RQ, FIND, async function* ({ dataSet, cancelled }) {
    await bytesOf(dataSet);
    while (!cancelled.aborted) yield { status: PENDING };
    cancels.push(true);
    yield { status: 0xfe00 };
  });
  const association = await associated(t, [find]);
  for (let round = 1; round <= 2; round++) {
    for await (const { status } of association.ask(question(association, C_FIND_RQ, FIND))) {
      assert.equal(status, PENDING);
      break;
    }
    assert.equal(cancels.length, round);
  }
  await association.release();
});

test('a failure between two responses is the final one', async (t) => {
  const find = service(C_FIND_RQ, FIND, async function* ({ dataSet }) {
    await bytesOf(dataSet);
    yield { status: PENDING };
    throw new Failure('query/too-costly', 'as a test');
  });
  const association = await associated(t, [find]);
  const replies = await all(association.ask(question(association, C_FIND_RQ, FIND)));
  assert.deepEqual(
    replies.map(({ status }) => status),
    [PENDING, 0xa700],
  );
});

test('C-GET: the server stores over the association it was asked on, and hears a cancel in between', async (t) => {
  const get = service(C_GET_RQ, GET, async function* ({ dataSet, peer, cancelled }) {
    await bytesOf(dataSet);
    assert.deepEqual(
      peer.contexts.map(({ abstractSyntax }) => abstractSyntax),
      [CT],
    );
    for (let n = 1; !cancelled.aborted; n++) {
      const { status } = await peer.store({
        sopClassUid: CT,
        sopInstanceUid: `1.2.${n}`,
        transferSyntaxUid: EXPLICIT_LE,
        dataSet: new Uint8Array(300_000),
      });
      assert.equal(status, 0);
      yield { status: PENDING, fields: { numberOfCompletedSubOperations: n } };
    }
    yield { status: 0xfe00 };
  });
  get.letsRequestorBeScp = (uid) => uid === CT;
  const stored: string[] = [];
  const store = cStore(async ({ command, dataSet }) => {
    assert.equal(await bytesOf(dataSet), 300_000);
    stored.push(command.affectedSopInstanceUid ?? '');
    return { status: 0 };
  });
  const { log } = recordingLog();
  const association = await associated(t, [get, store], {
    contexts: [
      { abstractSyntax: GET, transferSyntaxes: [EXPLICIT_LE] },
      { abstractSyntax: CT, transferSyntaxes: [EXPLICIT_LE], isScp: true },
    ],
    performs: { services: [store], caller: { openOp: (signal) => testOp({ signal, log }) }, log },
  });
  let seen = 0;
  for await (const { command } of association.ask(question(association, C_GET_RQ, GET))) {
    seen += 1;
    assert.equal(command.numberOfCompletedSubOperations, seen);
    if (seen === 3) break;
  }
  assert.deepEqual(stored.slice(0, 3), ['1.2.1', '1.2.2', '1.2.3']);
  await association.release();
});

test('after its final response a service may ask the peer, until that asks for release', async (t) => {
  const outcomes: string[] = [];
  const done = Promise.withResolvers<void>();
  const action = service(N_ACTION_RQ, COMMITMENT, async function* ({ dataSet, peer, context }) {
    await bytesOf(dataSet);
    yield { status: 0 };
    const report = { commandField: N_EVENT_REPORT_RQ, affectedSopClassUid: COMMITMENT, eventTypeId: 1 };
    const asked = peer.ask({ context, command: report, dataSet: new Uint8Array(4) });
    await asked.then(
      ({ status }) => outcomes.push(`answered ${status}`),
      (thrown: unknown) => outcomes.push((thrown as Failure).code),
    );
    if (outcomes.length === 2) done.resolve();
  });
  const reported: (number | undefined)[] = [];
  const reports = service(N_EVENT_REPORT_RQ, COMMITMENT, async function* ({ command, dataSet }) {
    await bytesOf(dataSet);
    reported.push(command.eventTypeId);
    yield { status: 0 };
  });
  const { log } = recordingLog();
  const association = await associated(t, [action], {
    contexts: [{ abstractSyntax: COMMITMENT, transferSyntaxes: [EXPLICIT_LE] }],
    performs: { services: [reports], caller: { openOp: (signal) => testOp({ signal, log }) }, log },
  });
  const ask = question(association, N_ACTION_RQ, COMMITMENT);
  assert.equal((await all(association.ask(ask)))[0]?.status, 0);
  const enough = new AbortController();
  const performing = association.perform(enough.signal);
  await t.waitFor(() => assert.deepEqual(reported, [1]), { timeout: 5000 });
  enough.abort();
  await performing;
  // Once more; this time we go away instead of listening.
  assert.equal((await all(association.ask(ask)))[0]?.status, 0);
  await association.release();
  await done.promise;
  assert.deepEqual(outcomes, ['answered 0', 'ul/released']);
});

test('a service hears whether the peer stays, asks on, releases or goes', async (t) => {
  const heard: boolean[] = [];
  const action = service(N_ACTION_RQ, COMMITMENT, async function* ({ dataSet, peer }) {
    await bytesOf(dataSet);
    yield { status: 0 };
    heard.push(await peer.staysQuiet(heard.length === 0 ? 50 : 10_000));
  });
  const contexts = [{ abstractSyntax: COMMITMENT, transferSyntaxes: [EXPLICIT_LE] }];
  const association = await associated(t, [action], { contexts });
  const ask = question(association, N_ACTION_RQ, COMMITMENT);
  await all(association.ask(ask));
  await t.waitFor(() => assert.deepEqual(heard, [true]), { timeout: 5000 });
  await all(association.ask(ask));
  await all(association.ask(ask));
  await association.release();
  await t.waitFor(() => assert.deepEqual(heard, [true, false, false]), { timeout: 5000 });
  const other = await associated(t, [action], { contexts });
  await all(other.ask(question(other, N_ACTION_RQ, COMMITMENT)));
  await other.abort();
  await t.waitFor(() => assert.deepEqual(heard, [true, false, false, false]), { timeout: 5000 });
});

test('extended negotiation is answered with what holds, and both sides know', async (t) => {
  const seen: (Uint8Array | undefined)[] = [];
  const find = service(C_FIND_RQ, FIND, async function* ({ dataSet, extended }) {
    await bytesOf(dataSet);
    seen.push(extended);
    yield { status: 0 };
  });
  find.agree = (asked) => asked.map((byte, index) => (index < 2 ? byte : 0));
  const association = await associated(t, [find], {
    extendedNegotiations: [{ sopClassUid: FIND, serviceClassApplicationInformation: new Uint8Array([1, 0, 1]) }],
  });
  const agreed = association.extendedNegotiations.map((each) => [...each.serviceClassApplicationInformation]);
  assert.deepEqual(agreed, [[1, 0, 0]]);
  await all(association.ask(question(association, C_FIND_RQ, FIND)));
  assert.deepEqual(
    seen.map((each) => [...(each ?? [])]),
    [[1, 0, 0]],
  );
});
