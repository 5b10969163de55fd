import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { FAILURES, Failure, type FailureCode, toFailure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { type HttpAnswer, type HttpRequest, type IdentifyHttp, problemOf, type Route } from '../../bindings/http.ts';
import type { HttpGate } from '../../bindings/limits/http-gate.ts';
import type { Log, LogFields } from '../../ports/log.ts';
import type { Op } from '../../ports/op.ts';
import { type AnswerContext, type ReadyAnswer, readyAnswer } from './http-answer.ts';
import type { HttpConnections } from './http-connections.ts';
import { type CorsOrigins, corsHeaders } from './http-cors.ts';
import type { HttpLimits } from './http-limits.ts';
import { requestBody } from './http-request-body.ts';
import { writeAnswer } from './http-response.ts';
import { readMultipart } from './multipart-reader.ts';
import { addressOf } from './peer-address.ts';
import { identitiesOf, type TlsKeys } from './tls-keys.ts';

export type ExchangeContext = {
  identify: IdentifyHttp;
  corsOrigins: CorsOrigins;
  limits: HttpLimits;
  log: Log;
  /** Of an HTTPS server. */
  keys?: TlsKeys;
  onRefused: OnRefused;
  /** Whether there is room for a request; without one there always is. */
  gate?: HttpGate;
  connections?: HttpConnections;
  isClosing(): boolean;
};

/** A browser that came by HTTPS once comes by nothing else for a year (RFC 6797). */
const STRICT_TRANSPORT = { 'strict-transport-security': 'max-age=31536000' };

/** Told of every request that is answered with a failure; called synchronously, must not throw. */
export type OnRefused = (refused: { code: FailureCode; method: string; route: string; peerAddress: string }) => void;

const CONTROL = /\p{Cc}/u;

/** What the router found for a request. */
export type Target = {
  /** Pattern of the route; what logs show instead of the path, which may name a patient. */
  route: string;
  params: Readonly<Record<string, string>>;
  /** `open` is answered without asking who sends it. */
  serve: Route['handle'] | { open(request: HttpRequest, opId: string): HttpAnswer };
};

type Answered = { ready: ReadyAnswer; failure?: Failure };

/** What is known of the operation while it runs, and what it holds until its answer is out. */
type Entry = { opId: string; leave(): void };

/**
 * One request and its answer, from the headers to the last byte. The operation's signal aborts when the peer
 * goes away. Never rejects: what fails becomes problem+json, or, once the answer has begun, ends the
 * connection, so that the peer sees that it is cut.
 */
export async function exchange(
  incoming: IncomingMessage,
  response: ServerResponse,
  target: Target,
  context: ExchangeContext,
): Promise<void> {
  const startedAt = performance.now();
  const { limits } = context;
  const signal = lossOf(response);
  const body = requestBody(incoming, response, limits);
  const request = requestOf(incoming, target, body.chunks);
  const entry: Entry = { opId: newId(), leave: () => {} };
  const { ready, failure } = await answered(request, incoming, target, context, signal, entry);
  if (failure !== undefined) {
    const { remoteAddress = '' } = incoming.socket;
    context.onRefused({ code: failure.code, method: request.method, route: target.route, peerAddress: remoteAddress });
  }
  const isUnread = !incoming.complete;
  if (isUnread || context.isClosing()) ready.headers['connection'] = 'close';
  let bytes = 0;
  let cut: Failure | undefined;
  try {
    // Nobody knows the outcome, so nothing may be said of it: the peer sends again (decision record 0004).
    if (failure?.code === 'store/answer-lost') throw failure;
    const beforeEnd = async (): Promise<void> => {
      const isOver = body.isHeldBack() || (await body.drain());
      if (!isOver) throw new Failure('request/cancelled', 'unwanted body is too long');
    };
    bytes = await writeAnswer(response, ready, {
      headOnly: request.method === 'HEAD',
      stallMs: limits.stallMs,
      signal,
      ...(isUnread && { beforeEnd }),
    });
  } catch (thrown) {
    cut = toFailure(thrown);
    response.destroy();
  } finally {
    entry.leave();
  }
  const ms = Math.round(performance.now() - startedAt);
  logOutcome(context.log, cut ?? failure, cut === undefined ? 'http.answered' : 'http.cut', {
    op: entry.opId,
    method: request.method,
    route: target.route,
    status: ready.status,
    ms,
    bytes,
  });
}

/** Aborts when the connection closes before the answer is out. */
function lossOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new Failure('request/cancelled', 'connection lost'));
  });
  return controller.signal;
}

function requestOf(incoming: IncomingMessage, { params }: Target, body: AsyncIterable<Uint8Array>): HttpRequest {
  const { method = '', url = '' } = incoming;
  const question = url.indexOf('?');
  const rawQuery = question < 0 ? '' : url.slice(question + 1);
  const headers: Record<string, string | undefined> = {};
  for (const name in incoming.headers) {
    const value = incoming.headers[name];
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  // What a proxy that ends TLS would say.
  if (incoming.socket instanceof TLSSocket) headers['x-forwarded-proto'] ??= 'https';
  const query = new URLSearchParams(rawQuery);
  return { method, url, rawQuery, params, query, headers, body, parts: (boundary) => readMultipart(body, boundary) };
}

/** The answer and its first chunk; what fails on the way becomes a problem document. */
async function answered(
  request: HttpRequest,
  incoming: IncomingMessage,
  target: Target,
  context: ExchangeContext,
  signal: AbortSignal,
  entry: Entry,
): Promise<Answered> {
  const answerContext: AnswerContext = {
    acceptEncoding: request.headers['accept-encoding'],
    extraHeaders: {
      ...corsHeaders(context.corsOrigins, request.method, request.headers),
      ...(context.keys && STRICT_TRANSPORT),
    },
    gzipBytesMin: context.limits.gzipBytesMin,
  };
  try {
    const answer = await served(request, incoming, target, context, signal, entry);
    return { ready: await readyAnswer(answer, answerContext) };
  } catch (thrown) {
    const failure = toFailure(thrown);
    return { failure, ready: await readyAnswer(problemAnswer(failure, entry.opId), answerContext) };
  }
}

async function served(
  request: HttpRequest,
  incoming: IncomingMessage,
  { route, serve }: Target,
  context: ExchangeContext,
  signal: AbortSignal,
  entry: Entry,
): Promise<HttpAnswer> {
  const { urlCharsMax } = context.limits;
  if (request.url.length > urlCharsMax) throw new Failure('request/too-long', `target over ${urlCharsMax} characters`);
  // Nothing has such a name, and a database refuses to look for it.
  if (Object.values(request.params).some((value) => CONTROL.test(value))) {
    throw new Failure('request/invalid', 'a control character in the path');
  }
  const { socket } = incoming;
  const peerAddress = socket.remoteAddress ?? '';
  if (typeof serve !== 'function') {
    context.gate?.knock(peerAddress);
    return serve.open(request, entry.opId);
  }
  const { method, headers } = request;
  const certificate = context.keys && socket instanceof TLSSocket ? shownOn(socket, context.keys) : undefined;
  const caller = await context.identify({ method, route, headers, peerAddress, ...(certificate && { certificate }) });
  if (caller instanceof Failure) {
    context.gate?.knock(peerAddress);
    throw caller;
  }
  const op = caller.openOp(signal, addressOf(incoming));
  entry.opId = op.id;
  enter(op, socket, context, entry);
  refuseCoding(headers['content-encoding']);
  return serve(request, op);
}

/** No body is inflated here, so one in a content coding would be read as what it is not (RFC 9110 8.4). */
function refuseCoding(coding: string | undefined): void {
  if (coding === undefined || /^(?:identity)?$/i.test(coding.trim())) return;
  throw new Failure('request/unsupported-type', 'body in a content coding');
}

/** A place among the requests in work, and for its connection. @throws {Failure} request/too-many */
function enter(op: Op, socket: Socket, { gate, connections }: ExchangeContext, entry: Entry): void {
  const leave = gate?.enter(op, socket.remoteAddress ?? '');
  const idle = op.actor.kind === 'process' ? undefined : connections?.busy(socket);
  entry.leave = () => {
    leave?.();
    idle?.();
  };
}

/** A certificate is asked for and need not be shown: people come with tokens. One that is shown must count. */
function shownOn(socket: TLSSocket, keys: TlsKeys): readonly string[] | Failure | undefined {
  const judged = keys.judge(socket);
  if (!(judged instanceof Failure)) return identitiesOf(judged);
  return judged.code === 'tls/no-certificate' ? undefined : judged;
}

/** A problem document; one for a caller who is not known says how to become so (RFC 9110 15.5.2). */
function problemAnswer(failure: Failure, opId: string): HttpAnswer {
  const answer = problemOf(failure, opId);
  return answer.status === 401 ? { ...answer, headers: { ...answer.headers, 'www-authenticate': 'Bearer' } } : answer;
}

/** One line per exchange. An unforeseen error shows where it came from, not its text, which may name anyone. */
export function logOutcome(log: Log, failure: Failure | undefined, event: string, fields: LogFields): void {
  if (failure === undefined) return log.info(event, fields);
  const { code } = failure;
  if (code !== 'internal' || failure.cause === undefined) {
    const level = FAILURES[code].http >= 500 ? 'error' : 'info';
    return log[level](event, { ...fields, code, detail: failure.detail });
  }
  log.error(event, { ...fields, code, ...originOf(failure.cause) });
}

function originOf(cause: unknown): LogFields {
  if (!(cause instanceof Error)) return { error: typeof cause };
  const frames = (cause.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim());
  return { error: cause.name, stack: frames.join(' | ') };
}
