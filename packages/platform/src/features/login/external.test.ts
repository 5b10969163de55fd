import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { openDirectory } from '../../apps/directory.ts';
import { peopleOf } from '../../apps/login.ts';
import { readGroups } from './external.ts';
import { Browser, sessionOf, startLogin } from './login.fixture.ts';
import { type OtherIssuer, startIssuer } from './other-issuer.fixture.ts';

const GROUPS = {
  'PACS-Radiologia': [{ role: 'radiologist', institution: 'HGM' }],
  'PACS-Validacion': [{ role: 'validator', institution: 'HGM' }],
  // Nobody may be both: who validates a model does not approve its use.
  'PACS-Jefatura': [{ role: 'site-chief', institution: 'HGM' }],
};

async function started(t: TestContext) {
  let url = '';
  const other = await startIssuer(
    t,
    () => `${url}/login/callback`,
    () => `${url}/`,
  );
  const folder = temporaryDirectory();
  const groups = join(folder, 'groups.json');
  const secret = join(folder, 'secret');
  writeFileSync(groups, JSON.stringify({ groups: GROUPS }));
  writeFileSync(secret, `${other.secret}\n`, { mode: 0o600 });
  const login = await startLogin(t, {
    ACERVO_OIDC_ISSUER: other.issuer,
    ACERVO_OIDC_CLIENT_SECRET_FILE: secret,
    ACERVO_OIDC_GROUPS_FILE: groups,
  });
  url = login.url;
  return { ...login, other };
}

/** By way of the other issuer, which keeps cookies of its own, and back. */
async function logInBy(browser: Browser, { issuer }: OtherIssuer, sub: string): Promise<Response> {
  const begun = await browser.ask('/login');
  const there = new Browser(issuer);
  let answer = await there.ask(begun.headers.get('location') ?? '');
  for (;;) {
    const next = new URL(answer.headers.get('location') ?? assert.fail(`${answer.status}`), issuer);
    if (next.origin !== issuer) return browser.ask(next.href);
    if (next.pathname.startsWith('/enter/')) next.searchParams.set('as', sub);
    answer = await there.ask(next.href);
  }
}

test('somebody of an external issuer becomes a person, by login or by groups', async (t) => {
  const { server, url, other } = await started(t);
  const db = server.archive.database;
  assert.equal(server.enrolment, undefined, 'passwords are elsewhere');
  assert.equal((await fetch(`${url}/oidc/.well-known/openid-configuration`)).status, 404);
  const { accounts } = other;

  await t.test('groups give roles, never a pair that one person must not have', async () => {
    const groups = ['Todos', 'PACS-Radiologia', 'PACS-Validacion', 'PACS-Jefatura'];
    accounts.set('s-1', { sub: 's-1', name: 'Eva Luz', preferred_username: 'Eva.Luz', groups });
    const browser = new Browser(url);
    assert.equal((await logInBy(browser, other, 's-1')).headers.get('location'), '/');
    const { person } = await sessionOf(browser);
    assert.deepEqual(person?.roles.toSorted(), ['radiologist', 'validator']);
    assert.equal(person?.strength, 'second-factor');
    assert.equal((await browser.ask('/dicom-web/studies')).status, 200);

    // A group that is left takes its role along.
    accounts.set('s-1', { sub: 's-1', name: 'Eva Luz', preferred_username: 'Eva.Luz', groups: ['PACS-Radiologia'] });
    const later = new Browser(url);
    await logInBy(later, other, 's-1');
    assert.deepEqual((await sessionOf(later)).person?.roles, ['radiologist']);
  });

  await t.test('leaving ends the session here, and tells the issuer', async () => {
    const browser = new Browser(url);
    await logInBy(browser, other, 's-1');
    const { person } = await sessionOf(browser);
    const headers = { 'x-acervo-csrf': person?.csrf ?? '', 'sec-fetch-site': 'same-origin' };
    const left = (await (await browser.ask('/logout', { method: 'POST', headers })).json()) as { next: string };
    const next = new URL(left.next);
    assert.deepEqual([next.origin, next.pathname], [other.issuer, '/session/end']);
    assert.ok(next.searchParams.has('id_token_hint'));
    assert.equal((await sessionOf(browser)).person, null);
  });

  await t.test('a login of the directory is found, and is one subject for ever', async () => {
    const people = peopleOf(db, await openDirectory(db, silentLog));
    const roles = [{ role: 'technician', institution: 'HGM' }] as const;
    const id = await people.add(testOp(), { login: 'tec', name: 'Tec', institution: 'HGM', roles });
    accounts.set('s-2', { sub: 's-2', preferred_username: 'TEC', groups: [] });
    const browser = new Browser(url);
    let answer = await logInBy(browser, other, 's-2');
    // The server reads the directory every second.
    for (const until = Date.now() + 20_000; answer.status !== 303 && Date.now() < until; ) {
      answer = await logInBy(browser, other, 's-2');
    }
    const { person } = (await sessionOf(browser)) as unknown as { person: { id: string; roles: string[] } };
    assert.deepEqual([person.id, person.roles], [id, ['technician']]);
    accounts.set('s-3', { sub: 's-3', preferred_username: 'tec', groups: ['PACS-Radiologia'] });
    assert.equal((await logInBy(new Browser(url), other, 's-3')).status, 403);
  });

  await t.test('somebody without a role is told so, and nothing is made', async () => {
    accounts.set('s-4', { sub: 's-4', preferred_username: 'visita', groups: ['Todos'] });
    const browser = new Browser(url);
    const answer = await logInBy(browser, other, 's-4');
    assert.deepEqual([answer.status, /nadie le ha dado una función/.test(await answer.text())], [403, true]);
    const rows = await db.query(`select id from person where login = 'visita'`);
    assert.deepEqual(rows, []);
  });

  await t.test('what comes back without the browser that began is refused', async () => {
    const thief = new Browser(url);
    const begun = await thief.ask('/login');
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const elsewhere = await new Browser(url).ask(`/login/callback?code=x&state=${state}`);
    assert.equal(elsewhere.status, 400);
    assert.equal((await thief.ask(`/login/callback?code=x&state=otro`)).status, 401);
    await thief.ask('/login');
    assert.equal((await thief.ask(`/login/callback?error=access_denied&state=${state}`)).status, 401);
  });
});

test('the file of groups says what is wrong with it', () => {
  assert.throws(() => readGroups('{'), /config\/invalid.*JSON/);
  assert.throws(() => readGroups(JSON.stringify({ groups: { a: [{ role: 'boss', institution: 'HGM' }] } })), /role/);
  assert.throws(() => readGroups(JSON.stringify({ groups: { a: [] }, more: 1 })), /config\/invalid/);
  assert.deepEqual(readGroups(JSON.stringify({ groups: GROUPS })), GROUPS);
});
