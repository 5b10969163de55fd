import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { concat, latin1Bytes } from '@acervo/kernel/bytes.ts';
import { FAILURES, type FailureCode } from '@acervo/kernel/failure.ts';
import { createRandom } from '@acervo/kernel/random.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { scaled } from '@acervo/testkit/scale.ts';
import { type ArchiveProcess, scratch, startArchive } from '../harness/archive-process.ts';
import { strayFiles } from '../harness/data-dir.ts';
import { peakRssMib } from '../harness/memory.ts';
import { packContents } from '../harness/packs.ts';
import { multipartBody, stow, stowSingle } from '../harness/stow.ts';

/** Resident memory that an archive may have taken after all of this, MiB. */
const RSS_MIB_MAX = 300;

const object = smallObject({ name: 'bad-http', study: 1, number: 1, pixelBytes: 100_000 });
const file = concat([writeFileHead(object), object.dataSet]);
const RELATED = 'multipart/related; type="application/dicom"';
const body = multipartBody([file], 'good');

type Stow = { what: string; type: string; body: Uint8Array<ArrayBuffer>; code: FailureCode };

/** Store requests of which nothing can be made, and the problem that each is answered with. */
const STOWS: readonly Stow[] = [
  { what: 'another boundary', type: `${RELATED}; boundary=bad`, body, code: 'request/invalid' },
  { what: 'no boundary', type: RELATED, body, code: 'request/invalid' },
  {
    what: 'no closing boundary',
    type: `${RELATED}; boundary=good`,
    body: body.slice(0, -400),
    code: 'request/invalid',
  },
  { what: 'an empty body', type: `${RELATED}; boundary=good`, body: new Uint8Array(0), code: 'request/invalid' },
  {
    what: 'no part',
    type: `${RELATED}; boundary=good`,
    body: new Uint8Array(latin1Bytes('--good--\r\n')),
    code: 'request/invalid',
  },
  {
    what: 'metadata instead of files',
    type: 'multipart/related; type="application/dicom+json"; boundary=good',
    body,
    code: 'request/unsupported-type',
  },
  { what: 'another multipart', type: 'multipart/form-data; boundary=good', body, code: 'request/unsupported-type' },
  { what: 'a text', type: 'text/plain', body, code: 'request/unsupported-type' },
];

/** Paths that lead nowhere, some of them out of the archive. */
const GETS: readonly [path: string, code: FailureCode][] = [
  ['/dicom-web/studies/..%2f..%2f..%2fetc%2fpasswd', 'request/invalid'],
  ['/dicom-web/studies/%2e%2e/%2e%2e/%2e%2e/etc/passwd', 'request/not-found'],
  [`/dicom-web/studies/${'1'.repeat(65)}`, 'request/invalid'],
  ['/dicom-web/studies/1.2..3', 'request/invalid'],
  ['/dicom-web/studies/%00', 'request/invalid'],
  ['/dicom-web/studies/%ff%fe', 'request/invalid'],
  ['/dicom-web/studies/%zz', 'request/invalid'],
  ["/dicom-web/studies/1'%20or%20'1'='1", 'request/invalid'],
  ['/dicom-web/i/..%2f..%2f/studies/1.2', 'retrieve/not-found'],
  ['/dicom-web/studies/1.2/series/1.3/instances/1.4/frames/0x1', 'retrieve/not-found'],
  ['/dicom-web/studies/1.2/series/1.3/instances/1.4/bulkdata/..%2f..%2fetc', 'retrieve/not-found'],
  [`/dicom-web/studies/${'1.'.repeat(9000)}`, 'request/too-long'],
  ['/dicom-web/nothing', 'request/not-found'],
  ['/etc/passwd', 'request/not-found'],
];

type Running = { archive: ArchiveProcess; dataDir: string };

async function started(t: TestContext): Promise<Running> {
  const dataDir = join(scratch(t, 'bad-http'), 'data');
  return { archive: await startArchive(t, dataDir), dataDir };
}

async function assertProblem(answer: Response, code: FailureCode, what: string): Promise<void> {
  assert.equal(answer.status, FAILURES[code].http, what);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/, what);
  const problem = (await answer.json()) as { type: string; title: string; status: number };
  assert.deepEqual(
    [problem.type, problem.title, problem.status],
    [`urn:acervo:failure:${code}`, FAILURES[code].title, FAILURES[code].http],
    what,
  );
}

/** The archive goes on, holds what is stored now and nothing else, and left no file behind. */
async function assertNothingElse({ archive, dataDir }: Running): Promise<void> {
  assert.equal((await stow({ http: archive.http }, [file])).status, 200);
  assert.ok(peakRssMib(archive.pid) < RSS_MIB_MAX, `${peakRssMib(archive.pid)} MiB`);
  assert.equal(await archive.stop(), 0);
  assert.doesNotMatch(archive.logText(), /"level":"error"|"internal"/);
  const { members, loose } = await packContents(dataDir);
  assert.deepEqual(
    members.map(({ sop }) => sop),
    [object.sopInstanceUid],
  );
  assert.deepEqual([loose, strayFiles(dataDir)], [[], []]);
}

test('store requests of which nothing can be made are answered with a problem', async (t) => {
  const running = await started(t);
  const url = `${running.archive.http}/dicom-web/studies`;
  for (const { what, type, body: bytes, code } of STOWS) {
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body: bytes });
    await assertProblem(answer, code, what);
  }
  await assertNothingElse(running);
});

test('objects that cannot be stored are named in the answer with the reason', async (t) => {
  const running = await started(t);
  const { http } = running.archive;
  const { sopInstanceUid } = object;
  const wrongStudy = await stow({ http, study: '1.2.3' }, [file]);
  assert.deepEqual(wrongStudy, {
    status: 409,
    stored: [],
    others: [],
    failed: [{ sopInstanceUid, failureReason: FAILURES['store/wrong-study'].dimse }],
  });
  const nothing = { status: 400, stored: [], failed: [] };
  const notPart10 = [FAILURES['parse/not-part10'].dimse];
  assert.deepEqual(await stowSingle({ http }, new Uint8Array(0)), { ...nothing, others: notPart10 });
  assert.deepEqual(await stow({ http }, [latin1Bytes('<html>'.repeat(99))]), { ...nothing, others: notPart10 });
  const cut = await stow({ http }, [file.subarray(0, 400), file.subarray(0, 140)]);
  assert.deepEqual([cut.status, cut.stored.length, cut.failed.length + cut.others.length], [409, 0, 2]);
  await assertNothingElse(running);
});

test('paths that lead nowhere, and methods that nobody knows', async (t) => {
  const running = await started(t);
  const { http } = running.archive;
  for (const [path, code] of GETS) await assertProblem(await rawGet(http, path), code, path.slice(0, 80));
  for (const method of ['PUT', 'DELETE', 'PATCH']) {
    await assertProblem(await fetch(`${http}/dicom-web/studies/1.2`, { method }), 'request/method', method);
  }
  const study = `${http}/dicom-web/studies/1.2.3`;
  await assertProblem(
    await fetch(`${study}`, { headers: { accept: 'image/png' } }),
    'retrieve/not-found',
    'absent first',
  );
  await assertNothingElse(running);
});

/** A request target as it is written here: `fetch` would resolve its dots. */
async function rawGet(http: string, target: string): Promise<Response> {
  const { hostname, port } = new URL(http);
  const said = latin1Bytes(`GET ${target} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`);
  const text = Buffer.from(await saidTo(Number(port), said, false)).toString('latin1');
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [status = '', ...headers] = head.split('\r\n');
  const pairs = headers.map((line): [string, string] => {
    const [name = '', ...value] = line.split(': ');
    return [name, value.join(': ')];
  });
  return new Response(rest.join('\r\n\r\n'), { status: Number(status.split(' ')[1]), headers: pairs });
}

/** Say these bytes, and that no more will come. @returns everything that the peer answers until it closes */
async function saidTo(port: number, bytes: Uint8Array, isEnd = true): Promise<Uint8Array> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const answer: Uint8Array[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.on('error', () => undefined); // A reset is an answer, too: that there is none.
  socket.on('close', resolve);
  socket.on('data', (chunk: Buffer) => answer.push(chunk));
  if (isEnd) socket.end(bytes);
  else socket.write(bytes);
  await closed;
  return concat(answer);
}

test('a sender that goes away in the middle of a store request leaves nothing', async (t) => {
  const running = await started(t);
  const large = smallObject({ name: 'bad-http', study: 2, number: 1, pixelBytes: 6_000_000 });
  const { port } = new URL(running.archive.http);
  for (const bytes of [body, multipartBody([concat([writeFileHead(large), large.dataSet])], 'good')]) {
    const head =
      `POST /dicom-web/studies HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes.length}\r\n` +
      `Content-Type: ${RELATED}; boundary=good\r\n\r\n`;
    await saidTo(Number(port), concat([latin1Bytes(head), bytes.subarray(0, bytes.length / 2)]));
  }
  await assertNothingElse(running);
});

test('random bytes, TLS and endless headers on the HTTP port are answered with 400, 431 or silence', async (t) => {
  const running = await started(t);
  const port = Number(new URL(running.archive.http).port);
  const random = createRandom('http-noise');
  const rounds = Math.max(30, scaled(200));
  for (let round = 0; round < rounds; round++) {
    const noise = Uint8Array.from({ length: 1 + random.below(3000) }, () => random.below(256));
    const answer = Buffer.from(await saidTo(port, noise)).toString('latin1');
    assert.match(answer, /^(HTTP\/1\.1 400 |$)/, `round ${round}`);
  }
  const clientHello = Uint8Array.of(0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3);
  assert.match(Buffer.from(await saidTo(port, clientHello, false)).toString('latin1'), /^HTTP\/1\.1 400 /);
  const endless = latin1Bytes(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(70_000)}\r\n\r\n`);
  assert.match(Buffer.from(await saidTo(port, endless, false)).toString('latin1'), /^HTTP\/1\.1 431 /);
  t.diagnostic(`${rounds} connections`);
  await assertNothingElse(running);
});
