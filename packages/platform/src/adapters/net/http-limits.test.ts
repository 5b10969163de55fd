import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { httpGate } from '../../bindings/limits/http-gate.ts';
import { SECURITY_HEADERS } from '../../bindings/security-headers.ts';
import { get, opOf, post, send, sendBytes, sizeOf, start, text } from './http.fixture.ts';

async function connected(t: TestContext, port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  t.after(() => socket.destroy());
  socket.on('error', () => undefined); // Its end is what counts.
  await once(socket, 'connect');
  return socket;
}

/** However it ends: a reset is an end, too, where `once` would throw. */
const closedBy = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.resume().once('close', () => resolve());
  });

async function answerOn(socket: Socket, request: string): Promise<string> {
  socket.write(request);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return chunk.toString();
}

const ASK = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';

test('connections that ask for nothing make room for those that do, by address and all together', async (t) => {
  const limits = { waitingMax: 3, waitingPerAddressMax: 2 };
  const { port } = await start(t, [get('/a', text('ok'))], { limits });
  const silent: Socket[] = [];
  for (const address of ['127.0.0.2', '127.0.0.2', '127.0.0.2', '127.0.0.3', '127.0.0.4']) {
    silent.push(await connected(t, port, address));
  }
  await closedBy(silent[0] as Socket);
  await closedBy(silent[1] as Socket);
  assert.match(await answerOn(await connected(t, port), ASK), /^HTTP\/1\.1 200 /);
  assert.match(await answerOn(silent[4] as Socket, ASK), /^HTTP\/1\.1 200 /);
});

test('a connection with a request in work is none of them', async (t) => {
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const slow = get('/slow', async (_request, op) => {
    begun.resolve();
    await goOn.promise;
    assert.equal(op.signal.aborted, false);
    return { status: 200, headers: {}, body: 'done' };
  });
  const { port } = await start(t, [slow], { limits: { waitingMax: 1 } });
  const busy = await connected(t, port);
  const answer = answerOn(busy, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await begun.promise;
  const first = await connected(t, port, '127.0.0.2');
  await connected(t, port, '127.0.0.3');
  await closedBy(first);
  goOn.resolve();
  assert.match(await answer, /^HTTP\/1\.1 200 /);
});

test('headers that never end are answered 408 and closed, in time', async (t) => {
  const { port } = await start(t, [get('/a', text('ok'))], { limits: { headersMs: 200 } });
  const silent = await connected(t, port);
  silent.write('GET /a HTTP/1.1\r\n');
  const [answer] = (await once(silent, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 408 /);
  await closedBy(silent);
  // Whoever still sends may be told by a reset instead.
  const dripping = await connected(t, port);
  dripping.write('GET /a HTTP/1.1\r\n');
  const timer = setInterval(() => dripping.write('X-More: x\r\n'), 20);
  t.after(() => clearInterval(timer));
  await closedBy(dripping);
});

test('a body that trickles is silence, one that is slow is not', async (t) => {
  const route = post('/a', async (request) => ({ status: 200, headers: {}, body: `${await sizeOf(request.body)}` }));
  const { port } = await start(t, [route], { limits: { stallMs: 400, paceBytesMin: 1000 } });
  const head = 'POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 6000\r\n\r\n';
  for (const [bytes, status] of [
    [1, 408],
    [500, 200],
  ] as const) {
    const socket = await connected(t, port);
    socket.write(head);
    const dripping = setInterval(() => socket.write(Buffer.alloc(bytes)), 50);
    t.after(() => clearInterval(dripping));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    clearInterval(dripping);
    assert.match(answer.toString(), new RegExp(`^HTTP/1\\.1 ${status} `), `${bytes} bytes at a time`);
  }
});

test('a body that nobody wants is not waited for longer than it is told', async (t) => {
  const { port } = await start(t, [get('/a', text('ok'))], { limits: { drainMs: 150 } });
  const socket = await connected(t, port);
  socket.write('POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n');
  const dripping = setInterval(() => socket.write('x'), 20);
  t.after(() => clearInterval(dripping));
  await closedBy(socket);
});

test('a caller over its rate, and an institution over its share, are answered 429 with Retry-After', async (t) => {
  const gate = httpGate({ requestsMax: 100, callerRate: 1, institutionRate: 0 }, () => 1);
  const { port } = await start(t, [get('/a', text('ok'))], { gate });
  const statuses: number[] = [];
  for (let each = 0; each < 7; each++) {
    const { status, headers, body } = await send(port, { path: '/a' });
    statuses.push(status);
    if (status !== 429) continue;
    assert.equal(headers['retry-after'], '1');
    assert.equal((JSON.parse(String(body)) as { type: string }).type, 'urn:acervo:failure:request/too-many');
  }
  assert.deepEqual(statuses.slice(0, 5), [200, 200, 200, 200, 200]);
  assert.ok(statuses.includes(429), statuses.join());
});

test('a place among the requests is given back when the answer is out, and when its reader has gone', async (t) => {
  const gate = httpGate({ requestsMax: 1, callerRate: 0, institutionRate: 0 }, () => 1);
  const begun = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const endless = get('/endless', async (_request, op) => {
    op.signal.addEventListener('abort', () => gone.resolve());
    async function* body(): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield new Uint8Array(100_000);
        begun.resolve();
      }
    }
    return { status: 200, headers: {}, body: body() };
  });
  const { port, nextLine } = await start(t, [endless, get('/a', text('ok'))], { gate });
  const reader = await connected(t, port);
  reader.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n');
  await begun.promise;
  assert.equal((await send(port, { path: '/a' })).status, 429);
  reader.destroy();
  await gone.promise;
  await nextLine();
  await nextLine();
  assert.equal((await send(port, { path: '/a' })).status, 200);
  assert.equal((await send(port, { path: '/a' })).status, 200);
});

test('whoever asks without being known is counted by its address, and heard again later', async (t) => {
  const gate = httpGate({ requestsMax: 1, callerRate: 1, institutionRate: 0 }, () => 1);
  const { port } = await start(t, [get('/a', text('ok'))], { gate });
  const statuses: number[] = [];
  for (let each = 0; each < 8; each++) statuses.push((await send(port, { path: '/none' })).status);
  assert.equal(statuses[0], 404);
  assert.equal(statuses.at(-1), 429);
});

test('every answer has the security headers: good, bad, and what no route has seen', async (t) => {
  const identify = (): { openOp(signal: AbortSignal): ReturnType<typeof opOf> } => ({
    openOp: (signal) => opOf(signal, { debug() {}, info() {}, warn() {}, error() {} }),
  });
  const { port } = await start(
    t,
    [
      get('/a', text('ok')),
      get('/tag', async () => ({ status: 200, headers: { etag: '"1"' }, body: 'ok' })),
      get('/fails', async () => Promise.reject(new Error('unforeseen'))),
    ],
    { identify },
  );
  for (const [method, path] of [
    ['GET', '/a'],
    ['HEAD', '/a'],
    ['OPTIONS', '/a'],
    ['DELETE', '/a'],
    ['GET', '/fails'],
    ['GET', '/none'],
    ['GET', '/%zz'],
  ]) {
    const { headers } = await send(port, { method, path });
    for (const [name, value] of Object.entries(SECURITY_HEADERS))
      assert.equal(headers[name], value, `${method} ${path}`);
    assert.equal(headers['cache-control'], 'no-store', `${method} ${path}`);
    assert.equal(headers['strict-transport-security'], undefined, 'over HTTPS only');
  }
  assert.equal((await send(port, { path: '/tag' })).headers['cache-control'], 'private, no-cache');
  for (const said of ['nonsense\r\n\r\n', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`]) {
    const answer = await sendBytes(port, said);
    for (const [name, value] of Object.entries(SECURITY_HEADERS))
      assert.ok(answer.includes(`${name}: ${value}\r\n`), name);
  }
});
