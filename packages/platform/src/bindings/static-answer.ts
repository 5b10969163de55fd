import { isNotModified } from '@acervo/interop/dicomweb/byte-ranges.ts';
import { acceptsCoding } from '@acervo/interop/dicomweb/content-coding.ts';
import type { StaticCoding, StaticFile } from '../ports/static-files.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';

/** By the ending of a name; what is not here is served as octets, which a browser will not run. */
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  jsonc: 'application/json',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  jpg: 'image/jpeg',
  woff: 'font/woff',
  woff2: 'font/woff2',
  wasm: 'application/wasm',
  txt: 'text/plain; charset=utf-8',
};

const YEAR_S = 31_536_000;

export type StaticHeaders = {
  /** The name changes with the bytes: it never needs to be asked for again. */
  isImmutable: boolean;
  headers: Readonly<Record<string, string>>;
};

/** A file of a folder as an answer: 304 where the caller has it, in the smallest form that the caller takes. */
export function staticAnswer(
  request: HttpRequest,
  file: StaticFile,
  { isImmutable, headers }: StaticHeaders,
): HttpAnswer {
  const coding = codingOf(request.headers['accept-encoding'], file);
  const etag = `"${file.version}-${coding}"`;
  const common = {
    ...headers,
    etag,
    vary: 'accept-encoding',
    'cache-control': isImmutable ? `public, max-age=${YEAR_S}, immutable` : 'no-cache',
  };
  if (isNotModified(request.headers['if-none-match'], etag)) return { status: 304, headers: common };
  return {
    status: 200,
    headers: {
      ...common,
      'content-type': typeOf(file.path),
      'content-length': String(file.forms[coding]),
      ...(coding !== 'identity' && { 'content-encoding': coding }),
    },
    body: file.read(coding),
  };
}

function codingOf(acceptEncoding: string | undefined, { forms }: StaticFile): StaticCoding {
  if (forms.br !== undefined && acceptsCoding(acceptEncoding, 'br')) return 'br';
  if (forms.gzip !== undefined && acceptsCoding(acceptEncoding, 'gzip')) return 'gzip';
  return 'identity';
}

function typeOf(path: string): string {
  return TYPES[/\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ''] ?? 'application/octet-stream';
}
