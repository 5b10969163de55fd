import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { importJWK, type JWK, type JWTHeaderParameters, SignJWT, UnsecuredJWT } from 'jose';
import { accessTokenVerifier, jwtOf, publicOf } from './access-token.ts';
import { newKeysText, readKeys } from './keys.ts';

const ISSUER = 'https://archivo.example/oidc';
const AUDIENCE = 'https://archivo.example/';
const CLAIMS = {
  sub: 'p-1',
  client_id: 'app',
  jti: 'j',
  acervo_kind: 'person',
  acervo_strength: 'second-factor',
} as const;

const ours = readKeys(newKeysText()).signing[0] as JWK;
const theirs = readKeys(newKeysText()).signing[0] as JWK;
const verify = accessTokenVerifier(ISSUER, AUDIENCE, [ours]);

type Told = {
  issuer?: string;
  audience?: string;
  exp?: number;
  nbf?: number;
  header?: Partial<JWTHeaderParameters>;
  claims?: Record<string, unknown>;
  key?: JWK | Uint8Array;
};

const nowS = (): number => Math.floor(Date.now() / 1000);

async function token({ issuer = ISSUER, audience = AUDIENCE, exp, nbf, header, claims, key = ours }: Told = {}) {
  const jwt = new SignJWT({ ...CLAIMS, ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: `${ours.kid}`, ...header })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(exp ?? nowS() + 300);
  if (nbf !== undefined) jwt.setNotBefore(nbf);
  return jwt.sign(key instanceof Uint8Array ? key : await importJWK(key, 'ES256'));
}

const isRefused = (why: RegExp) => (thrown: unknown) =>
  thrown instanceof Failure && thrown.code === 'access/unknown' && why.test(thrown.detail);

test('a token of ours for this archive holds', async () => {
  const { acervo_kind, sub } = await verify(await token());
  assert.deepEqual([acervo_kind, sub], ['person', 'p-1']);
  // Within the skew of two clocks.
  await verify(await token({ exp: nowS() - 5 }));
});

test('confusions of algorithm and key are refused', async () => {
  const unsigned = new UnsecuredJWT({ ...CLAIMS }).setIssuer(ISSUER).setAudience(AUDIENCE).setExpirationTime('5m');
  await assert.rejects(verify(unsigned.encode()), isRefused(/ALG_NOT_ALLOWED|NOT_SUPPORTED|JWS_INVALID|typ/i));
  const none = `${btoa('{"alg":"none","typ":"at+jwt"}').replace(/=/g, '')}.${(await token()).split('.')[1]}.`;
  await assert.rejects(verify(none), isRefused(/./));

  // The public key, which anybody may read, as the secret of an HMAC: as PEM, as DER, as JSON.
  const publicKey = createPublicKey({ key: publicOf(ours), format: 'jwk' });
  for (const secret of [
    publicKey.export({ type: 'spki', format: 'pem' }),
    publicKey.export({ type: 'spki', format: 'der' }),
    JSON.stringify(publicOf(ours)),
  ]) {
    const forged = await token({ header: { alg: 'HS256' }, key: new Uint8Array(Buffer.from(secret)) });
    await assert.rejects(verify(forged), isRefused(/ALG_NOT_ALLOWED/));
  }
  await assert.rejects(verify(await token({ key: theirs })), isRefused(/SIGNATURE_VERIFICATION_FAILED/));
  // A key that the token brings along counts as little as one that it names by a path.
  const brought = await token({ key: theirs, header: { jwk: publicOf(theirs), kid: `${theirs.kid}` } });
  await assert.rejects(verify(brought), isRefused(/NO_MATCHING_KEY/));
  for (const kid of ['../../../../dev/null', "' or 1=1 --", '/proc/self/environ', 'https://evil.example/jwks']) {
    await assert.rejects(verify(await token({ header: { kid } })), isRefused(/NO_MATCHING_KEY/));
  }
});

test('tokens for others, of others and of other times are refused', async () => {
  await assert.rejects(verify(await token({ audience: 'https://otro.example/' })), isRefused(/CLAIM_VALIDATION/));
  await assert.rejects(verify(await token({ issuer: 'https://otro.example/oidc' })), isRefused(/CLAIM_VALIDATION/));
  await assert.rejects(verify(await token({ issuer: `${ISSUER}/` })), isRefused(/CLAIM_VALIDATION/));
  await assert.rejects(verify(await token({ exp: nowS() - 60 })), isRefused(/EXPIRED/));
  await assert.rejects(verify(await token({ nbf: nowS() + 60 })), isRefused(/CLAIM_VALIDATION/));
});

test('an ID token is no access token, and claims that we do not write are refused', async () => {
  await assert.rejects(verify(await token({ header: { typ: 'JWT' } })), isRefused(/CLAIM_VALIDATION/));
  const idToken = await token({ header: { typ: 'JWT' }, audience: 'app' });
  await assert.rejects(verify(idToken), isRefused(/CLAIM_VALIDATION/));
  await assert.rejects(verify(await token({ claims: { acervo_kind: 'process' } })), isRefused(/claims/));
  await assert.rejects(verify(await token({ claims: { sub: '' } })), isRefused(/claims/));
  const [header, payload, signature] = (await token()).split('.');
  const altered = Buffer.from(payload ?? '', 'base64url')
    .toString()
    .replace('p-1', 'p-2');
  const forged = `${header}.${Buffer.from(altered).toString('base64url')}.${signature}`;
  await assert.rejects(verify(forged), isRefused(/SIGNATURE_VERIFICATION_FAILED/));
});

test('only what is a JWT is taken for one: other tokens are of the access file', async () => {
  const good = await token();
  assert.equal(jwtOf(`Bearer ${good}`), good);
  assert.equal(jwtOf(`bearer  ${good}`), good);
  for (const other of [undefined, '', `Basic ${good}`, 'Bearer opaque-token', 'Bearer a.b.c', 'Bearer ..', good]) {
    assert.equal(jwtOf(other), undefined, other);
  }
  assert.equal(jwtOf(`Bearer ${'a'.repeat(9000)}`), undefined);
});

test('only the public part of a key leaves', () => {
  assert.deepEqual(Object.keys(publicOf(ours)).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
});
