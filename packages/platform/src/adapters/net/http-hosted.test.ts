import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hosted } from '../../bindings/hosted.ts';
import { httpGate } from '../../bindings/limits/http-gate.ts';
import { get, send, sendBytes, start, text } from './http.fixture.ts';

/** Says what it saw; reads its body to the end. */
const mirror: Hosted['handle'] = async (request, response, { peerAddress }) => {
  let bytes = 0;
  for await (const piece of request) bytes += (piece as Buffer).length;
  response.setHeader('set-cookie', ['a=1', 'b=2']);
  response.end(JSON.stringify({ url: request.url, whole: Reflect.get(request, 'originalUrl'), bytes, peerAddress }));
};
const hosting = (handle: Hosted['handle']): { hosted: Hosted[] } => ({
  hosted: [{ prefix: '/foreign', summary: '', handle, paths: PATHS }],
});

const PATHS: Hosted['paths'] = [
  { path: '/a/:name', methods: ['POST'], tells: 'what it saw' },
  { path: '/x', methods: ['GET', 'POST'], tells: 'what it saw' },
];

test('a foreign listener answers below its prefix, with the headers of every answer', async (t) => {
  const { port, lines } = await start(t, [get('/own', text('own'))], hosting(mirror));
  const answer = await send(port, { path: '/foreign/a/b?c=secret', method: 'POST' }, 'x'.repeat(1000));
  assert.deepEqual(JSON.parse(answer.body.toString()), {
    url: '/a/b?c=secret',
    whole: '/foreign/a/b?c=secret',
    bytes: 1000,
    peerAddress: '127.0.0.1',
  });
  assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  assert.match(String(answer.headers['content-security-policy']), /default-src 'none'/);
  assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']);
  assert.equal((await send(port, { path: '/own' })).body.toString(), 'own');
  assert.equal((await send(port, { path: '/foreigner' })).status, 404);
  assert.doesNotMatch(JSON.stringify(lines), /secret/);
});

test('a proxy on this machine says for whom it asks; its last word counts', async (t) => {
  const { port } = await start(t, [], hosting(mirror));
  const headers = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' };
  const { body } = await send(port, { path: '/foreign/x', headers });
  assert.equal((JSON.parse(body.toString()) as { peerAddress: string }).peerAddress, '198.51.100.7');
});

test('it gets neither more bytes nor more time than the limits', async (t) => {
  const never: Hosted['handle'] = () => new Promise(() => {});
  const { port, nextLine } = await start(t, [], { ...hosting(never), limits: { hostedBytesMax: 10, hostedMs: 50 } });
  assert.equal((await send(port, { path: '/foreign/x', method: 'POST' }, 'x'.repeat(11))).status, 413);
  assert.equal((await nextLine()).fields['code'], 'store/too-large');
  const chunked = 'POST /foreign/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
  assert.match(await sendBytes(port, chunked), /^HTTP\/1.1 400 /);
  await nextLine();
  await assert.rejects(send(port, { path: '/foreign/x' }), /socket hang up|ECONNRESET/);
  assert.equal((await nextLine()).event, 'http.cut');
});

test('what it throws is a problem document that says nothing of it', async (t) => {
  const { port } = await start(
    t,
    [],
    hosting(() => Promise.reject(new Error('secret'))),
  );
  const answer = await send(port, { path: '/foreign/x' });
  assert.equal(answer.status, 500);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  assert.doesNotMatch(answer.body.toString(), /secret/);
});

test('it hears of what is listed, and of nothing else', async (t) => {
  const { port } = await start(t, [], hosting(mirror));
  for (const path of ['/foreign', '/foreign/', '/foreign/y', '/foreign/a', '/foreign/a/b/c', '/foreign/x/../y']) {
    assert.equal((await send(port, { path })).status, 404, path);
  }
  const other = await send(port, { path: '/foreign/a/b' });
  assert.deepEqual([other.status, other.headers['allow']], [405, 'POST, OPTIONS']);
  assert.equal((await send(port, { path: '/foreign/x', method: 'HEAD' })).status, 200);
});

test('its requests count for the address that they come from, as those of any stranger', async (t) => {
  const gate = httpGate(
    { requestsMax: 8, callerRate: 1, institutionRate: 0 },
    () => 1,
    () => 0,
  );
  const { port } = await start(t, [], { ...hosting(mirror), gate });
  const ask = async (from: string): Promise<number> => {
    const answer = await send(port, { path: '/foreign/x', headers: { 'x-forwarded-for': from } });
    if (answer.status === 429) assert.equal(answer.headers['retry-after'], '1');
    return answer.status;
  };
  const statuses: number[] = [];
  for (let count = 0; count < 7; count++) statuses.push(await ask('203.0.113.9'));
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429]);
  assert.equal(await ask('203.0.113.10'), 200, 'another one has a rate of its own');
});
