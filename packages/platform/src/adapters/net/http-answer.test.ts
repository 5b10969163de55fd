import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request as sendRequest } from 'node:http';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Route } from '../../bindings/http.ts';
import { get, post, type Raw, send, sizeOf, start, text } from './http.fixture.ts';

test('HEAD answers like GET, without the body', async (t) => {
  let closed = 0;
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      yield Buffer.from('abc');
      yield Buffer.from('def');
    } finally {
      closed++;
    }
  }
  const { port } = await start(t, [
    get('/text', text('hello')),
    get('/stream', async () => ({ status: 200, headers: { 'content-length': '6', etag: '"x"' }, body: body() })),
  ]);
  const head = await send(port, { method: 'HEAD', path: '/text' });
  assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, '5', 0]);
  const stream = await send(port, { method: 'HEAD', path: '/stream' });
  assert.deepEqual([stream.headers['content-length'], stream.headers.etag, stream.body.length], ['6', '"x"', 0]);
  assert.equal(closed, 1);
});

test('304 and 204 have no body and no length', async (t) => {
  const { port } = await start(t, [
    get('/304', async () => ({ status: 304, headers: { etag: '"x"' } })),
    get('/204', async () => ({ status: 204, headers: {}, body: 'ignored' })),
  ]);
  for (const status of [304, 204]) {
    const answer = await send(port, { path: `/${status}` });
    assert.deepEqual([answer.status, answer.headers['content-length'], answer.body.length], [status, undefined, 0]);
  }
});

test('CORS: preflight beside a route of its own, and reading for allowed origins only', async (t) => {
  const options: Route = { ...get('/studies', text('capabilities')), method: 'OPTIONS' };
  const { url, heads } = await start(t, [get('/studies', text('ok')), options, post('/other', text('ok'))], {
    corsOrigins: ['https://ohif'],
  });
  const preflight = await fetch(`${url}/studies`, {
    method: 'OPTIONS',
    headers: { origin: 'https://ohif', 'access-control-request-method': 'GET' },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-origin'), 'https://ohif');
  assert.equal(preflight.headers.get('access-control-allow-methods'), 'GET, HEAD');
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /authorization/);
  const refused = await fetch(`${url}/studies`, {
    method: 'OPTIONS',
    headers: { origin: 'https://evil', 'access-control-request-method': 'GET' },
  });
  assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [204, null]);
  assert.equal(heads.length, 0);
  assert.equal(await (await fetch(`${url}/studies`, { method: 'OPTIONS' })).text(), 'capabilities');
  const other = await fetch(`${url}/other`, { method: 'OPTIONS' });
  assert.deepEqual([other.status, other.headers.get('allow')], [204, 'POST, OPTIONS']);
  const read = await fetch(`${url}/studies`, { headers: { origin: 'https://ohif' } });
  assert.deepEqual(
    [read.headers.get('access-control-allow-origin'), read.headers.get('vary')],
    ['https://ohif', 'origin'],
  );
  const evil = await fetch(`${url}/studies`, { headers: { origin: 'https://evil' } });
  assert.deepEqual([evil.headers.get('access-control-allow-origin'), evil.headers.get('vary')], [null, 'origin']);
  const stored = await fetch(`${url}/other`, { method: 'POST', body: 'x', headers: { origin: 'https://ohif' } });
  assert.equal(stored.headers.get('access-control-allow-origin'), null);
});

test('CORS: any origin, or none', async (t) => {
  const any = await start(t, [get('/a', text('ok'))], { corsOrigins: ['*'] });
  assert.equal(
    (await fetch(`${any.url}/a`, { headers: { origin: 'https://x' } })).headers.get('access-control-allow-origin'),
    '*',
  );
  const none = await start(t, [get('/a', text('ok'))]);
  assert.equal(
    (await fetch(`${none.url}/a`, { headers: { origin: 'https://x' } })).headers.get('access-control-allow-origin'),
    null,
  );
});

test('JSON is compressed for who accepts it; DICOM never', async (t) => {
  const json = JSON.stringify(Array.from({ length: 200 }, (_, index) => ({ index })));
  /** Every chunk in the same buffer, as a reader of files with pooled buffers has it. */
  async function* streamed(): AsyncGenerator<Uint8Array> {
    const pooled = Buffer.alloc(100);
    for (const piece of json.match(/.{1,100}/g) ?? []) yield pooled.subarray(0, pooled.write(piece));
  }
  const as =
    (
      type: string,
      body: string | (() => AsyncIterable<Uint8Array>),
      more: Record<string, string> = {},
    ): Route['handle'] =>
    async () => ({
      status: 200,
      headers: { 'content-type': type, ...more },
      body: typeof body === 'string' ? body : body(),
    });
  const { port } = await start(t, [
    get('/json', as('application/dicom+json', json, { etag: '"x"' })),
    get('/stream', as('application/dicom+json', streamed)),
    get('/short', as('application/json', '{}')),
    get('/dicom', as('application/dicom', json)),
    get('/multipart', as('multipart/related; type="application/dicom"', json)),
    get('/packed', as('application/json', json, { 'content-encoding': 'br' })),
  ]);
  const encodingOf = async (path: string, accept: string): Promise<Raw> =>
    send(port, { path, headers: { 'accept-encoding': accept } });
  for (const path of ['/json', '/stream']) {
    const { headers, body } = await encodingOf(path, 'br, gzip;q=0.5');
    assert.deepEqual([headers['content-encoding'], headers.vary], ['gzip', 'accept-encoding']);
    assert.equal(String(gunzipSync(body)), json);
  }
  assert.equal((await encodingOf('/json', 'gzip')).headers.etag, 'W/"x"');
  assert.equal((await encodingOf('/json', '*')).headers['content-encoding'], 'gzip');
  for (const [path, accept] of [
    ['/json', 'gzip;q=0'],
    ['/json', 'br'],
    ['/json', ''],
    ['/short', 'gzip'],
    ['/dicom', 'gzip'],
    ['/multipart', 'gzip'],
  ] as const) {
    const { headers, body } = await encodingOf(path, accept);
    assert.equal(headers['content-encoding'], undefined, path);
    assert.equal(headers['content-length'], `${body.length}`);
  }
  assert.equal((await encodingOf('/packed', 'gzip')).headers['content-encoding'], 'br');
});

test('a stream that fails before its first chunk is still answered as a failure', async (t) => {
  const isDamaged: boolean = true;
  async function* broken(): AsyncGenerator<Uint8Array> {
    if (isDamaged) throw new Failure('retrieve/damaged', 'x');
    yield new Uint8Array();
  }
  const { url } = await start(t, [get('/a', async () => ({ status: 200, headers: {}, body: broken() }))]);
  const response = await fetch(`${url}/a`);
  assert.equal(response.status, 500);
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
});

test('a stream that fails later, or ends too early, cuts the connection', async (t) => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('some');
    throw new Failure('retrieve/damaged', 'x');
  }
  async function* short(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('some');
  }
  const { url, nextLine } = await start(t, [
    get('/failing', async () => ({ status: 200, headers: {}, body: failing() })),
    get('/short', async () => ({ status: 200, headers: { 'content-length': '10' }, body: short() })),
  ]);
  await assert.rejects(async () => (await fetch(`${url}/failing`)).text());
  const failed = await nextLine();
  assert.deepEqual([failed.event, failed.level, failed.fields['code']], ['http.cut', 'error', 'retrieve/damaged']);
  await assert.rejects(async () => (await fetch(`${url}/short`)).text());
  assert.equal((await nextLine()).event, 'http.cut');
});

test('a client that goes away aborts the operation and closes the stream', async (t) => {
  const closed = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<unknown>();
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield new Uint8Array(65_536);
    } finally {
      closed.resolve();
    }
  }
  const { url, nextLine } = await start(t, [
    get('/a', async (_request, op) => {
      op.signal.addEventListener('abort', () => aborted.resolve(op.signal.reason));
      return { status: 200, headers: {}, body: endless() };
    }),
  ]);
  const controller = new AbortController();
  const response = await fetch(`${url}/a`, { signal: controller.signal });
  await response.body?.getReader().read();
  controller.abort();
  await closed.promise;
  const reason = await aborted.promise;
  assert.ok(reason instanceof Failure && reason.code === 'request/cancelled');
  const line = await nextLine();
  assert.deepEqual([line.event, line.level, line.fields['code']], ['http.cut', 'info', 'request/cancelled']);
});

test('a client that goes away while the handler waits aborts its operation', async (t) => {
  const begun = Promise.withResolvers<void>();
  const { url, nextLine } = await start(t, [
    get('/a', async (_request, op) => {
      begun.resolve();
      await once(op.signal, 'abort');
      throw op.signal.reason;
    }),
  ]);
  const controller = new AbortController();
  const response = fetch(`${url}/a`, { signal: controller.signal });
  await begun.promise;
  controller.abort();
  await assert.rejects(response);
  assert.equal((await nextLine()).fields['code'], 'request/cancelled');
});

test('lent memory is the body in one go, and is given back once, whatever becomes of it', async (t) => {
  let lent = 0;
  let given = 0;
  const handle: Route['handle'] = async (request) => ({
    status: request.url === '/304' ? 304 : 200,
    headers: { 'content-type': 'application/dicom' },
    body: {
      lend: async () => {
        if (request.url === '/damaged') throw new Failure('retrieve/damaged', 'x');
        lent += 1;
        const large = request.url === '/large' ? [new Uint8Array(64 * 1_048_576)] : [];
        return { pieces: [Buffer.from('ab'), Buffer.from(''), Buffer.from('cd'), ...large], giveBack: () => given++ };
      },
    },
  });
  const paths = ['/a', '/304', '/damaged', '/large'];
  const { port, nextLine } = await start(
    t,
    paths.map((path) => get(path, handle)),
    { limits: { stallMs: 50 } },
  );
  const whole = await send(port, { path: '/a', headers: { 'accept-encoding': 'gzip' } });
  assert.deepEqual([whole.headers['content-length'], String(whole.body)], ['4', 'abcd']);
  const head = await send(port, { method: 'HEAD', path: '/a' });
  assert.deepEqual([head.headers['content-length'], head.body.length], ['4', 0]);
  assert.equal((await send(port, { path: '/304' })).body.length, 0);
  assert.equal((await send(port, { path: '/damaged' })).status, 500);
  for (let line = 0; line < 4; line++) await nextLine();
  assert.deepEqual([lent, given], [3, 3]);
  const silent = sendRequest({ host: '127.0.0.1', port, path: '/large', agent: false });
  silent.on('error', () => {});
  silent.end();
  const [response] = (await once(silent, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  assert.equal((await nextLine()).event, 'http.cut');
  assert.deepEqual([lent, given], [4, 4]);
});

test('a reader that stops holds a chunk or two, not the object', async (t) => {
  let pulled = 0;
  async function* large(): AsyncGenerator<Uint8Array> {
    const chunk = new Uint8Array(1_048_576);
    for (let index = 0; index < 256; index++) {
      pulled++;
      yield chunk;
    }
  }
  const { port } = await start(t, [get('/a', async () => ({ status: 200, headers: {}, body: large() }))]);
  const request = sendRequest({ host: '127.0.0.1', port, path: '/a', agent: false });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let before = -1;
  // Kernel buffers fill up, and then nothing is pulled any more, however often the loop turns.
  while (before !== pulled) {
    before = pulled;
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(pulled < 64, `${pulled} MiB pulled for a reader that reads nothing`);
  assert.equal(await sizeOf(response), 256 * 1_048_576);
});

test('a reader that takes nothing for too long is cut off', async (t) => {
  async function* large(): AsyncGenerator<Uint8Array> {
    for (;;) yield new Uint8Array(1_048_576);
  }
  const { port, nextLine } = await start(t, [get('/a', async () => ({ status: 200, headers: {}, body: large() }))], {
    limits: { stallMs: 50 },
  });
  const request = sendRequest({ host: '127.0.0.1', port, path: '/a', agent: false });
  request.on('error', () => {});
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  assert.equal((await nextLine()).event, 'http.cut');
});
