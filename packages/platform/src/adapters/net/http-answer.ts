import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGzip, gzip } from 'node:zlib';
import { acceptsGzip } from '@acervo/interop/dicomweb/content-coding.ts';
import type { HttpAnswer, HttpBody, LentPieces } from '../../bindings/http.ts';
import { cacheControlOf, SECURITY_HEADERS } from '../../bindings/security-headers.ts';

/** An answer ready to be written: header names in lower case; a stream's first chunk is already here. */
export type ReadyAnswer = {
  status: number;
  headers: Record<string, string>;
  cookies: readonly string[];
  body: LentPieces | { first: IteratorResult<Uint8Array>; rest: AsyncIterator<Uint8Array> };
};

/** Text formats that shrink; pixels and DICOM objects do not, or already have. */
const COMPRESSIBLE = /^(?:text\/|image\/svg\+xml|application\/(?:[\w.-]+\+)?(?:json|xml|javascript)\b)/i;

/** Speed rather than size: level 4 takes half the time of 6 for 5 % more bytes of DICOM JSON. */
const GZIP_LEVEL = 4;

const gzipped = promisify(gzip);

export type AnswerContext = {
  acceptEncoding: string | undefined;
  /** Headers beside those of the route. */
  extraHeaders: Record<string, string>;
  /** Answers of fewer bytes are not compressed. */
  gzipBytesMin: number;
};

/**
 * Complete an answer: defaults, compression, length, and the first chunk of a stream, so that what fails
 * before it can still be answered as a failure.
 */
export async function readyAnswer(answer: HttpAnswer, context: AnswerContext): Promise<ReadyAnswer> {
  const headers: Record<string, string> = { ...SECURITY_HEADERS };
  for (const name in answer.headers) headers[name.toLowerCase()] = answer.headers[name] as string;
  headers['cache-control'] ??= cacheControlOf(headers['etag']);
  add(headers, context.extraHeaders);
  const { status, cookies = [] } = answer;
  const body = await encoded(answer.body ?? '', status, headers, context);
  if (Symbol.asyncIterator in body) {
    const rest = body[Symbol.asyncIterator]();
    return { status, headers, cookies, body: { first: await rest.next(), rest } };
  }
  const lent = 'lend' in body ? await body.lend() : { pieces: [body], giveBack: () => undefined };
  if (status !== 204 && status !== 304) {
    headers['content-length'] = `${lent.pieces.reduce((sum, { length }) => sum + length, 0)}`;
  }
  return { status, headers, cookies, body: lent };
}

async function encoded(
  body: HttpBody,
  status: number,
  headers: Record<string, string>,
  context: AnswerContext,
): Promise<Exclude<HttpBody, string>> {
  const plain = typeof body === 'string' ? Buffer.from(body) : body;
  const isText = headers['content-encoding'] === undefined && COMPRESSIBLE.test(headers['content-type'] ?? '');
  if (
    !isText ||
    'lend' in plain ||
    status === 206 ||
    (plain instanceof Uint8Array && plain.length < context.gzipBytesMin)
  )
    return plain;
  add(headers, { vary: 'accept-encoding' });
  if (!acceptsGzip(context.acceptEncoding)) return plain;
  headers['content-encoding'] = 'gzip';
  // A strong tag promises the same bytes, which these are not (RFC 9110 8.8.1).
  if (headers['etag']?.startsWith('"') === true) headers['etag'] = `W/${headers['etag']}`;
  delete headers['content-length'];
  return plain instanceof Uint8Array ? gzipped(plain, { level: GZIP_LEVEL }) : gzippedStream(plain);
}

function gzippedStream(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const to = createGzip({ level: GZIP_LEVEL });
  pipeline(Readable.from(copied(body)), to, () => {
    // An error of the source destroys `to` with it, and reaches whoever reads that.
  });
  return to;
}

/** The pipeline reads ahead, while a stream may use a chunk's buffer again when the next one is pulled. */
async function* copied(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) yield Uint8Array.from(chunk);
}

/** Add to headers; `vary` adds up. */
function add(headers: Record<string, string>, more: Record<string, string>): void {
  const { vary } = headers;
  Object.assign(headers, more);
  if (vary !== undefined && more['vary'] !== undefined) headers['vary'] = `${vary}, ${more['vary']}`;
}
