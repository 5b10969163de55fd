import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request as sendRequest } from 'node:http';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { baseUrlOf, type HttpRequest } from '../../bindings/http.ts';
import { get, type Line, listLog, opOf, post, send, sendBytes, sizeOf, start, text } from './http.fixture.ts';
import { listenHttp } from './http-server.ts';

test('a handler sees the request as it was sent', async (t) => {
  const seen: HttpRequest[] = [];
  const { port, heads } = await start(t, [
    get('/studies/:study/series', async (request) => {
      seen.push(request);
      return { status: 200, headers: {}, body: baseUrlOf(request) };
    }),
  ]);
  const path = '/studies/1.2%2F3/series?PatientName=NU%C3%91EZ%2A&x=a+b';
  const { body } = await send(port, { path, headers: { Accept: ['a/b', 'c/d'], Authorization: 'Bearer t' } });
  const [request] = seen;
  assert.deepEqual(request?.params, { study: '1.2/3' });
  assert.equal(request?.url, path);
  assert.equal(request?.rawQuery, 'PatientName=NU%C3%91EZ%2A&x=a+b');
  assert.equal(request?.query.get('PatientName'), 'NUÑEZ*');
  assert.equal(request?.headers['accept'], 'a/b, c/d');
  assert.deepEqual(
    heads.map(({ method, route, peerAddress, headers }) => [method, route, peerAddress, headers['authorization']]),
    [['GET', '/studies/:study/series', '127.0.0.1', 'Bearer t']],
  );
  assert.equal(String(body), `http://127.0.0.1:${port}`);
});

test('one log line per exchange, without the path', async (t) => {
  const { url, nextLine } = await start(t, [get('/studies/:study', text('ok'))]);
  await (await fetch(`${url}/studies/1.2.3?PatientName=SECRET`)).text();
  const { event, level, fields } = await nextLine();
  assert.deepEqual(
    [event, level, fields['route'], fields['status'], fields['bytes']],
    ['http.answered', 'info', '/studies/:study', 200, 2],
  );
  assert.doesNotMatch(JSON.stringify(fields), /SECRET|1\.2\.3/);
});

test('answers carry security headers, which a route may change', async (t) => {
  const { url } = await start(t, [
    get('/a', text('ok')),
    get('/b', async () => ({ status: 200, headers: { 'Content-Security-Policy': "default-src 'self'" }, body: 'ok' })),
  ]);
  const { headers } = await fetch(`${url}/a`);
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
  assert.equal((await fetch(`${url}/b`)).headers.get('content-security-policy'), "default-src 'self'");
});

test('a failure is a problem document that says no more than the table', async (t) => {
  const { url, nextLine } = await start(t, [
    get('/a', async () => {
      throw new Failure('retrieve/not-found', 'SECRET');
    }),
  ]);
  const response = await fetch(`${url}/a`);
  const problem: unknown = await response.json();
  assert.equal(response.status, 404);
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  assert.deepEqual(Object.keys(problem as object), ['type', 'title', 'status', 'instance']);
  assert.doesNotMatch(JSON.stringify(problem), /SECRET/);
  const { fields } = await nextLine();
  assert.equal(fields['code'], 'retrieve/not-found');
});

test('an unforeseen error is internal; neither peer nor log read its text', async (t) => {
  const { url, nextLine } = await start(t, [
    get('/a', async () => {
      throw new TypeError('patient SECRET');
    }),
  ]);
  const response = await fetch(`${url}/a`);
  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /SECRET/);
  const { level, fields } = await nextLine();
  assert.deepEqual([level, fields['code'], fields['error']], ['error', 'internal', 'TypeError']);
  assert.match(String(fields['stack']), /http-server\.test\.ts/);
  assert.doesNotMatch(JSON.stringify(fields), /SECRET/);
});

test('an unknown caller is told how to become known', async (t) => {
  const { url } = await start(t, [get('/a', text('ok'))], {
    identify: async () => new Failure('access/unknown', 'no token'),
  });
  const response = await fetch(`${url}/a`);
  assert.equal(response.status, 401);
  assert.equal(response.headers.get('www-authenticate'), 'Bearer');
});

test('404, 405 and malformed targets', async (t) => {
  const { port, heads } = await start(t, [get('/studies/:study', text('ok')), post('/studies', text('ok'))]);
  const status = async (method: string, path: string): Promise<(number | string | undefined)[]> => {
    const { status: code, headers } = await send(port, { method, path });
    return [code, headers.allow];
  };
  assert.deepEqual(await status('GET', '/nothing'), [404, undefined]);
  assert.deepEqual(await status('POST', '/nothing'), [404, undefined]);
  assert.deepEqual(await status('DELETE', '/studies/1'), [405, 'GET, HEAD, OPTIONS']);
  assert.deepEqual(await status('PUT', '/studies/1'), [405, 'GET, HEAD, OPTIONS']);
  assert.deepEqual(await status('GET', '/studies'), [405, 'POST, OPTIONS']);
  assert.deepEqual(await status('GET', '/studies/%'), [400, undefined]);
  assert.deepEqual(await status('GET', '/studies/%zz'), [400, undefined]);
  assert.deepEqual(await status('GET', '/studies/%D1'), [400, undefined]);
  assert.deepEqual(await status('GET', '/%C0%AE/x'), [400, undefined]);
  assert.deepEqual(await status('GET', '/studies/1%00'), [400, undefined]);
  assert.deepEqual(await status('GET', '/studies/1%0d%0aX:1'), [400, undefined]);
  assert.deepEqual(await status('GET', `/studies/${'1'.repeat(17_000)}`), [414, undefined]);
  assert.deepEqual(await status('GET', `/studies/1?${'1'.repeat(17_000)}`), [414, undefined]);
  assert.deepEqual(await status('GET', `/studies/${'1'.repeat(40_000)}`), [431, undefined]);
  assert.deepEqual(await status('GET', '/studies/1/'), [200, undefined]);
  assert.equal(heads.length, 1);
  const { body, headers } = await send(port, { path: '/nothing' });
  assert.equal(headers['content-type'], 'application/problem+json');
  assert.equal(JSON.parse(String(body)).status, 404);
});

test('what is no HTTP is answered 400 and closed', async (t) => {
  const { port } = await start(t, [post('/a', text('ok'))]);
  assert.match(await sendBytes(port, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /);
  assert.match(await sendBytes(port, 'GET /a HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /);
  assert.match(
    await sendBytes(
      port,
      'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ),
    /^HTTP\/1\.1 400 /,
  );
  const odd = await sendBytes(
    port,
    'POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: no type\r\nContent-Length: 1\r\n\r\nx',
  );
  assert.match(odd, /^HTTP\/1\.1 415 /);
});

test('requests share a connection', async (t) => {
  const { port } = await start(t, [
    get('/a', text('ok')),
    post('/b', async (request) => ({ status: 200, headers: {}, body: `${await sizeOf(request.body)}` })),
  ]);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const sockets = new Set<unknown>();
  for (const [method, path, body] of [
    ['GET', '/a', undefined],
    ['POST', '/b', 'hello'],
    ['GET', '/a', undefined],
  ] as const) {
    const request = sendRequest({ host: '127.0.0.1', port, agent, method, path });
    request.on('socket', (socket) => sockets.add(socket));
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    await response.toArray();
  }
  assert.equal(sockets.size, 1);
});

test('closing finishes what has begun, on connections that then close', async (t) => {
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const lines: Line[] = [];
  const server = await listenHttp({
    port: 0,
    host: '127.0.0.1',
    log: listLog(lines),
    identify: () => ({ openOp: (signal) => opOf(signal, listLog(lines)) }),
    routes: [
      get('/a', async () => {
        begun.resolve();
        await goOn.promise;
        return { status: 200, headers: {}, body: 'done' };
      }),
    ],
  });
  const response = fetch(`http://127.0.0.1:${server.port}/a`);
  await begun.promise;
  const closed = server.close({ timeoutMs: 10_000 });
  goOn.resolve();
  assert.equal(await (await response).text(), 'done');
  await closed;
  await assert.rejects(fetch(`http://127.0.0.1:${server.port}/a`));
  t.diagnostic(`${lines.length} lines`);
});

test('closing does not wait longer than it is told', async () => {
  const begun = Promise.withResolvers<void>();
  const server = await listenHttp({
    port: 0,
    host: '127.0.0.1',
    log: listLog([]),
    identify: () => ({ openOp: (signal) => opOf(signal, listLog([])) }),
    routes: [
      get('/a', async (_request, op) => {
        begun.resolve();
        await once(op.signal, 'abort');
        throw op.signal.reason;
      }),
    ],
  });
  const response = fetch(`http://127.0.0.1:${server.port}/a`);
  response.catch(() => {});
  await begun.promise;
  await server.close({ timeoutMs: 20 });
  await assert.rejects(response);
});

test('two routes for one method and path are a mistake', async () => {
  await assert.rejects(
    listenHttp({
      port: 0,
      host: '127.0.0.1',
      log: listLog([]),
      identify: () => new Failure('access/unknown', ''),
      routes: [get('/a', text('')), get('/a', text(''))],
    }),
    (thrown) => thrown instanceof Failure && thrown.code === 'config/invalid',
  );
});
