import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PAGES } from '@acervo/interop/console/pages.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import type { HttpAnswer, HttpRequest, Route } from '../../bindings/http.ts';
import type { StaticFile, StaticFiles } from '../../ports/static-files.ts';
import { viewerRoutes } from '../viewer/viewer.route.ts';
import { consoleRoutes } from './console.route.ts';

async function* nothing(): AsyncGenerator<never> {}

const fileOf = (path: string): StaticFile => ({
  path,
  forms: { identity: 9, br: 3 },
  version: 'v1',
  read: () => nothing(),
});

const holding = (...paths: string[]): StaticFiles => ({
  find: (path) => Promise.resolve(paths.includes(path) ? fileOf(path) : undefined),
});

function ask(routes: readonly Route[], path: string, rest = '', headers: HttpRequest['headers'] = {}) {
  const route = routes.find((each) => each.path === path);
  assert.ok(route, path);
  const request = {
    method: 'GET',
    url: path,
    rawQuery: '',
    params: { '*': rest },
    query: new URLSearchParams(),
    headers,
  };
  return route.handle({ ...request, body: nothing(), parts: () => nothing() }, testOp());
}

const policyOf = ({ headers }: HttpAnswer): string => headers['content-security-policy'] ?? '';

test('every page is the same document, asked for anew each time, with a policy that runs nothing inline', async () => {
  const routes = consoleRoutes(holding('index.html', 'assets/a-1.js'));
  for (const path of Object.values(PAGES)) {
    const answer = await ask(routes, path, '', { 'accept-encoding': 'br' });
    assert.deepEqual(
      [
        answer.status,
        answer.headers['content-type'],
        answer.headers['content-encoding'],
        answer.headers['cache-control'],
      ],
      [200, 'text/html; charset=utf-8', 'br', 'no-cache'],
    );
    assert.match(policyOf(answer), /script-src 'self';/);
    assert.match(policyOf(answer), /default-src 'none'/);
    const again = await ask(routes, path, '', { 'if-none-match': '"v1-identity"' });
    assert.equal(again.status, 304);
  }
});

test('assets are kept for ever, and what is none is not there', async () => {
  const routes = consoleRoutes(holding('index.html', 'assets/a-1.js'));
  const asset = await ask(routes, '/assets/*', 'a-1.js');
  assert.match(asset.headers['cache-control'] ?? '', /immutable/);
  assert.equal(asset.headers['content-encoding'], undefined);
  await assert.rejects(ask(routes, '/assets/*', '../index.html'), /request\/not-found/);
});

test('a page that was not built says how to build it', async () => {
  const answer = await ask(consoleRoutes(holding()), '/');
  assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'text/plain; charset=utf-8']);
  assert.match(String(answer.body), /npm run page/);
});

test('the viewer answers its pages and files, and says when it is not installed', async () => {
  const routes = viewerRoutes(holding('index.html', 'app.bundle.0f6159c501addfe9.js', 'app-config.js'));
  for (const page of ['', 'viewer', 'viewer/dicomweb']) {
    assert.equal((await ask(routes, '/ohif/*', page)).headers['content-type'], 'text/html; charset=utf-8', page);
  }
  const bundle = await ask(routes, '/ohif/*', 'app.bundle.0f6159c501addfe9.js');
  assert.match(bundle.headers['cache-control'] ?? '', /immutable/);
  assert.equal((await ask(routes, '/ohif/*', 'app-config.js')).headers['cache-control'], 'no-cache');
  await assert.rejects(ask(routes, '/ohif/*', 'none.js'), /request\/not-found/);
  assert.equal((await ask(routes, '/ohif')).headers['location'], '/ohif/');
  const absent = viewerRoutes(holding());
  assert.match(String((await ask(absent, '/ohif/*', 'viewer')).body), /acervo ohif/);
  assert.equal((await ask(absent, '/api/viewer')).body, '{"installed":false}');
  assert.equal((await ask(routes, '/api/viewer')).body, '{"installed":true}');
});

test('the document of the page and that of the viewer have no script of their own', () => {
  const root = join(import.meta.dirname, '../../../../..');
  for (const path of ['packages/web/index.html', 'packages/platform/src/apps/ohif/index.html']) {
    const text = readFileSync(join(root, path), 'utf8');
    for (const [, attributes = '', body = ''] of text.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)) {
      assert.match(attributes, /src=/, path);
      assert.equal(body.trim(), '', path);
    }
    assert.doesNotMatch(text, /\son\w+=/, path);
  }
});

test('the viewer may ask for its files and for images alone, whatever Host claims to be', async () => {
  const routes = viewerRoutes(holding('index.html'));
  const answer = await ask(routes, '/ohif/*', '', { host: 'visor.example:8443' });
  const sources = new Map(
    policyOf(answer)
      .split('; ')
      .map((each) => [each.split(' ')[0], each.split(' ').slice(1)]),
  );
  const [files, images] = ['visor.example:8443/ohif/', 'visor.example:8443/dicom-web/'];
  assert.deepEqual(sources.get('connect-src'), [files, images, 'blob:', 'data:']);
  assert.deepEqual(sources.get('script-src'), [files, "'unsafe-eval'", "'wasm-unsafe-eval'"]);
  assert.doesNotMatch(policyOf(answer), /'self'/);
  assert.equal(answer.headers['cross-origin-opener-policy'], 'same-origin-allow-popups');
  for (const host of [
    '',
    "evil.example; script-src 'self'",
    'a b',
    '*',
    '*.example',
    'x/../api',
    '[::1]:80',
    "'self'",
  ]) {
    const policy = policyOf(await ask(routes, '/ohif/*', '', { host }));
    assert.match(policy, /connect-src 'none' {2}blob: data:/, host);
    assert.match(policy, /^default-src 'none'; script-src 'none' 'unsafe-eval'/, host);
  }
});

test('the page runs no script but its own files, and its components keep their theme', async () => {
  const policy = policyOf(await ask(consoleRoutes(holding('index.html')), '/'));
  assert.match(policy, /script-src 'self';/);
  assert.match(policy, /style-src 'self' 'unsafe-inline';/);
  assert.match(policy, /base-uri 'none'; form-action 'none'; frame-ancestors 'none'/);
});
