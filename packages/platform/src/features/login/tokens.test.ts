import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { addSystem } from '../systems/change.ts';
import { addClient, removeClient } from './clients.ts';
import { Browser, codeNow, enrolFirst, PASSWORD, startLogin, type TestLogin } from './login.fixture.ts';
import { until } from './people.fixture.ts';

const basic = (id: string, secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

async function tokenBy(url: string, body: Record<string, string>, headers: Record<string, string> = {}) {
  const answer = await fetch(`${url}/oidc/token`, { method: 'POST', body: new URLSearchParams(body), headers });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}

const studiesAs = (url: string, token: string | undefined): Promise<Response> =>
  fetch(`${url}/dicom-web/studies`, { headers: { authorization: `Bearer ${token}` } });

async function started(t: TestContext): Promise<TestLogin & { db: TestLogin['server']['archive']['database'] }> {
  const login = await startLogin(t);
  return { ...login, db: login.server.archive.database };
}

test('a system gets short access tokens by its secret, for this archive alone', async (t) => {
  const { url, db } = await started(t);
  await addSystem(db, testOp(), { aeTitle: 'RIS_HGM', institution: 'HGM', may: ['find'] });
  const secret = await addClient(db, testOp(), { id: 'ris', institution: 'HGM', system: 'RIS_HGM', redirectUris: [] });
  assert.ok(secret);
  const grant = { grant_type: 'client_credentials' };
  const { status, body } = await tokenBy(url, grant, basic('ris', secret));
  assert.equal(status, 200, JSON.stringify(body));
  const token = body['access_token'] ?? '';
  assert.deepEqual(decodeProtectedHeader(token).typ, 'at+jwt');
  const { exp = 0, iat = 0, aud, acervo_kind } = decodeJwt(token);
  assert.deepEqual([exp - iat, aud, acervo_kind], [300, `${url}/`, 'system']);
  // The server reads the registry every second.
  await until(async () => (await studiesAs(url, token)).status === 200);

  const rows = await db.query<{ secret: string }>('select secret from oidc_client');
  assert.ok(rows.every((row) => row.secret !== secret));
  assert.equal((await tokenBy(url, grant, basic('ris', `${secret.slice(1)}x`))).status, 401);
  assert.equal((await tokenBy(url, grant, basic('nobody', secret))).status, 401);
  // Neither in the body, where proxies log it, nor without a secret.
  assert.equal((await tokenBy(url, { ...grant, client_id: 'ris', client_secret: secret })).status, 401);
  const elsewhere = await tokenBy(url, { ...grant, resource: 'https://otro.example/' }, basic('ris', secret));
  assert.deepEqual([elsewhere.status, elsewhere.body['error']], [400, 'invalid_target']);
  // What it got is no token of the page's.
  const tampered = `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
  assert.equal((await studiesAs(url, tampered)).status, 401);

  await removeClient(db, testOp(), 'ris');
  assert.equal((await tokenBy(url, grant, basic('ris', secret))).status, 401);
  await assert.rejects(
    addClient(db, testOp(), { id: 'ris', institution: 'HGM', system: 'RIS_HGM', redirectUris: [] }),
    /is, or was/,
  );
});

test('an app of people logs in by PKCE and consent, and goes on by refresh tokens that count once', async (t) => {
  const { server, url, db } = await started(t);
  const redirectUri = 'mx.example.visor:/vuelta';
  const given = { id: 'visor', institution: 'HGM', system: '', redirectUris: [redirectUri] };
  assert.equal(await addClient(db, testOp(), given), undefined);
  const { secret } = await enrolFirst(url, server.enrolment);
  const verifier = randomBytes(32).toString('base64url');
  const asked = {
    client_id: 'visor',
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid offline_access acervo',
    state: 's',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    prompt: 'consent',
  };
  const browser = new Browser(url);
  const authorize = (more: object) => browser.go(`/oidc/auth?${new URLSearchParams({ ...asked, ...more })}`);
  assert.match((await authorize({ redirect_uri: 'mx.evil:/x' })).text, /invalid_redirect_uri/);

  const form = await authorize({});
  const second = await browser.submit(form.path, form.text, { login: 'ana', password: PASSWORD });
  const consent = await browser.submit(form.path, second.text, { code: codeNow(secret) });
  assert.match(consent.text, /visor/);
  assert.match(consent.answer.headers.get('content-security-policy') ?? '', /form-action 'self' mx.example.visor:/);
  let answer = await browser.ask(consent.path, { method: 'POST', body: new URLSearchParams({ step: 'consent' }) });
  let back = answer.headers.get('location') ?? '';
  while (back.startsWith(url)) {
    answer = await browser.ask(back);
    back = answer.headers.get('location') ?? '';
  }
  const code = new URL(back).searchParams.get('code') ?? '';
  const exchange = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, client_id: 'visor' };
  assert.equal((await tokenBy(url, { ...exchange, code_verifier: 'x'.repeat(43) })).status, 400);
  const got = await tokenBy(url, { ...exchange, code_verifier: verifier });
  assert.equal(got.status, 200, JSON.stringify(got.body));
  const { access_token: access = '', id_token: idToken, refresh_token: refresh = '' } = got.body;
  const claims = decodeJwt(access);
  assert.deepEqual([claims['acervo_kind'], claims['acervo_strength']], ['person', 'second-factor']);
  // RFC 9068 2.2.1: how and when; a refreshed token says when the person was there.
  assert.deepEqual(claims['amr'], ['pwd', 'otp', 'mfa']);
  assert.ok(Math.abs(Number(claims['auth_time']) - Date.now() / 1000) < 120, String(claims['auth_time']));
  assert.notEqual((await studiesAs(url, access)).status, 401);
  assert.equal((await studiesAs(url, idToken)).status, 401, 'an ID token is no access token');
  assert.equal((await studiesAs(url, refresh)).status, 401);

  const again = { grant_type: 'refresh_token', client_id: 'visor' };
  const renewed = await tokenBy(url, { ...again, refresh_token: refresh });
  assert.equal(renewed.status, 200, JSON.stringify(renewed.body));
  assert.equal(decodeJwt(renewed.body['access_token'] ?? '')['acervo_strength'], 'second-factor');
  assert.equal(decodeJwt(renewed.body['access_token'] ?? '')['auth_time'], claims['auth_time']);
  // Somebody has a copy: neither counts any more (RFC 9700 4.14.2).
  const copied = await tokenBy(url, { ...again, refresh_token: refresh });
  assert.deepEqual([copied.status, copied.body['error']], [400, 'invalid_grant']);
  const latest = await tokenBy(url, { ...again, refresh_token: renewed.body['refresh_token'] ?? '' });
  assert.deepEqual([latest.status, latest.body['error']], [400, 'invalid_grant']);
  const replayed = await tokenBy(url, { ...exchange, code_verifier: verifier });
  assert.equal(replayed.body['error'], 'invalid_grant');
  const rows = await db.query<{ payload: Uint8Array }>('select payload from oidc_payload');
  assert.ok(rows.length > 0 && rows.every(({ payload }) => !Buffer.from(payload).includes('visor')), 'sealed');
});
