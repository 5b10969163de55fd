import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createPlain, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer } from 'node:tls';
import { syslogFrame } from '@acervo/interop/audit/syslog.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { authority, type Issued } from '@acervo/testkit/certificates.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { syslogReceiver } from './syslog-receiver.ts';
import { securing } from './tls-caller.ts';
import { TlsKeys } from './tls-keys.ts';

const HEADER = { at: '2026-11-29T17:00:00.000Z', hostname: 'here', appName: 'acervo', procId: '1' };
const FRAMES = Array.from({ length: 300 }, (_, index) => syslogFrame(HEADER, `message ${index} ñ `.repeat(50)));
const BYTES = FRAMES.reduce((sum, { length }) => sum + length, 0);
const never = new AbortController().signal;

const failsAs = (code: Failure['code'], about: RegExp) => (thrown: unknown) =>
  thrown instanceof Failure && thrown.code === code && about.test(thrown.detail);

/** A port that `serve` has the connections of. */
async function listening(t: TestContext, server: Server, serve: (socket: Socket) => void): Promise<number> {
  const open = new Set<Socket>();
  server.on('secureConnection', serve);
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('error', () => {});
    if (!('setSecureContext' in server)) serve(socket);
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

const at = (port: number, timeoutMs = 5000) => syslogReceiver({ name: 'here', host: '127.0.0.1', port, timeoutMs });

/** Reads everything and ends when the other side has. */
function reading(): { bytes(): number; serve(socket: Socket): void } {
  let bytes = 0;
  return {
    bytes: () => bytes,
    serve: (socket) => {
      socket.on('error', () => {});
      socket.addListener('data', (chunk: Uint8Array) => {
        bytes += chunk.length;
      });
    },
  };
}

const tlsServer = ({ certFile, keyFile }: Issued, caFile: string) =>
  createServer({
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
    ca: readFileSync(caFile),
    requestCert: true,
    rejectUnauthorized: true,
  });

const secureBy = ({ certFile, keyFile }: Issued, caFile: string) =>
  securing(
    new TlsKeys(
      { certFile, keyFile, caFile, crlFile: undefined },
      { profile: 'bcp195-rfc9325', crlExpired: 'refuse', crlAlarmMs: 0, certificateAlarmMs: 0 },
      silentLog,
    ),
    { host: '127.0.0.1', certificates: [] },
  );

test('over TLS everything has arrived when it is delivered; a stranger gets nothing', async (t) => {
  if (!needsPeer(t, 'openssl')) return;
  const folder = temporaryDirectory();
  const [national, abroad] = [authority(folder, 'nacional'), authority(folder, 'extranjera')];
  const [own, receiver] = [national.issue('acervo'), national.issue('audit', { hosts: ['127.0.0.1'] })];
  const sink = reading();
  const port = await listening(t, tlsServer(receiver, national.caFile), sink.serve);
  const to = (caFile: string, mine = own) =>
    syslogReceiver({ name: 'here', host: '127.0.0.1', port, secure: secureBy(mine, caFile), timeoutMs: 5000 });
  await to(national.caFile).deliver(FRAMES, never);
  assert.equal(sink.bytes(), BYTES);
  await assert.rejects(to(abroad.caFile).deliver(FRAMES, never), failsAs('tls/untrusted', /./));
  // In TLS 1.3 the receiver judges us when we may send already: that it refuses us is seen before it counts.
  const stranger = abroad.issue('stranger');
  await assert.rejects(to(national.caFile, stranger).deliver(FRAMES, never), failsAs('audit/undelivered', /./));
  assert.equal(sink.bytes(), BYTES, 'neither sent a byte that was read');
});

test('what a receiver did not read to its end is not delivered', async (t) => {
  const first = await listening(t, createPlain(), (socket) => socket.once('data', () => socket.resetAndDestroy()));
  await assert.rejects(at(first).deliver(FRAMES, never), failsAs('audit/undelivered', /broke|lost/));
  const early = await listening(t, createPlain({ allowHalfOpen: true }), (socket) => socket.end());
  await assert.rejects(at(early).deliver(FRAMES, never), failsAs('audit/undelivered', /before it had everything/));
  const silent = await listening(t, createPlain({ allowHalfOpen: true }), (socket) => socket.resume());
  await assert.rejects(at(silent, 400).deliver(FRAMES, never), failsAs('audit/undelivered', /too long/));
  const unread = await listening(t, createPlain(), () => {});
  const large = [new Uint8Array(64 << 20)];
  await assert.rejects(at(unread, 400).deliver(large, never), failsAs('audit/undelivered', /too long/));
  const gone = createPlain();
  const port = await listening(t, gone, () => {});
  gone.close();
  await assert.rejects(at(port).deliver(FRAMES, never), failsAs('audit/undelivered', /ECONNREFUSED/));
});

test('a watched connection tells when the receiver goes', async (t) => {
  const { promise: there, resolve } = Promise.withResolvers<Socket>();
  const port = await listening(t, createPlain(), resolve);
  const watch = await at(port).watch(never);
  const socket = await there;
  assert.equal(watch.isOpen(), true);
  socket.destroy();
  const until = performance.now() + 5000;
  while (watch.isOpen() && performance.now() < until) await new Promise(setImmediate);
  assert.equal(watch.isOpen(), false);
  watch.close();
});
