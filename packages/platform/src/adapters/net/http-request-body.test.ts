import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request as sendRequest } from 'node:http';
import { test } from 'node:test';
import { multipartRelated } from '@acervo/interop/dicomweb/multipart.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { post, send, sizeOf, start } from './http.fixture.ts';

test('an upload is read as fast as the handler reads, in bounded memory', async (t) => {
  const { port } = await start(t, [
    post('/a', async (request) => ({ status: 200, headers: {}, body: `${await sizeOf(request.body)}` })),
  ]);
  const chunk = Buffer.alloc(1_048_576);
  const request = sendRequest({ host: '127.0.0.1', port, path: '/a', method: 'POST', agent: false });
  const answer = once(request, 'response') as Promise<[IncomingMessage]>;
  for (let index = 0; index < 128; index++) if (!request.write(chunk)) await once(request, 'drain');
  request.end();
  const [response] = await answer;
  assert.equal(String(Buffer.concat(await response.toArray())), `${128 * 1_048_576}`);
});

test('a multipart upload arrives part by part', async (t) => {
  const { url } = await start(t, [
    post('/a', async (request) => {
      const sizes: string[] = [];
      for await (const part of request.parts('B'))
        sizes.push(`${part.headers['content-type']} ${await sizeOf(part.body)}`);
      return { status: 200, headers: {}, body: sizes.join(', ') };
    }),
  ]);
  const parts = [10, 300_000].map((length) => ({
    headers: { 'Content-Type': 'application/dicom' },
    body: new Uint8Array(length),
  }));
  const { body, contentType } = multipartRelated('application/dicom', parts, 'B');
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  const response = await fetch(`${url}/a`, {
    method: 'POST',
    body: Buffer.concat(pieces),
    headers: { 'content-type': contentType },
  });
  assert.equal(await response.text(), 'application/dicom 10, application/dicom 300000');
  const cut = await fetch(`${url}/a`, {
    method: 'POST',
    body: Buffer.concat(pieces.slice(0, -1)),
    headers: { 'content-type': contentType },
  });
  assert.equal(cut.status, 400);
});

test('100 Continue is said when the body is wanted, and only then', async (t) => {
  const { port } = await start(t, [
    post('/wanted', async (request) => ({ status: 200, headers: {}, body: `${await sizeOf(request.body)}` })),
    post('/refused', async () => {
      throw new Failure('access/denied', 'x');
    }),
  ]);
  const expecting = async (
    path: string,
  ): Promise<{ continued: boolean; status: number | undefined; connection: string | undefined }> => {
    const request = sendRequest({
      host: '127.0.0.1',
      port,
      path,
      method: 'POST',
      agent: false,
      headers: { expect: '100-continue', 'content-length': 5 },
    });
    let continued = false;
    request.on('continue', () => {
      continued = true;
      request.end('hello');
    });
    request.flushHeaders();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    await response.toArray();
    request.destroy();
    return { continued, status: response.statusCode, connection: response.headers.connection };
  };
  assert.deepEqual(await expecting('/wanted'), { continued: true, status: 200, connection: 'close' });
  assert.deepEqual(await expecting('/refused'), { continued: false, status: 403, connection: 'close' });
});

test('a body nobody reads is drained, so that its sender sees the answer', async (t) => {
  const { port, nextLine } = await start(t, [
    post('/a', async () => {
      throw new Failure('access/denied', 'x');
    }),
  ]);
  const { status, headers } = await send(port, { method: 'POST', path: '/a' }, Buffer.alloc(4_000_000));
  assert.deepEqual([status, headers.connection], [403, 'close']);
  assert.equal((await nextLine()).event, 'http.answered');
});

test('a body beyond the drain limit ends the connection', async (t) => {
  const { port, nextLine } = await start(
    t,
    [
      post('/a', async () => {
        throw new Failure('access/denied', 'x');
      }),
    ],
    { limits: { drainBytesMax: 1_000_000 } },
  );
  const request = sendRequest({ host: '127.0.0.1', port, path: '/a', method: 'POST', agent: false });
  request.on('error', () => {});
  request.write(Buffer.alloc(30_000_000));
  assert.equal((await nextLine()).event, 'http.cut');
  request.destroy();
});

test('a sender that falls silent is answered 408', async (t) => {
  const { port } = await start(
    t,
    [post('/a', async (request) => ({ status: 200, headers: {}, body: `${await sizeOf(request.body)}` }))],
    { limits: { stallMs: 50 } },
  );
  const request = sendRequest({
    host: '127.0.0.1',
    port,
    path: '/a',
    method: 'POST',
    agent: false,
    headers: { 'content-length': 100 },
  });
  request.on('error', () => {});
  request.write('half');
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 408);
  response.on('error', () => {});
  response.resume();
});

test('a sender that goes inside of its body is request/cancelled', async (t) => {
  const begun = Promise.withResolvers<void>();
  const { port, nextLine } = await start(t, [
    post('/a', async (request) => {
      begun.resolve();
      return { status: 200, headers: {}, body: `${await sizeOf(request.body)}` };
    }),
  ]);
  const request = sendRequest({
    host: '127.0.0.1',
    port,
    path: '/a',
    method: 'POST',
    agent: false,
    headers: { 'content-length': 100 },
  });
  request.on('error', () => {});
  request.write('half');
  await begun.promise;
  request.destroy();
  assert.equal((await nextLine()).fields['code'], 'request/cancelled');
});
