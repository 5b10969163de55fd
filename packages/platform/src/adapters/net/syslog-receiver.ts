import { once } from 'node:events';
import { Socket } from 'node:net';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { AuditReceiver } from '../../ports/audit-receiver.ts';
import type { Secure } from './tls-caller.ts';

export type SyslogOptions = {
  name: string;
  host: string;
  port: number;
  /** TLS, as `securing` makes it; absent: a plain connection, for this machine alone. */
  secure?: Secure;
  /** Longest wait for the receiver: to connect, to read all that is sent, to end the connection. */
  timeoutMs: number;
};

const FRAMES_A_WRITE = 64;
/**
 * After everything is sent and before the connection is ended: a receiver that refuses us (in TLS 1.3 it judges our
 * certificate when we may send already) has said so by then. Twice what connecting took, where that is longer.
 */
const PAUSE_MS_MIN = 100;
const KEEP_ALIVE_MS = 5000;

/** A syslog receiver over TCP: TLS and octet counting of RFC 5425. */
export function syslogReceiver(options: SyslogOptions): AuditReceiver {
  return {
    name: options.name,
    deliver: (frames, signal) => deliver(options, frames, signal),
    watch: async (signal) => {
      const socket = await connected(options, AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]));
      let isOpen = true;
      const ended = (): void => {
        isOpen = false;
      };
      for (const event of ['end', 'error', 'close']) socket.on(event, ended);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      socket.resume();
      socket.unref();
      return { isOpen: () => isOpen, close: () => socket.destroy() };
    },
  };
}

async function deliver(options: SyslogOptions, frames: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
  const began = performance.now();
  const socket = await connected(options, until);
  const pauseMs = Math.max(PAUSE_MS_MIN, 2 * (performance.now() - began));
  const ended = endOf(socket, until);
  try {
    for (let at = 0; at < frames.length; at += FRAMES_A_WRITE) {
      await Promise.race([ended, written(socket, concat(frames.slice(at, at + FRAMES_A_WRITE)))]);
    }
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, pauseMs))]);
    // RFC 5425 4.4: close_notify, then the end of our side; what comes back is the end of theirs.
    socket.end();
    await ended;
  } finally {
    socket.destroy();
  }
}

const written = (socket: Socket, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(undelivered('the connection broke', error)) : resolve()));
  });

/** Resolves when the receiver ends the connection after we did; rejects when it ends in any other way. */
function endOf(socket: Socket, until: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Who waits hears of it; a connection that is given up before has nobody who does.
  promise.catch(() => {});
  socket.once('end', () => {
    if (socket.writableFinished) resolve();
    else reject(undelivered('the receiver ended the connection before it had everything'));
  });
  socket.on('error', (error) => reject(undelivered('the connection broke', error)));
  socket.once('close', () => reject(undelivered('the connection was lost')));
  until.addEventListener('abort', () => reject(undelivered('the receiver took too long')), { once: true });
  // Receivers say nothing, and if one does it is not kept.
  socket.resume();
  return promise;
}

async function connected({ host, port, secure }: SyslogOptions, until: AbortSignal): Promise<Socket> {
  const socket = new Socket({ allowHalfOpen: true });
  try {
    socket.connect({ host, port });
    await once(socket, 'connect', { signal: until });
    return secure === undefined ? socket : await secure(socket, until);
  } catch (thrown) {
    socket.on('error', () => {}); // What a connection that is given up still says.
    socket.destroy();
    if (thrown instanceof Failure) throw thrown;
    throw undelivered(`no connection to ${host}:${port}`, thrown);
  }
}

function undelivered(what: string, cause?: unknown): Failure {
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new Failure('audit/undelivered', `${what}${code}`, { cause });
}
