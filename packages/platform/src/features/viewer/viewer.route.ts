import { Failure } from '@acervo/kernel/failure.ts';
import type { HttpAnswer, HttpRequest, Route } from '../../bindings/http.ts';
import { OPENER_POLICY } from '../../bindings/security-headers.ts';
import { staticAnswer } from '../../bindings/static-answer.ts';
import type { StaticFiles } from '../../ports/static-files.ts';

const ROOT = '/ohif';
/** A host as CSP can name one: IPv6 literals are none (CSP3 2.3.1), so the viewer needs a name or an IPv4 address. */
const HOST = /^[a-z0-9.-]{1,253}(?::\d{1,5})?$/i;

/**
 * The viewer runs what it was shipped with and asks for images, of its own server. It compiles functions from text and
 * WebAssembly for its pixels, and starts workers from its own files. It is code of others, so it is kept from what is
 * not its: `'self'` would be all of this server, the page's session and the API among it, hence the paths.
 */
export function viewerPolicy({ headers: { host = '' } }: Pick<HttpRequest, 'headers'>): string {
  const isNamed = HOST.test(host);
  const files = isNamed ? `${host}${ROOT}/` : "'none'";
  const images = isNamed ? `${host}/dicom-web/` : '';
  return [
    "default-src 'none'",
    `script-src ${files} 'unsafe-eval' 'wasm-unsafe-eval'`,
    `worker-src ${files} blob:`,
    `style-src ${files} 'unsafe-inline'`,
    `img-src ${files} ${images} data: blob:`,
    `media-src ${files} ${images} blob:`,
    `connect-src ${files} ${images} blob: data:`,
    `font-src ${files} data:`,
    `manifest-src ${files}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

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
    const headers = {
      'content-security-policy': viewerPolicy(request),
      'cross-origin-opener-policy': OPENER_POLICY.viewer,
    };
    return staticAnswer(request, file, { isImmutable: NAMED_BY_CONTENT.test(path), headers });
  }
  if (path !== DOCUMENT) throw new Failure('request/not-found', 'no such file of the viewer');
  return {
    status: 404,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    body: NOT_INSTALLED,
  };
}
