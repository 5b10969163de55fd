import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { N_ACTION_RQ, N_EVENT_REPORT_RQ } from '@acervo/dicom/dimse/command.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { newUid } from '@acervo/dicom/uid.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { storeSmall } from '@acervo/testkit/filled-archive.ts';
import type { SmallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';
import { recordingLog, startServer } from '../../adapters/net/dimse.fixture.ts';
import { connect } from '../../adapters/net/dimse-client.ts';
import type { Archive } from '../../apps/archive.ts';
import type { DimseService } from '../../bindings/dimse.ts';
import type { Association } from '../../bindings/dimse-scu.ts';
import type { Op } from '../../ports/op.ts';
import { type CommitmentReport, PUSH_MODEL, PUSH_MODEL_INSTANCE, readReport, writeRequest } from './data-set.ts';
import { deliverReports } from './deliver.job.ts';
import type { CommitmentPorts } from './ports.ts';
import { type Reference, referencesOf } from './references.ts';
import { nAction } from './request.scp.ts';

export const SCU = 'MODALITY';

/** Where systems listen, for `dial`: AE title to port. */
export type Addresses = Map<string, number>;

export type Prepared = {
  archive: Archive;
  ports: CommitmentPorts;
  addresses: Addresses;
  objects: readonly SmallObject[];
  /** Of the archive's own server. */
  port: number;
  /** Run the delivery job until the test ends. */
  deliver(over?: Partial<CommitmentPorts>): void;
};

/** An archive with three objects of one study at HGM, and its server. */
export async function prepare(t: TestContext, over: { op?: Partial<Op>; retryHours?: number } = {}): Promise<Prepared> {
  const archive = await openTestArchive(t);
  const options = [1, 2, 3].map((number) => ({ name: 'commitment', study: 1, number }));
  for (const each of options) await storeSmall(archive, each);
  const addresses: Addresses = new Map();
  const { retryHours = 1, op = {} } = over;
  const ports: CommitmentPorts = {
    holdings: archive.holdings,
    dial: ({ aeTitle, services, ...rest }) => {
      const port = addresses.get(aeTitle);
      if (port === undefined) return Promise.reject(new Failure('dimse/no-address', aeTitle));
      const caller = { openOp: (signal: AbortSignal) => testOp({ signal, institution: 'HGM' }) };
      return connect({
        host: '127.0.0.1',
        port,
        callingAet: 'ACERVO',
        calledAet: aeTitle,
        ...(services && { performs: { services, caller, log: silentLog } }),
        timeoutMs: 60_000,
        ...rest,
      });
    },
    isReachable: (aeTitle) => addresses.has(aeTitle),
    openOp: (signal) => testOp({ signal }),
    retryHours,
    metrics: { commitment: () => {}, setReportsOwed: () => {} },
  };
  const { server } = await startServer(t, [nAction(ports)], {
    identify: ({ callingAet }) => ({
      openOp: (signal) => testOp({ signal, institution: 'HGM', system: callingAet, ...op }),
    }),
  });
  const deliver = (other: Partial<CommitmentPorts> = {}): void => {
    const ending = new AbortController();
    const done = deliverReports({ ...ports, ...other }).run(ending.signal);
    t.after(async () => {
      ending.abort();
      await done;
    });
  };
  return { archive, ports, addresses, objects: options.map(smallObject), port: server.port, deliver };
}

/** Takes reports, and keeps them. `status` answers each. */
export function reportTaker(status: () => number = () => 0): { service: DimseService; reports: CommitmentReport[] } {
  const reports: CommitmentReport[] = [];
  const service: DimseService = {
    commandField: N_EVENT_REPORT_RQ,
    accepts: (uid) => uid === PUSH_MODEL,
    letsRequestorBeScp: () => true,
    serve: async ({ command, context, dataSet }) => {
      const report = await readReport(dataSet, context.transferSyntax);
      assert.equal(command.eventTypeId, report.failed.length === 0 ? 1 : 2);
      assert.equal(command.affectedSopInstanceUid, PUSH_MODEL_INSTANCE);
      reports.push(report);
      return { status: status() };
    },
  };
  return { service, reports };
}

/** A modality's server, which takes reports on associations of the archive. */
export async function listenAsScu(
  t: TestContext,
  addresses: Addresses,
  status?: () => number,
): Promise<CommitmentReport[]> {
  const { service, reports } = reportTaker(status);
  const { server } = await startServer(t, [service], { aeTitle: SCU });
  addresses.set(SCU, server.port);
  return reports;
}

export async function associate(t: TestContext, port: number, service: DimseService): Promise<Association> {
  const { log } = recordingLog();
  const association = await connect({
    host: '127.0.0.1',
    port,
    callingAet: SCU,
    calledAet: 'ACERVO',
    contexts: [{ abstractSyntax: PUSH_MODEL, transferSyntaxes: [EXPLICIT_LE] }],
    performs: { services: [service], caller: { openOp: (signal) => testOp({ signal, log }) }, log },
    timeoutMs: 10_000,
    signal: t.signal,
  });
  t.after(() => association.abort());
  return association;
}

export type Asking = {
  transactionUid?: string;
  actionTypeId?: number;
  sopClassUid?: string;
  sopInstanceUid?: string;
  dataSet?: Uint8Array;
};

/** N-ACTION. @returns its status */
export async function ask(
  association: Association,
  references: readonly Reference[],
  over: Asking = {},
): Promise<number> {
  const [context] = association.contexts;
  assert.ok(context);
  const { transactionUid = newUid(), actionTypeId = 1 } = over;
  const request = { transactionUid, references: referencesOf(references) };
  const question = {
    context,
    command: {
      requestedSopClassUid: over.sopClassUid ?? PUSH_MODEL,
      commandField: N_ACTION_RQ,
      requestedSopInstanceUid: over.sopInstanceUid ?? PUSH_MODEL_INSTANCE,
      actionTypeId,
    },
    dataSet: over.dataSet ?? (await writeRequest(request, context.transferSyntax)),
  };
  for await (const { status } of association.ask(question)) return status;
  throw new Error('no response');
}
