import assert from 'node:assert/strict';
import { test } from 'node:test';
import { N_EVENT_REPORT_RQ } from '@acervo/dicom/dimse/command.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { startServer } from '../../adapters/net/dimse.fixture.ts';
import { connect } from '../../adapters/net/dimse-client.ts';
import type { DimseService } from '../../bindings/dimse.ts';
import { nEventReport, UNTOLD } from './answer.scp.ts';
import { askForCommitment, type Begun } from './ask.ts';
import { type Prepared, prepare } from './commitment.fixture.ts';
import type { CommitmentRow } from './commitment.repo.ts';
import { PUSH_MODEL, PUSH_MODEL_INSTANCE, readRequest, writeReport } from './data-set.ts';
import { listCommitments } from './list.ts';
import type { Failures, References } from './references.ts';
import { nAction } from './request.scp.ts';

const VNA = 'VNA';
const WAIT_MS = 20_000;

const listed = ({ archive }: Prepared): Promise<CommitmentRow[]> =>
  listCommitments(archive.holdings.db, testOp(), { onlyOpen: false, aeTitle: VNA, limit: 10 });

async function askVna({ archive, ports, objects }: Prepared, waitMs: number): Promise<Begun[]> {
  const begun: Begun[] = [];
  const studies = [...new Set(objects.map(({ studyUid }) => studyUid))];
  await askForCommitment(
    { db: archive.holdings.db, dial: ports.dial },
    testOp({ institution: 'HGM' }),
    { aeTitle: VNA, studies, waitMs },
    (each) => begun.push(each),
  );
  return begun;
}

/** Another archive, which keeps what it is asked and answers with `status`. */
function requestTaker(status: number): {
  service: DimseService;
  asked: { transactionUid: string; references: References }[];
} {
  const asked: { transactionUid: string; references: References }[] = [];
  const service: DimseService = {
    commandField: 0x0130,
    accepts: (uid) => uid === PUSH_MODEL,
    serve: async ({ dataSet, context }) => {
      asked.push(await readRequest(dataSet, context.transferSyntax));
      return { status };
    },
  };
  return { service, asked };
}

test('an archive that reports on the association that asked is heard there', async (t) => {
  const mine = await prepare(t);
  const theirs = await prepare(t);
  const { server } = await startServer(t, [nAction(theirs.ports)], {
    aeTitle: VNA,
    identify: () => ({ openOp: (signal) => testOp({ signal, institution: 'HGM' }) }),
  });
  mine.addresses.set(VNA, server.port);
  const [begun] = await askVna(mine, WAIT_MS);
  assert.deepEqual([begun?.count, begun?.refused], [3, undefined]);
  const [row] = await listed(mine);
  assert.deepEqual([row?.role, row?.state, row?.failures, row?.count], ['scu', 'answered', {}, 3]);
});

test('a report on an association of the other archive says what is committed to, and what it left out', async (t) => {
  const mine = await prepare(t);
  const { service, asked } = requestTaker(0);
  const { server } = await startServer(t, [service], { aeTitle: VNA });
  mine.addresses.set(VNA, server.port);
  await askVna(mine, 0);
  assert.equal((await listed(mine))[0]?.state, 'asked');
  const [request] = asked;
  assert.ok(request);
  const [sopClassUid = '', uids = []] = Object.entries(request.references)[0] ?? [];
  const [first = '', second = '', third = ''] = uids;

  const { server: our } = await startServer(t, [nEventReport(mine.archive.holdings.db)]);
  const report = async (transactionUid: string, references: References, failures: Failures, eventTypeId: number) => {
    const association = await connect({
      host: '127.0.0.1',
      port: our.port,
      callingAet: 'OTHER',
      calledAet: 'ACERVO',
      contexts: [{ abstractSyntax: PUSH_MODEL, transferSyntaxes: [EXPLICIT_LE], isScp: true }],
      timeoutMs: WAIT_MS,
      signal: t.signal,
    });
    const [context] = association.contexts;
    assert.ok(context, 'the archive lets us be the SCP');
    const command = {
      commandField: N_EVENT_REPORT_RQ,
      affectedSopClassUid: PUSH_MODEL,
      affectedSopInstanceUid: PUSH_MODEL_INSTANCE,
      eventTypeId,
    };
    const dataSet = await writeReport({ transactionUid, references, failures }, EXPLICIT_LE);
    const replies = await Array.fromAsync(association.ask({ context, command, dataSet }));
    await association.release();
    return replies[0]?.status;
  };
  const { transactionUid } = request;
  assert.equal(await report('2.25.404', request.references, {}, 1), 0x0115, 'nobody asked for it');
  assert.equal(await report(transactionUid, request.references, {}, 3), 0x0113);
  assert.equal((await listed(mine))[0]?.state, 'asked');
  const failures = { '0112': { [sopClassUid]: [second] } };
  assert.equal(await report(transactionUid, { [sopClassUid]: [first, second] }, failures, 2), 0);
  const expected = { ...failures, [UNTOLD]: { [sopClassUid]: [third] } };
  assert.deepEqual(
    (await listed(mine)).map(({ state, failures: told }) => [state, told]),
    [['answered', expected]],
  );
  assert.equal(await report(transactionUid, request.references, {}, 1), 0, 'the same transaction once more');
  assert.deepEqual((await listed(mine))[0]?.failures, expected, 'changes nothing');
});

test('a refusal ends the transaction', async (t) => {
  const mine = await prepare(t);
  const { server } = await startServer(t, [requestTaker(0x0213).service], { aeTitle: VNA });
  mine.addresses.set(VNA, server.port);
  const [begun] = await askVna(mine, WAIT_MS);
  assert.equal(begun?.refused, 'status 0213');
  assert.deepEqual(
    (await listed(mine)).map(({ state, problem }) => [state, problem]),
    [['refused', 'status 0213']],
  );
});
