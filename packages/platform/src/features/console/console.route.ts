import { PAGES } from '@acervo/interop/console/pages.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { HttpAnswer, HttpRequest, Route } from '../../bindings/http.ts';
import { staticAnswer } from '../../bindings/static-answer.ts';
import type { StaticFiles } from '../../ports/static-files.ts';

/**
 * The page runs its own scripts, talks to its own server, and nothing else. Styles may be inline: the components
 * write the colours of their theme as a style element.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const DOCUMENT = 'index.html';
/** The bundler names what lies there by its content. */
const ASSETS = 'assets/';

const NOT_BUILT = `Acervo is running; its page has not been built.
Build it with: npm run page
El archivo está en servicio; falta construir su página con: npm run page

DICOMweb  /dicom-web/studies
API       /api/openapi.json
`;

/** The console: one document for each of its pages, and what that loads. Says nothing of any patient. */
export function consoleRoutes(page: StaticFiles): Route[] {
  const documents = Object.values(PAGES).map(
    (path): Route => ({
      method: 'GET',
      path,
      summary: 'Console',
      produces: ['text/html'],
      isPublic: true,
      handle: async (request) => (await served(page, request, DOCUMENT)) ?? notBuilt(),
    }),
  );
  const assets: Route = {
    method: 'GET',
    path: `/${ASSETS}*`,
    summary: 'Scripts, styles and images of the console',
    isPublic: true,
    handle: async (request) => {
      const answer = await served(page, request, ASSETS + (request.params['*'] ?? ''));
      if (answer === undefined) throw new Failure('request/not-found', 'no such asset');
      return answer;
    },
  };
  return [...documents, assets];
}

async function served(page: StaticFiles, request: HttpRequest, path: string): Promise<HttpAnswer | undefined> {
  const file = await page.find(path);
  const headers = { 'content-security-policy': POLICY };
  return file && staticAnswer(request, file, { isImmutable: path.startsWith(ASSETS), headers });
}

const notBuilt = (): HttpAnswer => ({
  status: 200,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  body: NOT_BUILT,
});
