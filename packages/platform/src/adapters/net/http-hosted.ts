import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { Failure, type FailureCode, toFailure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import type { Hosted } from '../../bindings/hosted.ts';
import { problemOf } from '../../bindings/http.ts';
import { SECURITY_HEADERS } from '../../bindings/security-headers.ts';
import { type ExchangeContext, logOutcome } from './http-exchange.ts';
import { addressOf } from './peer-address.ts';

/**
 * One request that a foreign listener answers. It gets the headers of every answer of ours, no more bytes than the
 * limit, no more time, and no more requests of one address than any stranger: whatever it does, the connection ends.
 * Its addresses are never logged, since they carry codes.
 */
export async function hostForeign(
  request: IncomingMessage,
  response: ServerResponse,
  { hosted, route }: { hosted: Hosted; route: string },
  context: ExchangeContext,
): Promise<void> {
  const startedAt = performance.now();
  const op = newId();
  const { limits, log } = context;
  for (const [name, value] of Object.entries({ ...SECURITY_HEADERS, 'cache-control': 'no-store' }))
    response.setHeader(name, value);
  if (context.isClosing()) response.setHeader('connection', 'close');
  const over = new Promise<void>((resolve) => response.once('close', resolve));
  const timer = setTimeout(() => response.destroy(), limits.hostedMs);
  let failure: Failure | undefined;
  try {
    const peerAddress = addressOf(request);
    // Nobody is known yet. Behind a proxy each of those it asks for has a rate.
    context.gate?.knock(peerAddress);
    failure = refusalOf(request, limits);
    if (failure !== undefined) refuse(response, failure, op);
    else await handed(request, response, hosted, { over, peerAddress });
  } catch (thrown) {
    failure = toFailure(thrown);
    if (response.headersSent) response.destroy();
    else refuse(response, failure, op);
  }
  await over;
  clearTimeout(timer);
  // What it did not read of the request would be taken for the next one.
  if (!request.complete) request.destroy();
  const isCut = !response.writableFinished;
  if (failure !== undefined) {
    const { remoteAddress = '' } = request.socket;
    context.onRefused({ code: failure.code, method: request.method ?? '', route, peerAddress: remoteAddress });
  }
  logOutcome(log, failure, isCut ? 'http.cut' : 'http.answered', {
    op,
    method: request.method ?? '',
    route,
    status: response.statusCode,
    ms: Math.round(performance.now() - startedAt),
  });
}

/** Bodies come with their length: a chunked one could be of any. */
function refusalOf(request: IncomingMessage, { urlCharsMax, hostedBytesMax }: ExchangeContext['limits']) {
  const { url = '', headers } = request;
  const refused = (code: FailureCode, why: string): Failure => new Failure(code, why);
  if (url.length > urlCharsMax) return refused('request/too-long', `target over ${urlCharsMax} characters`);
  if (headers['transfer-encoding'] !== undefined) return refused('request/invalid', 'a body without its length');
  if (Number(headers['content-length'] ?? 0) > hostedBytesMax) {
    return refused('store/too-large', `a body over ${hostedBytesMax} bytes`);
  }
  return undefined;
}

async function handed(
  request: IncomingMessage & { originalUrl?: string },
  response: ServerResponse,
  { prefix, handle }: Hosted,
  { over, peerAddress }: { over: Promise<void>; peerAddress: string },
): Promise<void> {
  if (/^100-continue$/i.test(request.headers.expect ?? '')) response.writeContinue();
  request.originalUrl = request.url ?? '';
  request.url = request.originalUrl.slice(prefix.length);
  if (request.socket instanceof TLSSocket) request.headers['x-forwarded-proto'] ??= 'https';
  await Promise.race([handle(request, response, { peerAddress }), over]);
}

function refuse(response: ServerResponse, failure: Failure, op: string): void {
  const { status, headers, body } = problemOf(failure, op);
  response.writeHead(status, { ...headers, connection: 'close' });
  response.end(body);
}
