import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { authority } from '@acervo/testkit/certificates.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import type { Log } from '../../ports/log.ts';
import { isRevoked, readCrls } from './crl.ts';
import { identitiesOf, TlsKeys } from './tls-keys.ts';

const DAY_MS = 86_400_000;
const POLICY = {
  profile: 'bcp195-rfc9325',
  crlExpired: 'refuse',
  crlAlarmMs: DAY_MS,
  certificateAlarmMs: DAY_MS,
} as const;

const certificateOf = (path: string): X509Certificate => new X509Certificate(readFileSync(path));
const invalid = (about: RegExp) => (thrown: unknown) =>
  thrown instanceof Failure && thrown.code === 'config/invalid' && about.test(thrown.detail);

test('a CRL is read and believed only from its own authority', (t) => {
  if (!needsPeer(t, 'openssl')) return;
  const folder = temporaryDirectory();
  const [national, abroad] = [authority(folder, 'nacional'), authority(folder, 'extranjera')];
  const [good, bad] = [national.issue('good'), national.issue('bad')];
  const foreign = abroad.issue('foreign');
  national.revoke(bad);
  const nextUpdate = new Date(Math.floor(Date.now() / 1000) * 1000 + DAY_MS);
  const pem = readFileSync(national.crl(nextUpdate), 'utf8');
  const crls = readCrls(pem, [certificateOf(national.caFile)]);
  assert.equal(crls[0]?.nextUpdateMs, nextUpdate.getTime());
  assert.equal(isRevoked(certificateOf(bad.certFile), crls), true);
  assert.equal(isRevoked(certificateOf(good.certFile), crls), false);
  assert.equal(isRevoked(certificateOf(foreign.certFile), crls), undefined, 'no list tells of it');
  assert.throws(() => readCrls(pem, [certificateOf(abroad.caFile)]), invalid(/signed by none/));
  // A character in the midst of the signature.
  const at = pem.indexOf('-----END') - 30;
  const altered = `${pem.slice(0, at)}${pem[at] === 'A' ? 'B' : 'A'}${pem.slice(at + 1)}`;
  assert.throws(() => readCrls(altered, [certificateOf(national.caFile)]), invalid(/CRL/));
  assert.throws(() => readCrls('', []), invalid(/no CRL/));
});

test('identities are those that the registry names', (t) => {
  if (!needsPeer(t, 'openssl')) return;
  const issued = authority(temporaryDirectory(), 'nacional').issue('ct1', { hosts: ['CT1.HGM.MX', '10.0.0.7'] });
  const identities = identitiesOf(certificateOf(issued.certFile));
  assert.deepEqual(identities, [issued.sha256, 'dns:ct1.hgm.mx', 'dns:ct1.test', 'cn:ct1']);
});

test('files are followed; half of a change, or nonsense, is not taken', (t) => {
  if (!needsPeer(t, 'openssl')) return;
  const folder = temporaryDirectory();
  const national = authority(folder, 'nacional');
  const [first, second] = [national.issue('first'), national.issue('second')];
  const crlFile = national.crl(new Date(Date.now() + 2 * DAY_MS));
  const at = (name: string): string => join(folder, name);
  const put = (name: string, from: string): string => {
    writeFileSync(at(name), readFileSync(from));
    return at(name);
  };
  const files = {
    certFile: put('c.pem', first.certFile),
    keyFile: put('k.pem', first.keyFile),
    caFile: national.caFile,
    crlFile,
  };
  const told: string[] = [];
  const tell = (event: string): void => void told.push(event);
  const log: Log = { ...silentLog, info: tell, warn: tell, error: tell };
  let nowMs = Date.now();
  const keys = new TlsKeys(files, POLICY, log, () => nowMs);
  let changes = 0;
  keys.onChange(() => {
    changes += 1;
  });
  const cert = () => keys.options().cert;
  keys.reload();
  assert.deepEqual([changes, told], [0, []]);
  put('c.pem', second.certFile);
  keys.reload();
  keys.reload();
  assert.deepEqual([changes, told], [0, ['tls.unreadable']], 'said once');
  assert.equal(cert(), readFileSync(first.certFile, 'utf8'));
  put('k.pem', second.keyFile);
  keys.reload();
  assert.deepEqual([changes, told.at(-1)], [1, 'tls.rotated']);
  assert.equal(cert(), readFileSync(second.certFile, 'utf8'));
  writeFileSync(at('c.pem'), 'nonsense');
  keys.reload();
  assert.equal(cert(), readFileSync(second.certFile, 'utf8'));
  put('c.pem', second.certFile);
  nowMs += 1.5 * DAY_MS;
  keys.reload();
  assert.match(keys.health.alarms.join(), /^CRL expires/);
  assert.equal(told.at(-1), 'tls.alarm');
  nowMs += DAY_MS;
  assert.match(keys.health.alarms.join(), /CRL expired .*refused/);
});

test('an expired list is enforced, or left to our own reading of it', (t) => {
  if (!needsPeer(t, 'openssl')) return;
  const national = authority(temporaryDirectory(), 'nacional');
  const { certFile, keyFile } = national.issue('own');
  const files = {
    certFile,
    keyFile,
    caFile: national.caFile,
    crlFile: national.crl(new Date(Date.now() - DAY_MS), new Date(0)),
  };
  assert.ok('crl' in new TlsKeys(files, POLICY, silentLog).options());
  assert.ok(!('crl' in new TlsKeys(files, { ...POLICY, crlExpired: 'accept' }, silentLog).options()));
});

test('files that do not fit stop the start and are named', (t) => {
  if (!needsPeer(t, 'openssl')) return;
  const national = authority(temporaryDirectory(), 'nacional');
  const [first, second] = [national.issue('first'), national.issue('second')];
  const files = { certFile: first.certFile, keyFile: first.keyFile, caFile: undefined, crlFile: undefined };
  for (const [wrong, about] of [
    [{ keyFile: second.keyFile }, /second\.key is not the key of .*first\.pem/],
    [{ certFile: '/nowhere.pem' }, /nowhere\.pem: ENOENT/],
    [{ keyFile: first.certFile }, /first\.pem: /],
    [{ caFile: first.keyFile }, /first\.key: no certificate/],
    [{ caFile: national.caFile, crlFile: first.certFile }, /first\.pem: no CRL/],
  ] as const) {
    assert.throws(() => new TlsKeys({ ...files, ...wrong }, POLICY, silentLog), invalid(about));
  }
});
