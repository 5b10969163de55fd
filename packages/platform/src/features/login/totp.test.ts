import assert from 'node:assert/strict';
import { test } from 'node:test';
import { base32, newTotpSecret, totpAt, totpStep, totpUri } from './totp.ts';

/** RFC 6238, appendix B: seconds, and the codes of eight digits by SHA-1, SHA-256 and SHA-512. */
const VECTORS: readonly [number, string, string, string][] = [
  [59, '94287082', '46119246', '90693936'],
  [1111111109, '07081804', '68084774', '25091201'],
  [1111111111, '14050471', '67062674', '99943326'],
  [1234567890, '89005924', '91819424', '93441116'],
  [2000000000, '69279037', '90698825', '38618901'],
  [20000000000, '65353130', '77737706', '47863826'],
];
const DIGITS = '12345678901234567890';
const secretOf = (bytes: number): Buffer => Buffer.from(DIGITS.repeat(4).slice(0, bytes));

test('the vectors of RFC 6238', () => {
  for (const [seconds, sha1, sha256, sha512] of VECTORS) {
    const step = Math.floor(seconds / 30);
    assert.equal(totpAt(secretOf(20), step, 8, 'sha1'), sha1);
    assert.equal(totpAt(secretOf(32), step, 8, 'sha256'), sha256);
    assert.equal(totpAt(secretOf(64), step, 8, 'sha512'), sha512);
  }
});

test('a code counts one step early and late, and once', () => {
  const secret = secretOf(20);
  const at = 59_000;
  assert.equal(totpAt(secret, 1), '287082');
  assert.equal(totpStep(secret, '287082', at, 0), 1);
  assert.equal(totpStep(secret, '287082', at - 30_000, 0), 1);
  assert.equal(totpStep(secret, '287082', at + 30_000, 0), 1);
  assert.equal(totpStep(secret, '287082', at + 60_000, 0), undefined);
  assert.equal(totpStep(secret, '287082', at, 1), undefined);
  assert.equal(totpStep(secret, '000000', at, 0), undefined);
  assert.equal(totpStep(secret, '', at, 0), undefined);
});

test('the vectors of RFC 4648, without their padding, and the address that apps read', () => {
  const vectors = {
    '': '',
    f: 'MY',
    fo: 'MZXQ',
    foo: 'MZXW6',
    foob: 'MZXW6YQ',
    fooba: 'MZXW6YTB',
    foobar: 'MZXW6YTBOI',
  };
  for (const [plain, coded] of Object.entries(vectors)) assert.equal(base32(Buffer.from(plain)), coded);
  assert.equal(newTotpSecret().length, 20);
  const uri = new URL(totpUri(Buffer.from('foobar'), 'ana@hgm'));
  assert.equal(uri.protocol, 'otpauth:');
  assert.deepEqual([uri.searchParams.get('secret'), uri.searchParams.get('issuer')], ['MZXW6YTBOI', 'Acervo']);
});
