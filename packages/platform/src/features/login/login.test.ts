import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Browser, codeNow, enrolFirst, logIn, PASSWORD, sessionOf, startLogin } from './login.fixture.ts';

test('from the first start to a session: enrol, log in, look, log out', async (t) => {
  const { server, url, directory } = await startLogin(t);
  const { secret, recovery } = await enrolFirst(url, server.enrolment);
  assert.equal(recovery.length, 10);

  const browser = new Browser(url);
  assert.deepEqual(await sessionOf(browser), { access: 'enforced', person: null });
  assert.equal((await browser.ask('/dicom-web/studies')).status, 401);
  const end = await logIn(browser, 'ana', codeNow(secret));
  assert.equal(end.path, `${url}/`);
  const { person } = await sessionOf(browser);
  assert.deepEqual([person?.strength, person?.roles], ['second-factor', ['administrator']]);
  // Known; what an administrator sees is the policy's.
  assert.notEqual((await browser.ask('/dicom-web/studies')).status, 401);

  await t.test("the cookie is nobody else's to read", async () => {
    const cookie = browser.cookie('acervo') ?? '';
    assert.equal(cookie.length, 43);
    const kept = await server.archive.database.query<{ id: string }>('select id from session');
    assert.ok(kept.every(({ id }) => !id.includes(cookie)));
  });

  await t.test('the link counted once', async () => {
    const { pathname, search } = new URL(server.enrolment ?? '');
    const again = await browser.ask(pathname + search);
    assert.equal(again.status, 404);
    assert.match(await again.text(), /ya no sirve/);
  });

  await t.test('a change by cookie needs the token of the session, and a page of ours', async () => {
    const csrf = person?.csrf ?? '';
    const leave = (headers: Record<string, string>) => browser.ask('/logout', { method: 'POST', headers });
    const sameOrigin = { 'sec-fetch-site': 'same-origin' };
    assert.equal((await leave(sameOrigin)).status, 403);
    assert.equal((await leave({ ...sameOrigin, 'x-acervo-csrf': 'x'.repeat(csrf.length) })).status, 403);
    assert.equal((await leave({ 'x-acervo-csrf': csrf })).status, 403);
    assert.equal((await leave({ 'x-acervo-csrf': csrf, 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.equal((await leave({ 'x-acervo-csrf': csrf, origin: 'https://evil.example' })).status, 403);
    const forged = { 'x-acervo-csrf': csrf, 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' };
    assert.equal((await leave(forged)).status, 403);
    const stow = { method: 'POST', headers: { ...sameOrigin, 'content-type': 'multipart/related' } };
    assert.equal((await browser.ask('/dicom-web/studies', stow)).status, 403);
    const framed = { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' } };
    assert.equal((await browser.ask('/dicom-web/studies', framed)).status, 403);
    assert.notEqual((await sessionOf(browser)).person, null);
  });

  await t.test('it outlives the process', async () => {
    await server.close();
    const second = await startLogin(t, {}, directory);
    const cookie = `acervo=${browser.cookie('acervo')}`;
    const answer = await fetch(`${second.url}/dicom-web/studies`, { headers: { cookie } });
    assert.notEqual(answer.status, 401);
    assert.equal(second.server.enrolment, undefined, 'there is an administrator');
    const session = await fetch(`${second.url}/api/session`, { headers: { cookie } });
    const { person: known } = (await session.json()) as { person: { csrf: string } };
    const headers = { cookie, 'x-acervo-csrf': known.csrf, 'sec-fetch-site': 'same-origin' };
    const left = await fetch(`${second.url}/logout`, { method: 'POST', headers });
    assert.deepEqual([left.status, await left.json()], [200, { next: '/' }]);
    assert.equal((await fetch(`${second.url}/dicom-web/studies`, { headers: { cookie } })).status, 401);
    const told = await second.server.archive.database.query<{ kind: string; event: string }>(
      `select kind, event from journal where kind ~ '^(login|session|person.enrolled)' order by id`,
    );
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['person.enrolled', 'login.succeeded', 'session.ended'],
    );
    assert.ok(told.every(({ event }) => !/ana|Ruiz/i.test(event) && !event.includes(PASSWORD)));
    // PS3.15 A.5.3.12: from where somebody logged in and out.
    for (const { event } of told) assert.equal((JSON.parse(event) as { address?: string }).address, '127.0.0.1');
  });
});

test('behind a proxy that ends TLS: cookies of HTTPS, and one name for everybody', async (t) => {
  const publicUrl = 'https://archivo.example';
  const { server, url } = await startLogin(t, { ACERVO_PUBLIC_URL: publicUrl });
  assert.ok(server.enrolment?.startsWith(`${publicUrl}/login/enrol?code=`));
  const { pathname, search } = new URL(server.enrolment ?? '');
  const { secret } = await enrolFirst(url, url + pathname + search);
  // By another name of the machine: sent on to the one that the issuer knows.
  const other = await fetch(`${url}/login?to=%2Factivity`, { redirect: 'manual' });
  assert.equal(other.headers.get('location'), `${publicUrl}/login?to=%2Factivity`);

  const browser = new Browser(publicUrl, url);
  const begun = await browser.ask('/login');
  assert.match(begun.headers.getSetCookie().join(), /^__Secure-acervo-login=.*; Path=\/login; .*Secure; SameSite=Lax$/);
  const form = await browser.go(begun.headers.get('location') ?? '');
  const asked = await browser.submit(form.path, form.text, { login: 'ana', password: PASSWORD });
  await browser.submit(form.path, asked.text, { code: codeNow(secret) });
  assert.notEqual((await sessionOf(browser)).person, null);
  assert.equal(browser.cookie('acervo'), undefined);
  assert.equal(browser.cookie('__Host-acervo')?.length, 43);
  const secure = [...browser.lines].filter((line) => !/; secure/i.test(line));
  assert.deepEqual(secure, [], 'every cookie is of HTTPS alone');
  // What a client says of the host is not believed by the issuer.
  const lied = await fetch(`${url}/oidc/.well-known/openid-configuration`, {
    headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' },
  });
  const { issuer, token_endpoint } = (await lied.json()) as Record<string, string>;
  assert.deepEqual([issuer, token_endpoint], [`${publicUrl}/oidc`, `${publicUrl}/oidc/token`]);
});
