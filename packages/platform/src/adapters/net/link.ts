import { once } from 'node:events';
import { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { C_FIND_RQ } from '@acervo/dicom/dimse/command.ts';
import type { AssociateAc, RejectReason } from '@acervo/dicom/ul/pdu.ts';
import { Failure, type FailureCode, toFailure } from '@acervo/kernel/failure.ts';
import { isPending } from '../../bindings/dimse.ts';
import { contextOf, STUDY_ROOT_FIND } from '../../bindings/find-scu.ts';
import { type Association, connect } from './dimse-client.ts';
import { handshaken, strangerWith } from './tls-caller.ts';
import { identitiesOf, type TlsKeys } from './tls-keys.ts';

export type LinkTarget = {
  host: string;
  port: number;
  callingAet: string;
  calledAet: string;
  certificates: readonly string[];
  /** With these, over TLS. */
  keys: TlsKeys | undefined;
  timeoutMs: number;
  signal: AbortSignal;
};

const IMPLICIT_LE = '1.2.840.10008.1.2';
const EXPLICIT_LE = '1.2.840.10008.1.2.1';
const GREETING_BYTES_MAX = 64;

/** Tries the way to a system, each attempt over a connection of its own; what cannot be had is told, not thrown. */
export function linkTo(target: LinkTarget) {
  return {
    reach: () => reach(target),
    handshake: () => shake(target),
    associate: (abstractSyntaxes: readonly string[]) => associate(target, abstractSyntaxes),
    greeting: () => greeting(target),
  };
}

async function reach(target: LinkTarget): Promise<{ ms: number } | { error: string }> {
  const startedMs = performance.now();
  const opened = await open(target);
  if ('error' in opened) return opened;
  opened.socket.destroy();
  return { ms: since(startedMs) };
}

async function open({ host, port, timeoutMs, signal }: LinkTarget): Promise<{ socket: Socket } | { error: string }> {
  const socket = new Socket();
  try {
    socket.connect({ host, port });
    await once(socket, 'connect', { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
    // What a connection that is given up still says.
    socket.on('error', () => {});
    return { socket };
  } catch (thrown) {
    socket.on('error', () => {});
    socket.destroy();
    const { name, code } = thrown as NodeJS.ErrnoException;
    // Happy eyeballs: of several addresses, the reason of the first.
    const first =
      thrown instanceof AggregateError ? (thrown.errors[0] as NodeJS.ErrnoException | undefined) : undefined;
    return { error: name === 'AbortError' ? 'ETIMEDOUT' : (first?.code ?? code ?? String(thrown)) };
  }
}

async function shake(target: LinkTarget) {
  const { keys, host, certificates, timeoutMs, signal } = target;
  if (keys === undefined) return { error: 'ACERVO_TLS_CERT_FILE' };
  const opened = await open(target);
  if ('error' in opened) return opened;
  try {
    const until = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const socket = await handshaken(keys, target, opened.socket, until);
    socket.on('error', () => {});
    // Before the judgement, which is the last that gets the certificate.
    const { subject, issuer, valid_to: validTo } = socket.getPeerCertificate();
    const judged = keys.judge(socket);
    const stranger = judged instanceof Failure ? judged : strangerWith(judged, { host, certificates });
    const [version, cipher] = [socket.getProtocol() ?? '-', socket.getCipher().standardName];
    socket.destroy();
    return {
      version,
      cipher,
      subject: String(subject.CN),
      issuer: String(issuer.CN),
      validTo,
      identities: judged instanceof Failure ? [] : identitiesOf(judged),
      failure: stranger && { code: stranger.code, detail: stranger.detail },
    };
  } catch (thrown) {
    return { error: toFailure(thrown).detail };
  } finally {
    opened.socket.destroy();
  }
}

type Unassociated = { rejected: RejectReason } | { failed: FailureCode; detail: string };

async function associate(target: LinkTarget, abstractSyntaxes: readonly string[]) {
  const { keys, host, port, callingAet, calledAet, timeoutMs, signal } = target;
  const startedMs = performance.now();
  let answer: AssociateAc | undefined;
  try {
    const association = await connect({
      host,
      port,
      callingAet,
      calledAet,
      timeoutMs,
      signal,
      contexts: abstractSyntaxes.map((abstractSyntax) => ({
        abstractSyntax,
        transferSyntaxes: [EXPLICIT_LE, IMPLICIT_LE],
      })),
      ...(keys && { secure: (socket, signal) => handshaken(keys, target, socket, signal) }),
      onAccepted: (accepted) => {
        answer = accepted;
      },
    });
    return associated(association, abstractSyntaxes, answer as AssociateAc, since(startedMs));
  } catch (thrown) {
    return unassociated(toFailure(thrown));
  }
}

function unassociated({ code, detail }: Failure): Unassociated {
  const [, result, source, reason] = /^(\d+)\/(\d+)\/(\d+)$/.exec(detail) ?? [];
  if (code !== 'ul/rejected' || reason === undefined) return { failed: code, detail };
  return { rejected: { result: Number(result), source: Number(source), reason: Number(reason) } };
}

function associated(association: Association, abstractSyntaxes: readonly string[], answer: AssociateAc, ms: number) {
  const { maximumLength, implementationClassUid = '-', implementationVersionName = '-' } = answer.userInformation;
  const proposed = (id: number): string => abstractSyntaxes[(id - 1) / 2] ?? '-';
  return {
    ms,
    maximumLength,
    implementationClassUid,
    implementationVersionName,
    contexts: answer.presentationContexts.map(({ id, result, transferSyntax }) => ({
      abstractSyntax: proposed(id),
      result,
      transferSyntax,
    })),
    echo: async () => {
      const startedMs = performance.now();
      const { status } = await association.echo();
      return { status, ms: since(startedMs) };
    },
    findOne: (identifier: (transferSyntax: string) => Uint8Array) => findOne(association, identifier),
    release: () => association.release(),
  };
}

async function findOne(association: Association, identifier: (transferSyntax: string) => Uint8Array) {
  const startedMs = performance.now();
  const context = contextOf(association, STUDY_ROOT_FIND);
  const { transferSyntax } = context;
  const command = { affectedSopClassUid: STUDY_ROOT_FIND, commandField: C_FIND_RQ, priority: 0 };
  let status = 0;
  let match: { dataSet: Uint8Array; transferSyntax: string } | undefined;
  for await (const reply of association.ask({ context, command, dataSet: identifier(transferSyntax) })) {
    ({ status } = reply);
    if (!isPending(status) || reply.dataSet === undefined) continue;
    match = { dataSet: reply.dataSet, transferSyntax };
    status = 0;
    // One is enough: leaving tells the peer to cancel (PS3.7 9.3.2.3).
    break;
  }
  return { status, ms: since(startedMs), match };
}

/** What answers somebody who speaks HTTP, and TLS: the usual ways to be at the wrong port. */
async function greeting(target: LinkTarget): Promise<'http' | 'tls' | 'other' | 'silent'> {
  const first = await firstBytes(target);
  if (first.startsWith('HTTP/')) return 'http';
  if (await speaksTls(target)) return 'tls';
  return first === '' ? 'silent' : 'other';
}

async function firstBytes(target: LinkTarget): Promise<string> {
  const opened = await open(target);
  if ('error' in opened) return '';
  const { socket } = opened;
  try {
    socket.write(`GET / HTTP/1.0\r\nHost: ${target.host}\r\n\r\n`);
    const [bytes] = (await once(socket, 'data', { signal: AbortSignal.timeout(target.timeoutMs) })) as [Buffer];
    return bytes.toString('latin1', 0, GREETING_BYTES_MAX);
  } catch {
    return ''; // Silence, or an end without a word, is the answer.
  } finally {
    socket.destroy();
  }
}

async function speaksTls({ host, port, timeoutMs }: LinkTarget): Promise<boolean> {
  const socket = connectTls({ host, port, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(timeoutMs) });
    return true;
  } catch {
    return false; // Whatever it said instead, it is not TLS.
  } finally {
    socket.on('error', () => {});
    socket.destroy();
  }
}

const since = (startedMs: number): number => Math.round((performance.now() - startedMs) * 10) / 10;
