import { Failure } from '@acervo/kernel/failure.ts';
import type { HttpAnswer, HttpRequest, Route } from '../../bindings/http.ts';
import { staticAnswer } from '../../bindings/static-answer.ts';
import type { StaticFiles } from '../../ports/static-files.ts';

/**
 * The viewer runs what it was shipped with and talks to its own server. It compiles functions from text and
 * WebAssembly for its pixels, and starts workers from its own files.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "connect-src 'self' blob: data:",
  "font-src 'self' data:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const ROOT = '/ohif';
const DOCUMENT = 'index.html';
/** Names that change with their content. */
const NAMED_BY_CONTENT = /(?:^|\.)[0-9a-f]{16}\.(?:js|wasm|woff2)$/;
/** An address of a page of the viewer, not of a file. */
const IS_PAGE = /^[^.]*$/;

const NOT_INSTALLED = `The viewer OHIF is not installed. Fetch it with: acervo ohif
El visor OHIF no está instalado. Se obtiene con: acervo ohif
`;

/** OHIF, as it was fetched and prepared by `acervo ohif`. Its files say nothing of any patient. */
export function viewerRoutes(viewer: StaticFiles): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/viewer',
      summary: 'Whether the viewer is installed',
      isPublic: true,
      produces: ['application/json'],
      handle: async () => ({
        status: 200,
        headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
        body: JSON.stringify({ installed: (await viewer.find(DOCUMENT)) !== undefined }),
      }),
    },
    {
      method: 'GET',
      // The router finds it with the slash at its end, too, which the viewer counts on.
      path: ROOT,
      summary: 'The list of the viewer OHIF',
      isPublic: true,
      handle: (request) => (isBare(request) ? Promise.resolve(toSlash(request)) : answer(viewer, request)),
    },
    {
      method: 'GET',
      path: `${ROOT}/*`,
      summary: 'The viewer OHIF',
      isPublic: true,
      handle: (request) => answer(viewer, request),
    },
  ];
}

const isBare = ({ url }: HttpRequest): boolean => url.split('?')[0] === ROOT;

const toSlash = ({ rawQuery }: HttpRequest): HttpAnswer => ({
  status: 308,
  headers: { location: `${ROOT}/${rawQuery === '' ? '' : `?${rawQuery}`}` },
});

async function answer(viewer: StaticFiles, request: HttpRequest): Promise<HttpAnswer> {
  const asked = request.params['*'] ?? '';
  const path = IS_PAGE.test(asked) ? DOCUMENT : asked;
  const file = await viewer.find(path);
  if (file !== undefined) {
    const headers = { 'content-security-policy': POLICY };
    return staticAnswer(request, file, { isImmutable: NAMED_BY_CONTENT.test(path), headers });
  }
  if (path !== DOCUMENT) throw new Failure('request/not-found', 'no such file of the viewer');
  return {
    status: 404,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    body: NOT_INSTALLED,
  };
}
