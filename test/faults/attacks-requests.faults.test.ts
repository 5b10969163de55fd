import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { PAGES } from '@acervo/interop/console/pages.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { SECURITY_HEADERS } from '@acervo/platform/bindings/security-headers.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { scratch, startAsIs } from '../harness/archive-process.ts';
import { strayFiles } from '../harness/data-dir.ts';
import { AUTHORIZED, INSTITUTION, startKnown, TOKEN } from '../harness/known-archive.ts';
import {
  filled,
  type RawAnswer,
  type RegisteredRoute,
  rawRequest,
  registeredRoutes,
  validParameters,
} from '../harness/routes.ts';
import { stow } from '../harness/stow.ts';

const object = smallObject({ name: 'attacks', study: 1, number: 1 });
const fileOf = (of: SmallObject): Uint8Array => concat([writeFileHead(of), of.dataSet]);
const DOCUMENT = '<!doctype html><title>visor</title>';
/** A name and a text that stand in files which no request may reach. */
const OUTSIDE = 'outside-of-every-folder';

const UIDS = `studyUID=${object.studyUid}&seriesUID=${object.seriesUid}&objectUID=${object.sopInstanceUid}`;
const WADO = `?requestType=WADO&${UIDS}&contentType=application%2Fdicom`;
/** What a route needs beside its path to answer with something. */
const QUERIES: Readonly<Record<string, string>> = {
  '/wado': WADO,
  '/dicom-web/i/{institution}/wado': WADO,
  '/api/holders': `?study=${object.studyUid}`,
  '/api/patients': '?id=P1',
};

/** Values that would leave a folder, a statement, a header or a buffer, each as it stands in a request target. */
const OUT: readonly string[] = [
  '..',
  '%2e%2e',
  '..%2f..%2f..%2f..%2fetc%2fpasswd',
  '%2e%2e%2f%2e%2e%2fnode',
  '..%5c..%5cnode',
  '%252e%252e%252fnode',
  '..%c0%af..%c0%afnode',
  '%2fetc%2fpasswd',
  '%00',
  '1.2%00.3',
  '1.2.3%0d%0aX-Injected:%20yes',
  `${'1.'.repeat(200)}1`,
  '1'.repeat(5000),
  '%27%20or%20%271%27=%271',
  "1';drop%20table%20study;--",
  '1.2.3%29%3bselect%20pg_sleep%2810%29--',
];

type Started = Awaited<ReturnType<typeof started>>;

/** With a viewer of two files. */
async function started(t: TestContext) {
  const viewer = join(scratch(t, 'attacks-viewer'), 'ohif');
  mkdirSync(join(viewer, 'assets'), { recursive: true });
  writeFileSync(join(viewer, 'index.html'), DOCUMENT);
  writeFileSync(join(viewer, 'assets/a.js'), '0');
  writeFileSync(join(viewer, `../${OUTSIDE}.js`), OUTSIDE);
  const known = await startKnown(t, 'attacks-requests', { ACERVO_OHIF_DIR: viewer });
  const { http } = known.archive;
  assert.equal((await stow({ http, token: TOKEN }, [fileOf(object)])).stored.length, 1);
  writeFileSync(join(known.folder, OUTSIDE), OUTSIDE);
  writeFileSync(join(known.dataDir, OUTSIDE), OUTSIDE);
  return { ...known, http, viewer, routes: await registeredRoutes(http, TOKEN) };
}

const target = ({ path }: RegisteredRoute, values: Record<string, string>): string =>
  filled(path, values) + (QUERIES[path] ?? '');

async function paths(t: TestContext, { http, archive, dataDir, routes }: Started): Promise<void> {
  const valid = validParameters(object, INSTITUTION);
  let tried = 0;
  for (const route of routes.filter(({ method, parameters }) => method === 'GET' && parameters.length > 0)) {
    const isStatic = /^\/(?:assets|ohif)\//.test(route.path);
    const good = await rawRequest(http, target(route, valid), { headers: AUTHORIZED });
    // Pixels of one byte each are no image for every format; what counts is that the object was found.
    // What an id names is shown by the tests of its own feature: here there is none.
    const isGood = good.status < 400 || good.status === 406 || route.parameters.includes('id');
    if (!isStatic) assert.ok(isGood, `${route.path}: ${good.status} ${good.body}`);
    for (const name of route.parameters) {
      for (const value of OUT) {
        const answer = await rawRequest(http, target(route, { ...valid, [name]: value }), { headers: AUTHORIZED });
        const what = `${route.path} with ${name} = ${value.slice(0, 60)}`;
        tried += 1;
        // Whatever has no dot is a page of the viewer, which has one document.
        const isDocument = isStatic && answer.body.toString() === DOCUMENT;
        assert.ok(isDocument || (answer.status >= 400 && answer.status < 500), `${what}: ${answer.status}`);
        assert.equal(answer.headers['x-injected'], undefined, what);
        assert.doesNotMatch(answer.body.toString('latin1'), new RegExp(`root:x:0|${OUTSIDE}`), what);
      }
    }
  }
  t.diagnostic(`${tried} requests`);
  assert.ok(tried > 1000);
  assert.doesNotMatch(archive.logText(), /"internal"|X-Injected/i);
  assert.deepEqual(strayFiles(dataDir), [OUTSIDE]);
}

async function files({ http, viewer }: Started): Promise<void> {
  assert.equal((await rawRequest(http, '/ohif/assets/a.js')).status, 200);
  for (const name of [
    `../${OUTSIDE}.js`,
    `assets/../../${OUTSIDE}.js`,
    `%2e%2e/${OUTSIDE}.js`,
    `..%2f${OUTSIDE}.js`,
    `assets%2f..%2f..%2f${OUTSIDE}.js`,
    `..%5c${OUTSIDE}.js`,
    `%2f${join(viewer, '..', OUTSIDE)}.js`,
    `/${join(viewer, '..', OUTSIDE)}.js`,
    'assets/a.js%00',
    'assets/../../../../../../../../etc/passwd.',
  ]) {
    const answer = await rawRequest(http, `/ohif/${name}`);
    assert.ok([400, 404].includes(answer.status), `${name}: ${answer.status}`);
    assert.doesNotMatch(answer.body.toString(), new RegExp(`root:x:0|${OUTSIDE}`), name);
  }
}

async function everyHeader({ http, routes }: Started): Promise<void> {
  const valid = validParameters(object, INSTITUTION);
  assert.ok(routes.length > 60, `${routes.length} routes`);
  const asked = routes.flatMap((route) =>
    [AUTHORIZED, {}].flatMap((headers) =>
      [route.method, 'HEAD', 'OPTIONS', 'DELETE'].map((method) => ({ route, headers, method })),
    ),
  );
  for (const { route, headers, method } of asked) {
    const answer = await rawRequest(http, target(route, valid), { method, headers });
    assertHeaders(answer, route.path, `${method} ${route.path}: ${answer.status}`);
  }
}

/** Documents have a policy of their own. */
const OWN = new Set(['content-security-policy', 'cross-origin-opener-policy']);

function assertHeaders({ headers }: RawAnswer, path: string, what: string): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
    if (OWN.has(name)) assert.notEqual(headers[name], undefined, `${what} ${name}`);
    else assert.equal(headers[name], value, `${what} ${name}`);
  }
  const policy = String(headers['content-security-policy'] ?? '');
  assert.match(policy, /default-src 'none'.*base-uri 'none'.*frame-ancestors 'none'/, what);
  assert.doesNotMatch(policy, /script-src[^;]*'unsafe-inline'/, what);
  assert.match(headers['cache-control'] ?? '', cacheOf(headers, path), what);
  assert.equal(headers['strict-transport-security'], undefined, `${what}: not over HTTPS`);
  assert.equal(headers['x-powered-by'] ?? headers['server'], undefined, what);
}

const PAGE_ADDRESSES: ReadonlySet<string> = new Set(Object.values(PAGES));

/** Files of the page say nothing of anybody. Everything else is kept by nobody, or by whoever asked and asks again. */
const cacheOf = ({ etag }: { etag?: string | undefined }, path: string): RegExp => {
  if (PAGE_ADDRESSES.has(path) || /^\/(?:assets|ohif)/.test(path)) return /no-store|no-cache|immutable/;
  return etag === undefined ? /^no-store$/ : /^(?:private, no-cache|no-store)$/;
};

async function injected({ http }: Started): Promise<void> {
  const study = `/dicom-web/studies/${object.studyUid}`;
  const plain = await rawRequest(http, '/dicom-web/studies?limit=1', { headers: AUTHORIZED });
  const names = new Set(plain.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
  for (const [path, headers] of [
    ['/dicom-web/studies?limit=1&PatientName=%0d%0aX-Injected:%20yes', {}],
    ['/dicom-web/studies?limit=1&%0d%0aX-Injected:%20yes=1', {}],
    [`${study}/metadata?%0d%0aX-Injected:%20yes`, {}],
    ['/dicom-web/studies?limit=1', { host: 'evil.example/\t<script>' }],
    ['/dicom-web/studies?limit=1', { 'x-forwarded-proto': 'https\tX-Injected: yes' }],
    ['/dicom-web/studies?limit=1', { 'x-forwarded-proto': 'javascript' }],
    ['/dicom-web/studies?limit=1', { origin: 'https://evil.example' }],
    ['/ohif?%0d%0aX-Injected:%20yes', {}],
    ['/ohif?x=1%0aSet-Cookie:%20a=b', {}],
  ] as const) {
    const answer = await rawRequest(http, path, { headers: { ...AUTHORIZED, ...headers } });
    const what = `${path} ${JSON.stringify(headers)}`;
    assert.ok(answer.status < 500, what);
    for (const [name, value] of Object.entries(answer.headers)) {
      assert.doesNotMatch(name, /injected|set-cookie|access-control/i, what);
      assert.doesNotMatch(String(value), /[\r\n]/, what);
      assert.doesNotMatch(String(value), /javascript:/, what);
    }
  }
  assert.ok(names.has('content-type'), 'the positive control had an answer');
  const zip = await rawRequest(http, `/api/studies/${object.studyUid}/zip`, { headers: AUTHORIZED });
  assert.equal(zip.headers['content-disposition'], `attachment; filename="${object.studyUid}.zip"`);
}

test('what a request says leads nowhere but where it may', async (t) => {
  const known = await started(t);
  await t.test('no parameter of any route leads out of the archive, and each route answers one that is right', (each) =>
    paths(each, known),
  );
  await t.test('files of the viewer are those of its folder, by whatever name another one is asked for', () =>
    files(known),
  );
  await t.test('every route of the registry answers with the security headers, whatever its answer is', () =>
    everyHeader(known),
  );
  await t.test('nothing of a request becomes a header of its answer', () => injected(known));
});

test('under open access a page of elsewhere that takes our address by DNS is not answered', async (t) => {
  const { http } = await startAsIs(t, join(scratch(t, 'attacks-rebinding'), 'data'));
  const { port } = new URL(http);
  for (const host of [
    `evil.example:${port}`,
    'evil.example',
    `127.0.0.1.evil.example:${port}`,
    'localhost.evil.example',
  ]) {
    assert.equal((await rawRequest(http, '/dicom-web/studies', { headers: { host } })).status, 403, host);
  }
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, 'LOCALHOST', '127.8.9.10']) {
    const { status } = await rawRequest(http, '/dicom-web/studies', { headers: { host } });
    assert.ok(status === 200 || status === 204, `${host}: ${status}`);
  }
});
