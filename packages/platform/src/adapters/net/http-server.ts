import assert from 'node:assert/strict';
import type { ServerOptions as HttpsOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { Failure, type FailureCode } from '@acervo/kernel/failure.ts';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify, type HTTPMethods } from 'fastify';
import type { Hosted } from '../../bindings/hosted.ts';
import { type HttpMethod, type IdentifyHttp, problemOf, type Route } from '../../bindings/http.ts';
import type { HttpGate } from '../../bindings/limits/http-gate.ts';
import type { Log } from '../../ports/log.ts';
import { BACKLOG } from './backlog.ts';
import { boundConnections } from './http-connections.ts';
import { type CorsOrigins, isPreflight, preflightHeaders } from './http-cors.ts';
import { type ExchangeContext, exchange, type OnRefused, type Target } from './http-exchange.ts';
import { hostForeign } from './http-hosted.ts';
import { HTTP_LIMITS, type HttpLimits } from './http-limits.ts';
import { refuseUnreadable } from './http-unreadable.ts';
import type { TlsKeys } from './tls-keys.ts';

export type HttpServerOptions = {
  /** 0: any free port. */
  port: number;
  host: string;
  routes: readonly Route[];
  hosted?: readonly Hosted[];
  identify: IdentifyHttp;
  /** Origins whose pages may read answers; none by default. */
  corsOrigins?: CorsOrigins;
  limits?: Partial<HttpLimits>;
  /** Shared with other servers of the same archive. */
  gate?: HttpGate;
  /** HTTPS with these; certificates of callers are asked for. */
  keys?: TlsKeys;
  log: Log;
  onRefused?: OnRefused;
};

export type HttpServer = {
  port: number;
  /** Stop listening, let running requests finish, then close every connection; after `timeoutMs`, hard. */
  close(options: { timeoutMs: number }): Promise<void>;
};

/** Methods that are answered 405 on a path that lacks them; a stranger one is 404, as no path has it. */
const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'];

/** Serve `routes` over HTTP/1.1. Resolves when the port is open. */
export async function listenHttp(options: HttpServerOptions): Promise<HttpServer> {
  const limits = { ...HTTP_LIMITS, ...options.limits };
  let isClosing = false;
  const context: ExchangeContext = {
    identify: options.identify,
    corsOrigins: options.corsOrigins ?? [],
    limits,
    log: options.log,
    onRefused: options.onRefused ?? (() => {}),
    ...(options.keys && { keys: options.keys }),
    ...(options.gate && { gate: options.gate }),
    isClosing: () => isClosing,
  };
  const app = makeApp(limits, context);
  context.connections = boundConnections(app.server, limits);
  for (const [path, routes] of byPath(options.routes)) hostPath(app, path, routes, context);
  for (const hosted of options.hosted ?? []) hostBelow(app, hosted, context);
  await app.listen({ port: options.port, host: options.host, backlog: BACKLOG });
  return {
    port: (app.server.address() as AddressInfo).port,
    close: async ({ timeoutMs }) => {
      isClosing = true;
      const timer = setTimeout(() => app.server.closeAllConnections(), timeoutMs);
      await app.close();
      clearTimeout(timer);
    },
  };
}

/** Fastify as a router: it neither reads bodies nor writes answers, so it can neither buffer nor re-encode. */
function makeApp(limits: HttpLimits, context: ExchangeContext): FastifyInstance {
  const app: FastifyInstance = fastify({
    ...(context.keys ? { https: secureOptions(context.keys, limits) } : { http: serverOptions(limits) }),
    exposeHeadRoutes: false,
    keepAliveTimeout: limits.keepAliveMs,
    requestTimeout: limits.requestMs,
    routerOptions: {
      maxParamLength: limits.urlCharsMax,
      ignoreTrailingSlash: true,
      querystringParser: () => ({}),
    },
    // No route has a schema: the compilers of them, which Fastify loads otherwise, would be a tenth of our start.
    schemaController: { compilersFactory: { buildValidator: noSchema, buildSerializer: noSchema } },
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (_error, request, reply) => refuse(request, reply, 'request/invalid', context),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.setErrorHandler((error, request, reply) => {
    const isType = error instanceof Error && 'statusCode' in error && error.statusCode === 415;
    refuse(request, reply, isType ? 'request/unsupported-type' : 'request/invalid', context);
  });
  app.setNotFoundHandler((request, reply) => refuse(request, reply, 'request/not-found', context));
  const { server } = app;
  if (context.keys !== undefined) followKeys(server, context.keys);
  server.maxConnections = limits.connectionsMax;
  server.headersTimeout = limits.headersMs;
  // The body's reader says 100 Continue; Node by itself would invite the body of a request we refuse.
  server.on('checkContinue', (request, response) => server.emit('request', request, response));
  return app;
}

const noSchema = (): never => assert.fail('a route with a schema');

/** Node looks at its deadlines every 30 s unless told otherwise. */
const DEADLINES_LOOKED_AT = 4;

const serverOptions = (limits: HttpLimits) => ({
  maxHeaderSize: limits.headerBytesMax,
  connectionsCheckingInterval: Math.ceil(limits.headersMs / DEADLINES_LOOKED_AT),
});

const secureOptions = (keys: TlsKeys, limits: HttpLimits): HttpsOptions => ({
  ...keys.options(),
  ...serverOptions(limits),
  requestCert: true,
  // A caller without a certificate may have a token; one with a bad certificate hears why, in a problem document.
  rejectUnauthorized: false,
  handshakeTimeout: limits.headersMs,
});

/** Connections that are open go on with the keys they began with. */
function followKeys(server: unknown, keys: TlsKeys): void {
  if (server instanceof TlsServer) keys.onChange(() => server.setSecureContext(keys.options()));
}

function byPath(routes: readonly Route[]): Map<string, Map<HttpMethod, Route>> {
  const paths = new Map<string, Map<HttpMethod, Route>>();
  for (const route of routes) {
    const methods = paths.get(route.path) ?? new Map<HttpMethod, Route>();
    if (methods.has(route.method)) throw new Failure('config/invalid', `two routes for ${route.method} ${route.path}`);
    paths.set(route.path, methods.set(route.method, route));
  }
  return paths;
}

function hostPath(
  app: FastifyInstance,
  path: string,
  routes: ReadonlyMap<HttpMethod, Route>,
  context: ExchangeContext,
): void {
  const served = [...routes.keys(), ...(routes.has('GET') ? ['HEAD' as const] : [])];
  const allow = [...new Set([...served, 'OPTIONS'])].join(', ');
  app.route({
    method: [...METHODS],
    url: path,
    handler: (request, reply) => {
      const { method } = request;
      const route = method === 'HEAD' ? routes.get('GET') : [...routes.values()].find((each) => each.method === method);
      const serve = method === 'OPTIONS' ? optionsOf(request, route, allow, context) : route?.handle;
      host(request, reply, { route: path, serve: serve ?? notAllowed(allow) }, context);
    },
  });
}

/** The paths that a foreign listener is asked for; the rest of its prefix is not there. */
function hostBelow(app: FastifyInstance, hosted: Hosted, context: ExchangeContext): void {
  for (const { path, methods } of hosted.paths) {
    const route = hosted.prefix + path;
    const served: readonly HTTPMethods[] = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
    const allow = [...served, 'OPTIONS'].join(', ');
    app.route({
      method: [...METHODS],
      url: route,
      handler: (request, reply) => {
        const { method } = request;
        if (!served.includes(method)) {
          const serve = method === 'OPTIONS' ? optionsOf(request, undefined, allow, context) : notAllowed(allow);
          return host(request, reply, { route, serve }, context);
        }
        reply.hijack();
        void hostForeign(request.raw, reply.raw, { hosted, route }, context);
      },
    });
  }
}

/** OPTIONS: a browser's preflight, the path's own route, or the list of its methods (RFC 9110 9.3.7). */
function optionsOf(
  request: FastifyRequest,
  route: Route | undefined,
  allow: string,
  { corsOrigins }: ExchangeContext,
): Target['serve'] {
  const headers = Object.fromEntries(
    ['origin', 'access-control-request-method'].map((name) => [name, request.headers[name]?.toString()]),
  );
  if (isPreflight('OPTIONS', headers)) {
    return { open: () => ({ status: 204, headers: { allow, ...preflightHeaders(corsOrigins, headers) } }) };
  }
  return route?.handle ?? { open: () => ({ status: 204, headers: { allow } }) };
}

function notAllowed(allow: string): Target['serve'] {
  return {
    open: (_request, opId) => {
      const problem = problemOf(new Failure('request/method', 'no route for the method'), opId);
      return { ...problem, headers: { ...problem.headers, allow } };
    },
  };
}

function refuse(request: FastifyRequest, reply: FastifyReply, code: FailureCode, context: ExchangeContext): void {
  const serve: Target['serve'] = {
    open: () => {
      throw new Failure(code, 'refused by the router');
    },
  };
  host(request, reply, { route: '', serve }, context);
}

/** Take the exchange over from Fastify, which is done with it. */
function host(
  request: FastifyRequest,
  reply: FastifyReply,
  target: Omit<Target, 'params'>,
  context: ExchangeContext,
): void {
  reply.hijack();
  const params = { ...(request.params as Readonly<Record<string, string>> | null) };
  void exchange(request.raw, reply.raw, { ...target, params }, context);
}
