import type { Socket } from 'node:net';
import { Failure, type FailureCode } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { problemOf } from '../../bindings/http.ts';
import { cacheControlOf, SECURITY_HEADERS } from '../../bindings/security-headers.ts';

/** Statuses that Node's parser knows beside 400, and what they are called. */
const STATUS_OF: Readonly<Record<string, { status: number; reason: string; code: FailureCode }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, reason: 'Request Header Fields Too Large', code: 'request/too-long' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, reason: 'Request Timeout', code: 'request/timeout' },
};
const UNREADABLE = { status: 400, reason: 'Bad Request', code: 'request/invalid' } as const;

/** Answer what is no HTTP, or did not come in time, and close. It is not logged: a scanner sends many. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, reason, code } = STATUS_OF[error.code ?? ''] ?? UNREADABLE;
  const { headers, body } = problemOf(new Failure(code, 'unreadable'), newId());
  const text = JSON.stringify({ ...(JSON.parse(String(body)) as object), status });
  const all = {
    ...SECURITY_HEADERS,
    ...headers,
    'cache-control': cacheControlOf(undefined),
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n${text}`);
  socket.destroySoon();
}
