import { once } from 'node:events';
import { type IncomingMessage, type RequestOptions, request as sendRequest } from 'node:http';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { newId } from '@acervo/kernel/id.ts';
import type { HttpHead, Route } from '../../bindings/http.ts';
import type { Log, LogFields } from '../../ports/log.ts';
import type { Op } from '../../ports/op.ts';
import { EVERYTHING } from '../../ports/view.ts';
import { type HttpServerOptions, listenHttp } from './http-server.ts';

export type Line = { level: string; event: string; fields: LogFields };

export function listLog(lines: Line[]): Log {
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}): void => {
      lines.push({ level, event, fields });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export function opOf(signal: AbortSignal, log: Log): Op {
  return {
    id: newId(),
    institution: 'A',
    actor: { kind: 'system', id: 'x' },
    system: 'x',
    door: 'web',
    issuer: '',
    charsetDefault: undefined,
    purpose: '',
    signal,
    log,
    view: () => EVERYTHING,
    decide: () => ({ isPermitted: true, policies: [] }),
    grounds: () => undefined,
    address: '',
    may: () => true,
    allow: () => {},
  };
}

export type Started = { port: number; url: string; lines: Line[]; heads: HttpHead[]; nextLine(): Promise<Line> };

export async function start(t: TestContext, routes: Route[], more: Partial<HttpServerOptions> = {}): Promise<Started> {
  const lines: Line[] = [];
  const waiting: (() => void)[] = [];
  const kept = listLog(lines);
  const noticed =
    (write: Log['info']): Log['info'] =>
    (event, fields) => {
      write(event, fields);
      for (const wake of waiting.splice(0)) wake();
    };
  const log: Log = { debug: kept.debug, info: noticed(kept.info), warn: kept.warn, error: noticed(kept.error) };
  const heads: HttpHead[] = [];
  const server = await listenHttp({
    port: 0,
    host: '127.0.0.1',
    routes,
    log,
    identify: (head) => {
      heads.push(head);
      return { openOp: (signal) => opOf(signal, log) };
    },
    ...more,
  });
  t.after(() => server.close({ timeoutMs: 0 }));
  const nextLine = async (): Promise<Line> => {
    while (lines.length === 0) await new Promise<void>((wake) => waiting.push(wake));
    return lines.shift() as Line;
  };
  return { port: server.port, url: `http://127.0.0.1:${server.port}`, lines, heads, nextLine };
}

export const get = (path: string, handle: Route['handle']): Route => ({ method: 'GET', path, summary: '', handle });
export const post = (path: string, handle: Route['handle']): Route => ({ method: 'POST', path, summary: '', handle });
export const text =
  (body: string): Route['handle'] =>
  async () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body });

export type Raw = { status: number; headers: IncomingMessage['headers']; body: Buffer };

/** A request whose target and headers go out exactly as given, without what fetch would add or forbid. */
export async function send(port: number, options: RequestOptions, body?: string | Buffer): Promise<Raw> {
  const request = sendRequest({ host: '127.0.0.1', port, agent: false, ...options });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) };
}

/** What a server says to bytes that are no well-formed request. */
export async function sendBytes(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(bytes);
  let answer = '';
  for await (const piece of socket) answer += String(piece);
  return answer;
}

export async function sizeOf(body: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.length;
  return bytes;
}
