import { capabilitiesJson, capabilitiesWadl } from '@acervo/interop/dicomweb/capabilities.ts';
import { acceptOf } from '@acervo/interop/dicomweb/media-type.ts';
import { baseUrlOf, type HttpRequest, type Route } from '../../bindings/http.ts';
import { openApiOf } from '../../bindings/openapi.ts';
import { DICOM_WEB_ROOTS } from '../../holdings/scope.ts';

/** What the process says of itself. */
export type SystemState = {
  /** The index answers and the disk takes objects; else what is missing. Alarms: what will be missing soon. */
  readiness(): Promise<{ ready: boolean; missing: readonly string[]; alarms: readonly string[] }>;
  exposition(): Promise<{ contentType: string; text: string }>;
  version: string;
};

const JSON_TYPE = { 'content-type': 'application/json' };

/** Health, metrics and descriptions of the service. `others` are the routes of every other feature. */
export function systemRoutes(state: SystemState, others: readonly Route[]): Route[] {
  const routes: Route[] = [
    {
      method: 'GET',
      path: '/healthz',
      summary: 'The process answers',
      isPublic: true,
      handle: () => Promise.resolve({ status: 200, headers: JSON_TYPE, body: '{"status":"ok"}' }),
    },
    {
      method: 'GET',
      path: '/readyz',
      summary: 'Objects are taken and found',
      isPublic: true,
      handle: async () => {
        const readiness = await state.readiness();
        return { status: readiness.ready ? 200 : 503, headers: JSON_TYPE, body: JSON.stringify(readiness) };
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      summary: 'Metrics in the text format of Prometheus',
      handle: async () => {
        const { contentType, text } = await state.exposition();
        return { status: 200, headers: { 'content-type': contentType }, body: text };
      },
    },
  ];
  const described = [...others, ...routes];
  routes.push({
    method: 'GET',
    path: '/api/openapi.json',
    summary: 'This description (OpenAPI 3.1)',
    handle: () =>
      Promise.resolve({
        status: 200,
        headers: JSON_TYPE,
        body: JSON.stringify(openApiOf(described, { title: 'Acervo', version: state.version })),
      }),
  });
  return [...routes, ...DICOM_WEB_ROOTS.flatMap((root) => capabilityRoutes(root, others))];
}

/** Retrieve Capabilities (PS3.18 8.9) of a DICOMweb root and everything below it. */
function capabilityRoutes(root: string, others: readonly Route[]): Route[] {
  const below = others.filter(({ path }) => path.startsWith(`${root}/`) && !path.startsWith(`${root}/i/`));
  const methods = below.map((route) => ({ ...route, path: route.path.slice(root.length) }));
  const paths = ['', ...new Set(methods.map(({ path }) => path))];
  return paths.map(
    (path): Route => ({
      method: 'OPTIONS',
      path: root + path,
      summary: 'What this service can do',
      handle: (request) => {
        const base = baseUrlOf(request) + (request.url.split('?')[0] ?? '').slice(0, rootLength(request, path));
        const mine = path === '' ? methods : methods.filter((method) => method.path.startsWith(path));
        if (prefersJson(request)) {
          const body = JSON.stringify(capabilitiesJson(base, mine));
          return Promise.resolve({ status: 200, headers: JSON_TYPE, body });
        }
        const headers = { 'content-type': 'application/vnd.sun.wadl+xml' };
        return Promise.resolve({ status: 200, headers, body: capabilitiesWadl(base, mine) });
      },
    }),
  );
}

/** Length of the request's path down to the service root: what stands before the described path. */
function rootLength(request: HttpRequest, path: string): number {
  const segments = path.split('/').length - 1;
  const whole = (request.url.split('?')[0] ?? '').replace(/\/$/, '').split('/');
  return whole.slice(0, whole.length - segments).join('/').length;
}

function prefersJson(request: HttpRequest): boolean {
  const ranges = acceptOf(request.headers['accept'], request.rawQuery);
  const weight = (type: string): number =>
    Math.max(0, ...ranges.filter(({ mediaType }) => mediaType === type).map(({ q }) => q));
  return weight('application/json') > weight('application/vnd.sun.wadl+xml');
}
