import { once } from 'node:events';
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import {
  C_ECHO_RQ,
  C_STORE_RQ,
  type CommandSet,
  DATA_SET,
  decodeCommand,
  encodeCommand,
  NO_DATA_SET,
} from '@acervo/dicom/dimse/command.ts';
import { encodeMessage } from '@acervo/dicom/dimse/pdata.ts';
import { EXPLICIT_LE, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import {
  APPLICATION_CONTEXT,
  type AssociateAc,
  type AssociateRq,
  type ControlPdu,
  encodePdu,
  PROTOCOL_VERSION,
} from '@acervo/dicom/ul/pdu.ts';
import { type PduEvent, PduReader } from '@acervo/dicom/ul/pdu-reader.ts';
import type { UserInformation } from '@acervo/dicom/ul/user-information.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import type { DimseRequest, DimseResponse, DimseService } from '../../bindings/dimse.ts';
import { cEcho } from '../../features/echo/index.ts';
import type { Log, LogFields } from '../../ports/log.ts';
import type { Op } from '../../ports/op.ts';
import { type DimseServer, type DimseServerOptions, listenDimse } from './dimse-server.ts';

export const VERIFICATION = '1.2.840.10008.1.1';
export const CT = '1.2.840.10008.5.1.4.1.1.2';
export { EXPLICIT_LE, IMPLICIT_LE };

export type LogLine = { level: string; event: string; fields: LogFields };

export function recordingLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}) => {
      lines.push({ level, event, fields });
    };
  return { log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines };
}

/** A C-STORE service of CT images made of one function. */
export const cStore = (serve: (request: DimseRequest, op: Op) => Promise<DimseResponse>): DimseService => ({
  commandField: C_STORE_RQ,
  accepts: (uid) => uid === CT,
  serve,
});

/** Reads the data set to its end, and says how many bytes it had. */
export async function bytesOf(dataSet: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of dataSet) bytes += chunk.length;
  return bytes;
}

export type Started = { server: DimseServer; lines: LogLine[] };

/** A server on a free loopback port with the verification service and those given; closed after the test. */
export async function startServer(
  t: TestContext,
  services: readonly DimseService[] = [],
  options: Partial<DimseServerOptions & { port: number }> = {},
): Promise<Started> {
  const { log, lines } = recordingLog();
  const server = await listenDimse({
    port: 0,
    host: '127.0.0.1',
    aeTitle: 'ACERVO',
    services: [cEcho, ...services],
    log,
    identify: () => ({ openOp: (signal) => testOp({ signal, log }) }),
    ...options,
  });
  t.after(() => server.close({ timeoutMs: 0 }));
  return { server, lines };
}

const NOTHING: UserInformation = {
  maximumLength: 16_384,
  roleSelections: [],
  extendedNegotiations: [],
  commonExtendedNegotiations: [],
  unknownItems: 0,
};

type Changes = Partial<Omit<AssociateRq, 'userInformation'>> & { userInformation?: Partial<UserInformation> };

/** Context 1 is verification, context 3 is CT. */
export const associateRq = ({ userInformation, ...changes }: Changes = {}): AssociateRq => ({
  kind: 'associate-rq',
  protocolVersion: PROTOCOL_VERSION,
  calledAet: 'ACERVO',
  callingAet: 'SCU',
  unknownItems: 0,
  applicationContext: APPLICATION_CONTEXT,
  presentationContexts: [
    { id: 1, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT_LE] },
    { id: 3, abstractSyntax: CT, transferSyntaxes: [EXPLICIT_LE] },
  ],
  ...changes,
  userInformation: { ...NOTHING, ...userInformation },
});

/** What an SCP would answer that accepts every context of `associateRq` or of the client as proposed. */
export const associateAc = (request: AssociateRq, userInformation: Partial<UserInformation> = {}): AssociateAc => ({
  ...request,
  kind: 'associate-ac',
  presentationContexts: request.presentationContexts.map(({ id, transferSyntaxes }) => ({
    id,
    result: 0,
    transferSyntax: transferSyntaxes[0] ?? IMPLICIT_LE,
  })),
  userInformation: { ...NOTHING, ...userInformation },
});

export type Heard = ControlPdu | { kind: 'command'; command: CommandSet } | { kind: 'closed' } | { kind: 'data' };

/** A peer that writes any bytes and says what it hears: control PDUs, commands, the end of the connection. */
export class RawPeer {
  readonly socket: Socket;
  readonly #reader = new PduReader(0);
  readonly #chunks: AsyncIterator<Uint8Array>;
  #command: Uint8Array[] = [];
  /** Lengths of the command fragments heard. */
  readonly fragments: number[] = [];

  constructor(socket: Socket) {
    this.socket = socket.setNoDelay(true);
    socket.on('error', () => undefined); // heard as 'closed'
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  write(...parts: readonly (Uint8Array | ControlPdu)[]): void {
    for (const part of parts) this.socket.write(part instanceof Uint8Array ? part : encodePdu(part));
  }

  async hear(): Promise<Heard> {
    for (;;) {
      const event = this.#reader.next();
      if (event === undefined) {
        const chunk = await this.#chunks.next().catch(() => ({ done: true as const, value: undefined }));
        if (chunk.done === true) return { kind: 'closed' };
        this.#reader.push(chunk.value);
        continue;
      }
      const heard = this.#heardOf(event);
      if (heard !== undefined) return heard;
    }
  }

  #heardOf(event: PduEvent): Heard | undefined {
    if (event.kind === 'unrecognized') throw new Error('unrecognized PDU');
    if (event.kind !== 'pdv') return event;
    if (!event.isCommand) return event.isLast && event.isFragmentEnd ? { kind: 'data' } : undefined;
    this.#command.push(event.fragment.slice());
    if (event.isFragmentEnd) this.fragments.push(event.fragment.length);
    if (!event.isLast || !event.isFragmentEnd) return undefined;
    const command = decodeCommand(Buffer.concat(this.#command));
    this.#command = [];
    return { kind: 'command', command };
  }
}

/** @param localAddress  from which of the loopback addresses it comes */
export async function rawPeer(t: TestContext, { server }: Started, localAddress = '127.0.0.1'): Promise<RawPeer> {
  const socket = connectSocket({ port: server.port, host: '127.0.0.1', localAddress });
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return new RawPeer(socket);
}

/** A raw peer with an association. */
export async function associatedPeer(
  t: TestContext,
  started: Started,
  request: AssociateRq = associateRq(),
  localAddress?: string,
): Promise<RawPeer> {
  const peer = await rawPeer(t, started, localAddress);
  peer.write(request);
  const answer = await peer.hear();
  if (answer.kind !== 'associate-ac') throw new Error(`answered ${JSON.stringify(answer)}`);
  return peer;
}

/** A listening peer: what it does with each connection is the test's. */
export async function rawServer(t: TestContext, onPeer: (peer: RawPeer) => Promise<void>): Promise<number> {
  const server = createServer((socket) => {
    t.after(() => socket.destroy());
    void onPeer(new RawPeer(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

export const echoRq = (messageId: number): Uint8Array =>
  encodeMessage(
    1,
    encodeCommand({
      affectedSopClassUid: VERIFICATION,
      commandField: C_ECHO_RQ,
      messageId,
      dataSetType: NO_DATA_SET,
    }),
    undefined,
    0,
  );

export const storeCommand = (messageId: number, changes: Partial<CommandSet> = {}): Uint8Array =>
  encodeCommand({
    affectedSopClassUid: CT,
    commandField: C_STORE_RQ,
    messageId,
    priority: 0,
    dataSetType: DATA_SET,
    affectedSopInstanceUid: '1.2.3',
    ...changes,
  });

export const storeRq = (messageId: number, dataSet: Uint8Array, maximumLength = 0): Uint8Array =>
  encodeMessage(3, storeCommand(messageId), dataSet, maximumLength);

/** One P-DATA-TF PDU of PDVs as given: [context id, message control header, fragment]. */
export function pdata(...pdvs: readonly (readonly [number, number, Uint8Array])[]): Uint8Array {
  const bytes = pdvs.reduce((sum, [, , fragment]) => sum + 6 + fragment.length, 0);
  const out = Buffer.alloc(6 + bytes);
  out[0] = 4;
  out.writeUInt32BE(bytes, 2);
  let at = 6;
  for (const [contextId, control, fragment] of pdvs) {
    out.writeUInt32BE(fragment.length + 2, at);
    out.set([contextId, control], at + 4);
    out.set(fragment, at + 6);
    at += 6 + fragment.length;
  }
  return out;
}
