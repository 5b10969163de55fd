import { once } from 'node:events';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { Failure } from '@acervo/kernel/failure.ts';
import type { HttpCall, HttpCaller } from '../../ports/http-caller.ts';
import { securing } from './tls-caller.ts';
import type { TlsKeys } from './tls-keys.ts';

const ANSWER_BYTES_MAX = 4 * 2 ** 20;
const PORTS = { 'http:': 80, 'https:': 443 } as const;

/**
 * HTTP as the side that calls. With keys of our own our certificate is shown, and that of the other side must be of an
 * authority that we name; without, it must be of one that Node trusts.
 */
export function httpCaller(keys: TlsKeys | undefined, timeoutMs: number): HttpCaller {
  return async (url, call) => {
    const signal = AbortSignal.any([call.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      const socket = keys === undefined || url.protocol === 'http:' ? undefined : await secured(url, keys, signal);
      return await answered(url, { ...call, signal }, socket);
    } catch (thrown) {
      if (thrown instanceof Failure) throw thrown;
      const { code = 'no answer' } = thrown as NodeJS.ErrnoException;
      throw new Failure('audit/undelivered', `${url.host}: ${code}`, { cause: thrown });
    }
  };
}

async function secured(url: URL, keys: TlsKeys, signal: AbortSignal): Promise<Socket> {
  const host = url.hostname.replaceAll(/[[\]]/g, '');
  const raw = connect(Number(url.port) || PORTS['https:'], host);
  await once(raw, 'connect', { signal }).catch((thrown: unknown) => {
    raw.destroy();
    throw thrown;
  });
  return securing(keys, { host, certificates: [] })(raw, signal);
}

async function answered(
  url: URL,
  { method, headers, body, signal }: HttpCall,
  socket: Socket | undefined,
): Promise<{ status: number; text: string }> {
  const isPlain = url.protocol === 'http:' || socket !== undefined;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = (isPlain ? plainRequest : secureRequest)(
    url.href.replace(/^https:/, isPlain ? 'http:' : 'https:'),
    {
      method,
      signal,
      agent: false,
      headers: { ...headers, host: url.host, connection: 'close' },
      ...(socket !== undefined && { createConnection: () => socket }),
    },
    resolve,
  );
  request.on('error', reject);
  request.end(body);
  const answer = await promise;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Failure('audit/undelivered', `${url.host}: the answer is too long`);
    chunks.push(chunk);
  }
  return { status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
}
