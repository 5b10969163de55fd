import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { textsOf } from '@acervo/dicom/data-set/access.ts';
import { dataSetOf, textElement } from '@acervo/dicom/data-set/build.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { C_GET_RQ, C_MOVE_RQ, C_STORE_RQ, type CommandSet } from '@acervo/dicom/dimse/command.ts';
import { isStorageSopClass } from '@acervo/dicom/sop-class.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE, findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { type ConnectOptions, connect } from '../../adapters/net/dimse-client.ts';
import { type DimseServer, type DimseServerOptions, listenDimse } from '../../adapters/net/dimse-server.ts';
import type { DimseReply, DimseRequest, DimseResponse, DimseService } from '../../bindings/dimse.ts';
import type { Association, ProposedContext } from '../../bindings/dimse-scu.ts';
import { startArchive, type TestArchive } from '../retrieve/retrieve.fixture.ts';

const QR = '1.2.840.10008.5.1.4.1.2.';
export const STUDY_ROOT = { move: `${QR}2.2`, get: `${QR}2.3` } as const;
export const PATIENT_ROOT = { move: `${QR}1.2`, get: `${QR}1.3` } as const;
export const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7';

export type Received = {
  sopInstanceUid: string;
  transferSyntaxUid: string;
  dataSet: Uint8Array;
  command: CommandSet;
};

/** Somebody who takes objects and remembers them. */
export type Receiver = { received: Received[]; service: DimseService };

/** @param answer  the response to each; asked once the object has been read */
export function receiver(
  answer: (received: Received, request: DimseRequest) => DimseResponse | Promise<DimseResponse> = () => ({ status: 0 }),
): Receiver {
  const received: Received[] = [];
  const service: DimseService = {
    commandField: C_STORE_RQ,
    accepts: isStorageSopClass,
    serve: async (request) => {
      const { command, context, dataSet } = request;
      const one = {
        sopInstanceUid: command.affectedSopInstanceUid ?? '',
        transferSyntaxUid: context.transferSyntax,
        dataSet: new Uint8Array(concat(await Array.fromAsync(dataSet))),
        command,
      };
      received.push(one);
      return answer(one, request);
    },
  };
  return { received, service };
}

/** A system that can be moved to, on a port of its own. */
export async function startDestination(
  t: TestContext,
  { service }: Pick<Receiver, 'service'>,
  aeTitle = 'DEST',
  options: Partial<DimseServerOptions & { port: number }> = {},
): Promise<DimseServer> {
  const server = await listenDimse({
    port: 0,
    host: '127.0.0.1',
    aeTitle,
    services: [service],
    identify: () => ({ openOp: (signal) => testOp({ signal }) }),
    log: silentLog,
    ...options,
  });
  t.after(() => server.close({ timeoutMs: 0 }));
  return server;
}

/** An archive that knows these systems; all of them are of institution TEST. */
export function startArchiveWith(
  t: TestContext,
  systems: readonly Record<string, unknown>[],
  environment: Record<string, string> = {},
): Promise<TestArchive> {
  const file = join(temporaryDirectory(), 'access.json');
  const known = systems.map((system) => ({
    institution: 'TEST',
    isMoveDestination: true,
    host: '127.0.0.1',
    ...system,
  }));
  writeFileSync(file, JSON.stringify({ systems: known }));
  return startArchive(t, { ACERVO_ACCESS_FILE: file, ACERVO_OUTGOING_TIMEOUT_MS: '2000', ...environment });
}

export async function associate(
  t: TestContext,
  { server }: TestArchive,
  contexts: readonly ProposedContext[],
  options: Partial<ConnectOptions> = {},
): Promise<Association> {
  const { dimsePort: port } = server;
  assert.ok(port);
  const association = await connect({
    host: '127.0.0.1',
    port,
    callingAet: 'SCU',
    calledAet: 'ACERVO',
    contexts,
    timeoutMs: 20_000,
    signal: t.signal,
    ...options,
  });
  t.after(() => association.abort());
  return association;
}

export const qr = (abstractSyntax: string): ProposedContext => ({ abstractSyntax, transferSyntaxes: [EXPLICIT_LE] });

/** Contexts on which we take objects ourselves. */
export const taking = (transferSyntaxes: readonly string[], sopClassUid = SECONDARY_CAPTURE): ProposedContext => ({
  abstractSyntax: sopClassUid,
  transferSyntaxes,
  isScp: true,
});

/** An association for a C-GET that takes the objects with `receiver`. */
export const associateToGet = (
  t: TestContext,
  archive: TestArchive,
  { service }: Pick<Receiver, 'service'>,
  contexts: readonly ProposedContext[],
  options: Partial<ConnectOptions> = {},
): Promise<Association> =>
  associate(t, archive, [qr(STUDY_ROOT.get), qr(PATIENT_ROOT.get), ...contexts], {
    performs: {
      services: [service],
      caller: { openOp: (signal) => testOp({ signal }) },
      log: silentLog,
    },
    ...options,
  });

type Keys = Partial<Record<keyof typeof T, string>>;

export function identifier(keys: Keys): Uint8Array {
  const elements = Object.entries(keys).map(([name, text]) => {
    const vr = name === 'QueryRetrieveLevel' ? 'CS' : name.endsWith('UID') ? 'UI' : 'LO';
    return textElement(T[name as keyof typeof T], vr, text);
  });
  const syntax = findTransferSyntax(EXPLICIT_LE);
  assert.ok(syntax);
  return writeDataSet(dataSetOf(elements), syntax);
}

export type Answers = { pending: DimseReply[]; final: DimseReply };

/** Ask to the end. @param destination  C-MOVE to it; without one, C-GET */
export async function retrieve(
  association: Association,
  model: { move: string; get: string },
  keys: Keys,
  destination?: string,
): Promise<Answers> {
  const replies = await Array.fromAsync(asked(association, model, keys, destination));
  const final = replies.pop();
  assert.ok(final);
  return { pending: replies, final };
}

export function asked(
  association: Association,
  model: { move: string; get: string },
  keys: Keys,
  destination?: string,
): AsyncGenerator<DimseReply, undefined> {
  const abstractSyntax = destination === undefined ? model.get : model.move;
  const context = association.contexts.find((each) => each.abstractSyntax === abstractSyntax);
  assert.ok(context, `${abstractSyntax} is accepted`);
  return association.ask({
    context,
    command: {
      affectedSopClassUid: abstractSyntax,
      commandField: destination === undefined ? C_GET_RQ : C_MOVE_RQ,
      priority: 0,
      ...(destination !== undefined && { moveDestination: destination }),
    },
    dataSet: identifier(keys),
  });
}

/** [completed, failed, warning, remaining]; remaining undefined where it is not told. */
export const countsOf = ({ command }: DimseReply) => [
  command.numberOfCompletedSubOperations,
  command.numberOfFailedSubOperations,
  command.numberOfWarningSubOperations,
  command.numberOfRemainingSubOperations,
];

export function failedUidsOf({ dataSet }: DimseReply): string[] {
  const syntax = findTransferSyntax(EXPLICIT_LE);
  assert.ok(syntax);
  if (dataSet === undefined) return [];
  return textsOf(readDataSet(dataSet, { syntax }).dataSet.elements.get(T.FailedSOPInstanceUIDList));
}
