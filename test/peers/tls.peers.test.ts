import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { securing } from '@acervo/platform/adapters/net/tls-caller.ts';
import { authority, type Issued } from '@acervo/testkit/certificates.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { runAcervo, scratch } from '../harness/archive-process.ts';
import { startStorescp } from '../harness/query-retrieve.ts';
import { dataSetOfFile, sha256 } from '../harness/retrieved.ts';
import { runPeer } from '../harness/run-peer.ts';
import { associate } from '../harness/sender.ts';
import { HOUR, keysOf, logged, refusalsIn, storeOver, tlsArchive } from '../harness/tls-archive.ts';

const STORED = /Received Store Response \(Success\)/;

test('storescu over TLS: the right certificate works, in each profile that DCMTK has', async (t) => {
  if (!needsPeer(t, 'storescu')) return;
  const tls = await tlsArchive(t, 'tls-right');
  for (const profile of ['+py', '+px', '+pz']) {
    const { code, output } = await storeOver(tls, 'CT1', tls.right.CT1, profile);
    assert.equal(code, 0, output);
    assert.match(output, STORED, profile);
  }
  assert.match((await storeOver(tls, 'CT2', tls.right.CT2)).output, STORED, 'by the DNS name in its certificate');
  assert.equal(await tls.archive.stop(), 0);
  assert.deepEqual(refusalsIn(tls.dataDir), []);
});

test('storescu over TLS: every other certificate is refused, and the reason is logged and journaled', async (t) => {
  if (!needsPeer(t, 'storescu')) return;
  const tls = await tlsArchive(t, 'tls-wrong');
  const { archive, right, expired, revoked, foreign, file, national } = tls;
  const to = ['-aec', archive.aeTitle, '127.0.0.1'];
  const secure = `${archive.dimseTlsPort}`;
  const matrix = [
    ['tls/expired', () => storeOver(tls, 'EXPIRED', expired)],
    ['tls/revoked', () => storeOver(tls, 'REVOKED', revoked)],
    ['tls/untrusted', () => storeOver(tls, 'FOREIGN', foreign)],
    ['tls/wrong-system', () => storeOver(tls, 'CT1', right.CT2)],
    ['tls/wrong-system', () => storeOver(tls, 'PLAIN', right.CT1)],
    ['access/unknown', () => storeOver(tls, 'STRANGER', right.CT1)],
    [
      'tls/no-certificate',
      () => runPeer('storescu', ['+tla', '+cf', national.caFile, '-aet', 'CT1', ...to, secure, file]),
    ],
    ['tls/handshake', () => runPeer('storescu', ['-ta', '5', '-aet', 'CT1', ...to, secure, file])],
    ['tls/required', () => runPeer('storescu', ['-aet', 'CT1', ...to, `${archive.dimsePort}`, file])],
  ] as const;
  for (const [reason, send] of matrix) {
    const before = archive.logText().length;
    const { code, output } = await send();
    assert.notEqual(code, 0, `${reason}: ${output}`);
    assert.doesNotMatch(output, STORED, reason);
    await logged(
      { ...archive, logText: () => archive.logText().slice(before) },
      new RegExp(`"code":"${reason}"`),
      reason,
    );
  }
  const plain = await runPeer('storescu', ['-v', '-aet', 'PLAIN', ...to, `${archive.dimsePort}`, file]);
  assert.match(plain.output, STORED, 'who has no certificate may call without TLS');
  assert.equal(await archive.stop(), 0);
  assert.deepEqual([...new Set(refusalsIn(tls.dataDir))].sort(), [...new Set(matrix.map(([reason]) => reason))].sort());
});

test('a peer that does not trust us, or speaks an old version, is told from one that is silent', async (t) => {
  if (!needsPeer(t, 'storescu') || !needsPeer(t, 'openssl')) return;
  const tls = await tlsArchive(t, 'tls-versions');
  const { archive, right, foreignCaFile } = tls;
  const { code } = await runPeer('storescu', [
    '+tls',
    right.CT1.keyFile,
    right.CT1.certFile,
    '+cf',
    foreignCaFile,
    '-aet',
    'CT1',
    '-aec',
    archive.aeTitle,
    '127.0.0.1',
    `${archive.dimseTlsPort}`,
    tls.file,
  ]);
  assert.notEqual(code, 0);
  await logged(archive, /does not trust our certificate/);
  const shake = (...version: string[]) =>
    runPeer('openssl', ['s_client', '-connect', `127.0.0.1:${archive.dimseTlsPort}`, ...version]);
  const old = await shake('-tls1_1', '-cipher', 'ALL:@SECLEVEL=0');
  assert.match(old.output, /Cipher is \(NONE\)/);
  await logged(archive, /no TLS version in common/);
  assert.match((await shake('-tls1_2', '-cipher', 'AES128-SHA')).output, /Cipher is \(NONE\)/);
  await logged(archive, /no cipher suite in common/);
  assert.match((await shake('-tls1_2')).output, /Protocol *: TLSv1\.2/);
  assert.match((await shake('-tls1_3')).output, /New, TLSv1\.3, Cipher is TLS_AES_256_GCM_SHA384/);
  assert.equal(await archive.stop(), 0);
});

test('certificate and CRL are changed in a running server; what is open goes on', async (t) => {
  if (!needsPeer(t, 'storescu')) return;
  const tls = await tlsArchive(t, 'tls-rotation', { crlNextUpdate: new Date(Date.now() + 720 * 3_600_000) });
  const { archive, national, own, right } = tls;
  const object = smallObject({ name: 'tls-rotation', study: 2, number: 1 });
  const secure = securing(keysOf(right.CT1, national.caFile), { host: '127.0.0.1', certificates: [] });
  const association = await associate({ ...archive, dimsePort: archive.dimseTlsPort, secure }, [object], 'CT1');
  assert.equal((await association.store(object)).status, 0);
  assert.equal(await shownBy(archive.dimseTlsPort), own.sha256);

  const next = national.issue('acervo-next', { hosts: ['127.0.0.1', 'localhost'] });
  copyFileSync(next.certFile, own.certFile);
  await logged(archive, /is not the key of/, 'half of a change is not taken');
  assert.equal(await shownBy(archive.dimseTlsPort), own.sha256);
  copyFileSync(next.keyFile, own.keyFile);
  await logged(archive, /"tls.rotated"/);
  assert.equal(await shownBy(archive.dimseTlsPort), next.sha256);
  assert.match((await storeOver(tls, 'CT1', right.CT1)).output, STORED);

  national.revoke(right.CT1);
  national.crl(HOUR.later());
  await logged(archive, /CRL expires/, 'the alarm of the new list, which is short');
  assert.doesNotMatch((await storeOver(tls, 'CT1', right.CT1)).output, STORED);
  await logged(archive, /"code":"tls\/revoked"/);
  const second = smallObject({ name: 'tls-rotation', study: 2, number: 2 });
  assert.equal((await association.store(second)).status, 0, 'an association outlives both');
  await association.release();
  assert.equal(await archive.stop(), 0);
});

test('with the plain ports off nothing listens but TLS, and TLS serves', async (t) => {
  if (!needsPeer(t, 'storescu')) return;
  const env = { ACERVO_DIMSE_PORT: 'off', ACERVO_HTTP_PORT: 'off' };
  const tls = await tlsArchive(t, 'tls-only', { env });
  const { archive, national, right } = tls;
  const secure = [archive.dimseTlsPort, Number(new URL(archive.https ?? '').port)];
  assert.deepEqual(
    listeningPorts(archive.pid),
    secure.toSorted((a, b) => a - b),
  );
  assert.match((await storeOver(tls, 'CT1', right.CT1)).output, STORED);
  const answer = getHttps(`${archive.https}/readyz`, { ca: readFileSync(national.caFile) });
  const [{ statusCode }] = (await once(answer, 'response')) as [IncomingMessage];
  answer.destroy();
  assert.equal(statusCode, 200);
  assert.equal(await archive.stop(), 0);
});

/** TCP ports that a process listens on, sorted: its sockets, among those of the machine (proc(5)). */
function listeningPorts(pid: number): number[] {
  const LISTEN = '0A';
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]),
  );
  const rows = ['tcp', 'tcp6'].flatMap((of) =>
    readFileSync(`/proc/${pid}/net/${of}`, 'utf8').trim().split('\n').slice(1),
  );
  const fields = rows.map((row) => row.trim().split(/\s+/));
  const own = fields.filter(({ 3: state, 9: inode }) => state === LISTEN && sockets.has(inode));
  return own
    .map(([, local = '']) => Number.parseInt(local.slice(local.indexOf(':') + 1), 16))
    .toSorted((a, b) => a - b);
}

test('an expired CRL refuses everybody, or nobody but those it names; both with an alarm', async (t) => {
  if (!needsPeer(t, 'storescu')) return;
  for (const mode of ['refuse', 'accept'] as const) {
    const env = { ACERVO_TLS_CRL_EXPIRED: mode };
    const tls = await tlsArchive(t, `tls-crl-${mode}`, { env, crlNextUpdate: HOUR.ago() });
    const { archive, right, revoked, expired, foreign } = tls;
    await logged(archive, /"tls.alarm".*CRL expired/);
    const ready = (await (await fetch(`${archive.http}/readyz`)).json()) as { ready: boolean; alarms: string[] };
    assert.ok(ready.ready);
    assert.match(ready.alarms.join(), /CRL expired/);
    const { output } = await storeOver(tls, 'CT1', right.CT1);
    if (mode === 'accept') assert.match(output, STORED);
    else assert.doesNotMatch(output, STORED);
    for (const [aeTitle, issued] of [
      ['REVOKED', revoked],
      ['EXPIRED', expired],
      ['FOREIGN', foreign],
    ] as const) {
      assert.doesNotMatch((await storeOver(tls, aeTitle, issued)).output, STORED, `${mode} ${aeTitle}`);
    }
    assert.equal(await archive.stop(), 0);
    const reasons = [...new Set(refusalsIn(tls.dataDir))].sort();
    assert.ok(reasons.includes(mode === 'accept' ? 'tls/revoked' : 'tls/crl'), reasons.join(' '));
  }
});

test('the other direction: we send to storescp over TLS, and to nobody who is not who he should be', async (t) => {
  if (!needsPeer(t, 'storescp')) return;
  const folder = scratch(t, 'tls-scu');
  const national = authority(folder, 'nacional');
  const abroad = authority(folder, 'extranjera');
  const own = national.issue('acervo');
  const hosts = { hosts: ['127.0.0.1'] };
  const scp = national.issue('scp', hosts);
  const elsewhere = national.issue('elsewhere');
  const revoked = national.issue('revoked', hosts);
  national.revoke(revoked);
  const keys = keysOf(own, national.caFile, national.crl(HOUR.later()));
  const object = smallObject({ name: 'tls-scu', study: 1, number: 1 });
  const send = async (port: number, certificates: string[] = []): Promise<number> => {
    const secure = securing(keys, { host: '127.0.0.1', certificates });
    const association = await associate({ dimsePort: port, aeTitle: 'SCP', secure }, [object], 'ACERVO');
    const { status } = await association.store(object);
    await association.release();
    return status;
  };
  const start = async (name: string, { keyFile, certFile }: Issued, caFile = national.caFile): Promise<number> =>
    (await startStorescp(t, folder, name, ['+xa', '+tls', keyFile, certFile, '+cf', caFile])).port;

  const right = await start('right', scp);
  assert.equal(await send(right), 0);
  const [received] = readdirSync(join(folder, 'right'));
  const bytes = readFileSync(join(folder, 'right', received ?? ''));
  assert.equal(sha256(dataSetOfFile(new Uint8Array(bytes))), sha256(object.dataSet));
  assert.equal(await send(right, [scp.sha256]), 0, 'by its fingerprint');
  await assert.rejects(send(right, [own.sha256]), /tls\/wrong-system/);
  const other = await start('elsewhere', elsewhere);
  await assert.rejects(send(other), /tls\/wrong-system/, 'the certificate names another host');
  assert.equal(await send(other, ['dns:elsewhere.test']), 0, 'unless the registry says so');
  await assert.rejects(send(await start('revoked', revoked)), /tls\/revoked/);
  await assert.rejects(send(await start('foreign', abroad.issue('foreign', hosts))), /tls\/untrusted/);
  await assert.rejects(
    send(await start('expired', national.issue('old', { ...hosts, validTo: HOUR.ago() }))),
    /tls\/expired/,
  );
  await assert.rejects(send((await startStorescp(t, folder, 'plain')).port), /tls\/handshake/);
  await assert.rejects(send(await start('distrusting', scp, abroad.caFile)), /ul\/aborted|tls\/handshake/);
});

test('C-MOVE and acervo send go over TLS where the registry says so, to whom it says', async (t) => {
  if (!needsPeer(t, 'storescp') || !needsPeer(t, 'movescu')) return;
  const tls = await tlsArchive(t, 'tls-move');
  const { archive, folder, dataDir, national, right, own } = tls;
  const scp = national.issue('scp', { hosts: ['127.0.0.1'] });
  const options = ['+xa', '+tls', scp.keyFile, scp.certFile, '+cf', national.caFile];
  const [target, other] = [
    await startStorescp(t, folder, 'TARGET', options),
    await startStorescp(t, folder, 'OTHER', options),
  ];
  const systems = (...words: string[]) => runAcervo(dataDir, ['systems', ...words], { ACERVO_ACCESS: 'enforced' });
  for (const [{ aeTitle, port }, certificate] of [
    [target, scp.sha256],
    [other, own.sha256],
  ] as const) {
    const at = ['host=127.0.0.1', `port=${port}`, 'tls=yes', 'isMoveDestination=yes', `certificates=${certificate}`];
    assert.equal((await systems('add', aeTitle, 'institution=HGM', ...at)).code, 0);
  }
  const { studyUid, dataSet } = tls.object;
  assert.match((await storeOver(tls, 'CT1', right.CT1)).output, STORED);
  // DCMTK's movescu itself speaks no TLS.
  const move = (destination: string) =>
    runPeer('movescu', [
      '-v',
      '-S',
      '-aet',
      'PLAIN',
      '-aec',
      archive.aeTitle,
      '-aem',
      destination,
      '-k',
      'QueryRetrieveLevel=STUDY',
      '-k',
      `StudyInstanceUID=${studyUid}`,
      '127.0.0.1',
      `${archive.dimsePort}`,
    ]);
  await logged(archive, /"revision":2/, 'both are known');
  const moved = await move('TARGET');
  assert.match(moved.output, /Received Final Move Response \(Success\)/, moved.output);
  assert.doesNotMatch((await move('OTHER')).output, /Received Final Move Response \(Success\)/);
  const kept = (peer: { folder: string }): string[] =>
    readdirSync(peer.folder).map((name) =>
      sha256(dataSetOfFile(new Uint8Array(readFileSync(join(peer.folder, name))))),
    );
  assert.deepEqual([kept(target), kept(other)], [[sha256(dataSet)], []]);
  rmSync(target.folder, { recursive: true });
  mkdirSync(target.folder);
  const sent = await runAcervo(dataDir, ['send', 'TARGET', '--study', studyUid, '--institution', 'HGM'], tls.env);
  assert.equal(sent.code, 0, sent.err);
  assert.deepEqual(kept(target), [sha256(dataSet)]);
  assert.equal(await archive.stop(), 0);
});

test('HTTPS: a certificate identifies a system, a token its holder; nobody else is told anything', async (t) => {
  const tls = await tlsArchive(t, 'https', { env: { ACERVO_HTTP_PORT: '0' } });
  const { archive, national, right, expired, revoked, foreign, own } = tls;
  const ca = readFileSync(national.caFile);
  type Got = { status: number; type: string; text: string; strict: string | undefined };
  const get = (path: string, issued?: Issued): Promise<Got> => {
    const { promise, resolve, reject } = Promise.withResolvers<Got>();
    const pem = issued && { cert: readFileSync(issued.certFile), key: readFileSync(issued.keyFile) };
    const request = getHttps(`${archive.https}${path}`, { ca, agent: false, ...pem }, async (response) => {
      const text = Buffer.concat(await response.toArray()).toString();
      const type = text.startsWith('{') ? String((JSON.parse(text) as { type?: string }).type) : '';
      const strict = response.headers['strict-transport-security'];
      resolve({ status: response.statusCode ?? 0, type, text, strict });
    });
    request.on('error', reject);
    return promise;
  };
  const { status, strict } = await get('/healthz');
  assert.deepEqual([status, strict], [200, 'max-age=31536000']);
  assert.equal((await get('/dicom-web/studies', right.CT1)).status, 200, 'it may find, and finds nothing');
  assert.equal((await get('/dicom-web/studies')).status, 401);
  for (const [issued, reason] of [
    [expired, 'tls/expired'],
    [revoked, 'tls/revoked'],
    [foreign, 'tls/untrusted'],
    [own, 'tls/wrong-system'],
  ] as const) {
    const answer = await get('/dicom-web/studies', issued);
    assert.deepEqual([answer.status, answer.type], [401, `urn:acervo:failure:${reason}`]);
  }
  const openapi = await get('/api/openapi.json', right.CT1);
  assert.equal(openapi.status, 200);
  const wadl = await get('/metrics', right.CT1);
  assert.match(wadl.text, /acervo_tls_certificate_expiry_timestamp_seconds [1-9]/);
  assert.equal(await shownBy(Number(new URL(archive.https ?? '').port)), own.sha256);
  assert.equal(await archive.stop(), 0);
});

/** The certificate that a port shows. */
function shownBy(port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
    resolve(`sha256:${socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase()}`);
    socket.destroy();
  });
  socket.on('error', reject);
  return promise;
}
