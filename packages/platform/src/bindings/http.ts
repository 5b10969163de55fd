import type { QueryParameter } from '@acervo/interop/dicomweb/capabilities.ts';
import { FAILURES, type Failure } from '@acervo/kernel/failure.ts';
import type { Op } from '../ports/op.ts';

export type HttpMethod = 'GET' | 'POST' | 'OPTIONS';

export type HttpRequest = {
  method: string;
  /** Path as sent, with the query, undecoded. */
  url: string;
  /** What follows the question mark, undecoded; '' without one. */
  rawQuery: string;
  /** Values of the path's `:names`, percent-decoded. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** Lower-case names; repeated headers joined by ', '. */
  headers: Readonly<Record<string, string | undefined>>;
  /** Read once. Throws Failure request/cancelled when the peer goes, request/timeout when it falls silent. */
  body: AsyncIterable<Uint8Array>;
  /**
   * The parts of a multipart body, instead of `body`. Each is read, or skipped, before the next arrives.
   * @throws {Failure} request/invalid when the body is not multipart with this boundary.
   */
  parts(boundary: string): AsyncIterable<HttpPart>;
};

/** A part of a multipart request; header names in lower case. */
export type HttpPart = { headers: Readonly<Record<string, string>>; body: AsyncIterable<Uint8Array> };

/**
 * The body of an answer: bytes at hand, or a stream that is pulled as fast as the peer reads. A chunk of a
 * stream has left the process when the next is pulled, so its buffer may be used again. A stream is closed
 * (`return()`) when the peer goes away; what it throws before its first chunk still becomes problem+json.
 */
export type HttpBody = string | Uint8Array | AsyncIterable<Uint8Array> | LentBody;

/**
 * A whole body in memory that is used again. `lend` is called once, when nothing can keep the answer from being
 * sent; what it throws still becomes problem+json.
 */
export type LentBody = { lend(): Promise<LentPieces> };

/** The body in pieces, which are given back when they have left the process, or never will. */
export type LentPieces = { pieces: readonly Uint8Array[]; giveBack(): void };

export type HttpAnswer = {
  status: number;
  headers: Record<string, string>;
  /** Values of Set-Cookie, each a header of its own (RFC 6265 3). */
  cookies?: readonly string[];
  body?: HttpBody;
};

/**
 * One resource: a method on a path with `:names`. A Failure thrown by `handle` becomes problem+json, once.
 * A GET answers HEAD too.
 */
export type Route = {
  method: HttpMethod;
  path: string;
  summary: string;
  /** What descriptions of the service (WADL, OpenAPI) say of the resource. */
  query?: readonly QueryParameter[];
  consumes?: readonly string[];
  produces?: readonly string[];
  /** JSON Schema of the body of a request, where that is JSON of our own. */
  bodySchema?: object;
  /** JSON Schema of the answer, where that is JSON of our own. */
  answerSchema?: object;
  /** Answered without asking who calls: says nothing of any patient or institution. */
  isPublic?: boolean;
  handle(request: HttpRequest, op: Op): Promise<HttpAnswer>;
};

/** What is known of a request before anyone is asked who sent it. */
export type HttpHead = {
  method: string;
  /** The pattern of the route, e.g. `/dicom-web/studies/:study`. */
  route: string;
  headers: HttpRequest['headers'];
  peerAddress: string;
  /** Over HTTPS, what the certificate of the caller proves, or why it does not count; absent where none was shown. */
  certificate?: readonly string[] | Failure;
};

/** The sender of a request: opens the operation that it asks for from an address. */
export type HttpCaller = { openOp(signal: AbortSignal, address: string): Op };

/** Decides who sends a request, from its Authorization header and connection. */
export type IdentifyHttp = (head: HttpHead) => HttpCaller | Failure | Promise<HttpCaller | Failure>;

/** By status, when to come again: a node or database that died is back by then, as a rule; a rate has a token then. */
const RETRY_AFTER_SECONDS: Readonly<Record<number, number>> = { 503: 10, 429: 1 };

/** RFC 9457 problem document of a failure; says nothing that the table does not, and which rules were broken. */
export function problemOf(failure: Failure, opId: string): HttpAnswer {
  const { http, title } = FAILURES[failure.code];
  const problem = {
    type: `urn:acervo:failure:${failure.code}`,
    title,
    status: http,
    instance: `urn:uuid:${opId}`,
    ...(failure.rules.length > 0 && { rules: failure.rules }),
  };
  const retryAfter = RETRY_AFTER_SECONDS[http];
  const headers = {
    'content-type': 'application/problem+json',
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
  };
  return { status: http, headers, body: JSON.stringify(problem) };
}

/**
 * Scheme and authority by which the peer reached us, without a slash at the end: what absolute URLs in an
 * answer start with. A proxy that ends TLS says so in X-Forwarded-Proto. '' when no Host is named, which
 * leaves the URLs relative (RFC 3986 4.2).
 */
export function baseUrlOf({ headers }: Pick<HttpRequest, 'headers'>): string {
  const host = headers['host'] ?? '';
  if (!/^[A-Za-z0-9.[\]:_-]{1,255}$/.test(host)) return '';
  const scheme = headers['x-forwarded-proto']?.split(',')[0]?.trim().toLowerCase();
  return `${scheme === 'https' ? 'https' : 'http'}://${host}`;
}
