import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { authority } from '@acervo/testkit/certificates.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { runAcervo, scratch, startArchive } from '../harness/archive-process.ts';
import { freePort, startOrthanc } from '../harness/orthanc.ts';
import { startDcmqrscp, startStorescp } from '../harness/query-retrieve.ts';
import { runPeer } from '../harness/run-peer.ts';
import { HOUR } from '../harness/tls-archive.ts';

type Told = { code?: string; outcome?: string; text?: string; cause?: string; action?: string; summary?: object };
type Visit = { exit: number | null; told: Told[]; codes: string[] };

/** acervo doctor, at a system that only the command line describes. */
async function visit(folder: string, aeTitle: string, port: number, more: string[] = [], env = {}): Promise<Visit> {
  const at = ['--host', '127.0.0.1', '--port', `${port}`, '--timeout', '5', '--json'];
  const { code, out, err } = await runAcervo(join(folder, 'data'), ['doctor', aeTitle, ...at, ...more], env);
  assert.equal(err, '');
  const told = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Told);
  return { exit: code, told, codes: told.flatMap((each) => (each.code === undefined ? [] : [each.code])) };
}

/** What is not good says why, and what to do. */
function assertActionable({ told }: Visit): void {
  for (const { outcome, code, text, cause, action } of told) {
    if (outcome !== 'bad' && outcome !== 'warning') continue;
    assert.ok(cause && action, code);
    assert.doesNotMatch(`${text} ${cause} ${action}`, /[{}]/, code);
  }
}

async function listening(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('an archive that is well: every step to the character set of an answer', async (t) => {
  if (!needsPeer(t, 'dcmqrscp') || !needsPeer(t, 'dcmodify')) return;
  const folder = scratch(t, 'doctor-well');
  const { port } = await startDcmqrscp(t, folder, 'COMMON', 1);
  const object = smallObject({ name: 'doctor', study: 1, number: 1 });
  const file = join(folder, 'object.dcm');
  writeFileSync(file, concat([writeFileHead(object), object.dataSet]));
  const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  assert.equal((await runPeer('dcmodify', ['-nb', '-i', `StudyDate=${today}`, file])).code, 0);
  const empty = await visit(folder, 'COMMON', port);
  assert.ok(empty.codes.includes('find.nothing'), empty.codes.join(' '));
  const sent = await runPeer('storescu', ['-aet', 'ACERVO', '-aec', 'COMMON', '127.0.0.1', `${port}`, file]);
  assert.equal(sent.code, 0, sent.output);

  const well = await visit(folder, 'COMMON', port);
  const expected = 'tcp.open tls.off association.accepted contexts.accepted pdu.fine echo.answered find.answered';
  assert.deepEqual(well.codes.slice(0, -1), expected.split(' '));
  assert.match(well.codes.at(-1) ?? '', /^charset\./);
  assert.equal(well.exit, well.told.some(({ outcome }) => outcome === 'warning') ? 4 : 0);
  assert.doesNotMatch(JSON.stringify(well.told), /PEÑA|MARÍA|NU.EZ/, 'whose study it was is not told');

  const called = await visit(folder, 'WRONG', port);
  assert.deepEqual([called.exit, called.codes.at(-1)], [3, 'rejected.called']);
  const other = await startArchive(t, join(folder, 'other'), { ACERVO_ACCESS: 'enforced' });
  const calling = await visit(folder, 'ACERVO', other.dimsePort);
  assert.deepEqual([calling.exit, calling.codes.at(-1)], [3, 'rejected.calling']);
  for (const each of [called, calling]) assertActionable(each);
});

test('Orthanc and storescp: what each accepts and does not', async (t) => {
  if (!needsPeer(t, 'Orthanc') || !needsPeer(t, 'storescp')) return;
  const folder = scratch(t, 'doctor-peers');
  const { port } = await startStorescp(t, folder, 'STORESCP');
  const storescp = await visit(folder, 'STORESCP', port);
  assert.deepEqual([storescp.exit, storescp.codes.at(-1)], [0, 'find.refused']);
  const orthancAt = await freePort();
  const peers = { dimse: { aeTitle: 'ACERVO', port: 1 }, dicomWebUrl: 'http://127.0.0.1:1/', dicomPort: orthancAt };
  await startOrthanc(t, folder, peers);
  const orthanc = await visit(folder, 'ORTHANC', orthancAt);
  assert.equal(orthanc.exit, 0, JSON.stringify(orthanc.told));
  assert.ok(orthanc.codes.includes('find.nothing'));
});

test('a port that is closed, or of somebody else', async (t) => {
  const folder = scratch(t, 'doctor-ports');
  const http = await listening(
    t,
    createHttp((_request, response) => response.end('hello')),
  );
  const mute = await listening(
    t,
    createServer((socket) => void socket.on('error', () => {})),
  );
  const mail = await listening(
    t,
    createServer((socket) => void socket.on('error', () => {}).write('220 mail.example ESMTP\r\n')),
  );
  for (const [port, code] of [
    [await freePort(), 'tcp.refused'],
    [http, 'peer.http'],
    [mail, 'peer.other'],
    [mute, 'peer.silent'],
  ] as const) {
    const found = await visit(folder, 'PACS', port, ['--timeout', '1']);
    assert.deepEqual([found.exit, found.codes.at(-1)], [3, code]);
    assertActionable(found);
  }
});

test('TLS: the right way works; each wrong one is named', async (t) => {
  if (!needsPeer(t, 'storescp')) return;
  const folder = scratch(t, 'doctor-tls');
  const national = authority(folder, 'nacional');
  const abroad = authority(folder, 'extranjera');
  const own = national.issue('acervo');
  const scp = national.issue('scp', { hosts: ['127.0.0.1'] });
  const elsewhere = national.issue('elsewhere');
  const expired = national.issue('expired', { hosts: ['127.0.0.1'], validTo: HOUR.ago() });
  const revoked = national.issue('revoked', { hosts: ['127.0.0.1'] });
  const foreign = abroad.issue('foreign', { hosts: ['127.0.0.1'] });
  national.revoke(revoked);
  const crl = national.crl(HOUR.later());
  const env = {
    ACERVO_TLS_CERT_FILE: own.certFile,
    ACERVO_TLS_KEY_FILE: own.keyFile,
    ACERVO_TLS_CA_FILE: national.caFile,
    ACERVO_TLS_CRL_FILE: crl,
    ACERVO_LOG_LEVEL: 'silent',
  };
  const start = async (name: string, { keyFile, certFile }: typeof scp, caFile = national.caFile): Promise<number> =>
    (await startStorescp(t, folder, name, ['+xa', '+tls', keyFile, certFile, '+cf', caFile])).port;
  const right = await start('right', scp);
  const well = await visit(folder, 'SCP', right, ['--tls'], env);
  assert.ok(well.codes.includes('echo.answered'), JSON.stringify(well.told));
  const withoutTls = await visit(folder, 'SCP', right, [], env);
  assert.equal(withoutTls.codes.at(-1), 'peer.tls');
  assertActionable(withoutTls);
  const { port: plain } = await startStorescp(t, folder, 'plain');
  for (const [port, code] of [
    [await start('elsewhere', elsewhere), 'tls.wrong-name'],
    [await start('expired', expired), 'tls.expired'],
    [await start('revoked', revoked), 'tls.revoked'],
    [await start('foreign', foreign), 'tls.untrusted'],
    [plain, 'tls.handshake'],
    [await start('distrusting', scp, abroad.caFile), 'peer.silent'],
  ] as const) {
    const found = await visit(folder, 'SCP', port, ['--tls'], env);
    assert.deepEqual([found.exit, found.codes.at(-1)], [3, code], JSON.stringify(found.told));
    assertActionable(found);
  }
});

test('in the language of the terminal, and for a system of the registry', async (t) => {
  const folder = scratch(t, 'doctor-words');
  const dataDir = join(folder, 'data');
  const port = await freePort();
  const run = (args: string[], env = {}) => runAcervo(dataDir, args, env);
  assert.equal((await run(['systems', 'add', 'CT1', 'institution=HGM'])).code, 0);
  assert.match((await run(['doctor', 'CT1'])).err, /has no host and port in the registry/);
  assert.match((await run(['doctor', 'CT9'])).err, /is not in the registry/);
  assert.equal((await run(['systems', 'set', 'CT1', 'host=127.0.0.1', `port=${port}`])).code, 0);
  const spanish = await run(['doctor', 'CT1'], { LC_ALL: 'es_MX.UTF-8' });
  assert.equal(spanish.code, 3);
  assert.match(spanish.out, /^mal +conexión +127\.0\.0\.1 rechaza la conexión/m);
  assert.match(spanish.out, /qué hacer: Confirme con el proveedor/);
  assert.match((await run(['doctor', 'CT1'], { LC_ALL: 'en_GB.UTF-8' })).out, /what to do: Confirm the DICOM port/);
  assert.match((await run(['doctor', 'CT1', '--lang', 'en'], { LC_ALL: 'es_MX.UTF-8' })).out, /refuses the connection/);
});
