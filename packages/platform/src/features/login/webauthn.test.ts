import assert from 'node:assert/strict';
import { test } from 'node:test';
import { optionsOn, SoftwareAuthenticator, type Used } from './authenticator.fixture.ts';
import { Browser, codeNow, PASSWORD, secretOn, sessionOf } from './login.fixture.ts';
import { startWithPeople, toldOf, until } from './people.fixture.ts';
import { webAuthnSiteOf } from './webauthn-site.ts';

const ORIGIN = 'https://acervo.hgm.test';
const KEYS = '/login/keys';

test('keys are offered where a browser can have them, and by nothing that a request says', () => {
  const site = (url: string): unknown => webAuthnSiteOf(url);
  const of = (rpId: string, origin: string) => ({ rpId, origin });
  assert.deepEqual(site('https://acervo.hgm.test:8443'), of('acervo.hgm.test', 'https://acervo.hgm.test:8443'));
  assert.deepEqual(site('http://localhost:8080'), of('localhost', 'http://localhost:8080'));
  assert.equal(site('http://acervo.hgm.test'), 'plain');
  assert.equal(site('https://10.1.2.3'), 'address');
  assert.equal(site('http://127.0.0.1:8080'), 'address');
  assert.equal(site('https://[::1]:8443'), 'address');
});

async function started(t: Parameters<typeof startWithPeople>[0]) {
  const all = await startWithPeople(t, { ACERVO_PUBLIC_URL: ORIGIN });
  const browser = (): Browser => new Browser(ORIGIN, all.url);
  return { ...all, browser };
}

type Started = Awaited<ReturnType<typeof started>>;

/** Enrol by a key instead of a code. */
async function enrolByKey({ browser }: Started, link: string, key: SoftwareAuthenticator, used: Used = {}) {
  const by = browser();
  const { pathname, search } = new URL(link);
  const { text } = await by.go(pathname + search);
  const credential = key.create(optionsOn(text), used);
  const fields = { password: PASSWORD, again: PASSWORD, code: '', credential, keyName: 'Llavero' };
  return by.submit(pathname + search, text, fields);
}

/** Up to the question for a key. */
async function askedForKey({ browser }: Started, login: string) {
  const by = browser();
  const form = await by.go('/login');
  const asked = await by.submit(form.path, form.text, { login, password: PASSWORD });
  return { by, path: form.path, asked };
}

async function logInByKey(all: Started, login: string, key: SoftwareAuthenticator, used: Used = {}) {
  const { by, path, asked } = await askedForKey(all, login);
  const credential = key.get(optionsOn(asked.text), used);
  return { by, path, asked, credential, done: await by.submit(path, asked.text, { step: 'key', credential }) };
}

test('enrolled by a key: login, and everything that a key must not do', async (t) => {
  const all = await started(t);
  const { add, db, browser } = all;
  const key = new SoftwareAuthenticator(ORIGIN);
  const chief = await add('jefa', 'site-chief');

  await t.test('made elsewhere, without verification, or for another question, it is refused', async () => {
    for (const used of [
      { origin: 'https://acerv0.hgm.test' },
      { rpId: 'hgm.test' },
      { isVerified: false },
      { challenge: 'A'.repeat(43) },
    ]) {
      const refused = await enrolByKey(all, chief.link, new SoftwareAuthenticator(ORIGIN), used);
      assert.deepEqual([refused.answer.status, /Vuelva a crearla/.test(refused.text)], [400, true]);
    }
    assert.deepEqual(await db.query('select id from webauthn_credential'), []);
  });

  await t.test('it stands for the second factor that the role asks for, with codes of recovery', async () => {
    const done = await enrolByKey(all, chief.link, key);
    assert.match(done.text, /Su cuenta está activa/, done.text);
    assert.equal([...done.text.matchAll(/<li><code>/g)].length, 10);
    const { by } = await logInByKey(all, 'jefa', key);
    assert.equal((await sessionOf(by)).person?.strength, 'second-factor');
    const rows = await db.query<{ methods: string[]; age: number }>(
      `select methods, extract(epoch from now() - authenticated_at)::float8 as age from session where person = $1`,
      [chief.id],
    );
    assert.deepEqual(rows[0]?.methods, ['pwd', 'hwk', 'user', 'mfa']);
    assert.ok(Math.abs(rows[0]?.age ?? Infinity) < 60, `${rows[0]?.age}`);
  });

  await t.test('the page asks with the one script of ours, and nothing else may run there', async () => {
    const { asked } = await askedForKey(all, 'jefa');
    const policy = asked.answer.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'; script-src https:\/\/acervo\.hgm\.test\/login\/webauthn\.js;/);
    assert.match(asked.answer.headers.get('permissions-policy') ?? '', /publickey-credentials-get=\(self\)/);
    assert.doesNotMatch(asked.text, /<script>|onclick=/);
    const script = await browser().ask('/login/webauthn.js');
    assert.equal(script.headers.get('content-type'), 'text/javascript; charset=utf-8');
  });

  await t.test('what was signed elsewhere, unverified or by another key is no login', async () => {
    const stranger = new SoftwareAuthenticator(ORIGIN);
    for (const [by, used] of [
      [key, { origin: 'https://acerv0.hgm.test' }],
      [key, { rpId: 'hgm.test' }],
      [key, { isVerified: false }],
      [stranger, {}],
    ] as const) {
      const refused = await logInByKey(all, 'jefa', by, used);
      assert.deepEqual([refused.done.answer.status, /no fue aceptada/.test(refused.done.text)], [401, true]);
      assert.equal((await sessionOf(refused.by)).person, null);
      // Each failure counts; a right one forgives them.
      assert.notEqual((await sessionOf((await logInByKey(all, 'jefa', key)).by)).person, null);
    }
  });

  await t.test('an answer counts once, and in the login that asked for it', async () => {
    const first = await logInByKey(all, 'jefa', key);
    assert.notEqual((await sessionOf(first.by)).person, null);
    const { by, path, asked } = await askedForKey(all, 'jefa');
    const replayed = await by.submit(path, asked.text, { step: 'key', credential: first.credential });
    assert.equal(replayed.answer.status, 401);
    const other = await askedForKey(all, 'jefa');
    const stolen = key.get(optionsOn(asked.text));
    const foreign = await other.by.submit(other.path, other.asked.text, { step: 'key', credential: stolen });
    assert.equal(foreign.answer.status, 401);
    assert.equal((await sessionOf(other.by)).person, null);
    const late = await askedForKey(all, 'jefa');
    await db.query(`update webauthn_challenge set expires_at = now() - interval '1 s'`);
    const credential = key.get(optionsOn(late.asked.text));
    assert.equal((await late.by.submit(late.path, late.asked.text, { step: 'key', credential })).answer.status, 401);
    await logInByKey(all, 'jefa', key);
  });

  await t.test('a counter that goes back suspends the key, and the journal tells of it', async () => {
    const { done } = await logInByKey(all, 'jefa', key, { counter: 1 });
    assert.equal(done.answer.status, 401);
    const asked = await askedForKey(all, 'jefa');
    assert.equal(optionsOn(asked.asked.text), '', 'it is asked no more');
    const told = await toldOf(db, chief.id);
    const { facts } = told.find(({ kind }) => kind === 'webauthn.suspended') ?? {};
    assert.equal(facts?.['counter'], 1);
  });
});

/** The keys' page, as somebody who has just logged in. */
async function atKeys(by: Browser) {
  const shown = await by.go(KEYS);
  assert.match(shown.text, /Mis llaves/, shown.text);
  return shown.text;
}

const change = (by: Browser, page: string, fields: Record<string, string>, site = 'same-origin') =>
  by.submitAs(KEYS, page, fields, { 'sec-fetch-site': site, origin: ORIGIN });

test('several keys: names, one less, never the last', async (t) => {
  const all = await started(t);
  const { add, db, browser } = all;
  const [first, second] = [new SoftwareAuthenticator(ORIGIN), new SoftwareAuthenticator(ORIGIN)];
  const { id, link } = await add('valida', 'validator');
  await enrolByKey(all, link, first);
  const { by } = await logInByKey(all, 'valida', first);

  await t.test('whoever is not logged in is sent to the login', async () => {
    const answer = await browser().ask(KEYS);
    assert.deepEqual([answer.status, answer.headers.get('location')], [303, '/login?to=/login/keys']);
  });

  await t.test('another site, or a form without our token, changes nothing', async () => {
    const page = await atKeys(by);
    const idOf = first.id.toString('base64url');
    assert.equal((await change(by, page, { step: 'remove', id: idOf }, 'cross-site')).answer.status, 403);
    assert.equal((await change(by, page, { step: 'remove', id: idOf, csrf: 'x' })).answer.status, 403);
    assert.equal((await db.query('select id from webauthn_credential')).length, 1);
  });

  await t.test('the last factor of a role that needs one stays', async () => {
    const page = await atKeys(by);
    const refused = await change(by, page, { step: 'remove', id: first.id.toString('base64url') });
    assert.deepEqual([refused.answer.status, /no puede quitar el último/.test(refused.text)], [409, true]);
  });

  await t.test('a second key, by its name; then the first may go, and logs nobody in', async () => {
    const page = await atKeys(by);
    const credential = second.create(optionsOn(page));
    const added = await change(by, page, { step: 'add', credential, keyName: 'Teléfono <b>' });
    assert.match(added.text, /Teléfono &lt;b&gt;/);
    const again = await change(by, added.text, { step: 'add', credential, keyName: 'otra vez' });
    assert.equal(again.answer.status, 400);
    const removed = await change(by, added.text, { step: 'remove', id: first.id.toString('base64url') });
    assert.doesNotMatch(removed.text, /Llavero/);
    assert.equal((await sessionOf((await logInByKey(all, 'valida', first)).by)).person, null);
    assert.notEqual((await sessionOf((await logInByKey(all, 'valida', second)).by)).person, null);
    const kinds = (await toldOf(db, id)).map(({ kind }) => kind).filter((kind) => kind.startsWith('webauthn'));
    assert.deepEqual(kinds, ['webauthn.registered', 'webauthn.registered', 'webauthn.removed']);
  });

  await t.test('an old session changes nothing: its person logs in anew', async () => {
    await db.query(`update session set authenticated_at = now() - interval '16 min'`);
    assert.equal((await by.ask(KEYS)).headers.get('location'), '/login?to=/login/keys');
  });
});

test('a role that comes later: a key is made before anything else', async (t) => {
  const all = await started(t);
  const { add, people, browser, db } = all;
  const { id, link } = await add('tec', 'technician');
  const { pathname, search } = new URL(link);
  const enrolling = browser();
  const { text } = await enrolling.go(pathname + search);
  await enrolling.submit(pathname + search, text, { password: PASSWORD, again: PASSWORD, code: '' });
  await people.grant((await import('@acervo/testkit/fakes/op.ts')).testOp(), id, 'validator', 'HGM');
  let step = await askedForKey(all, 'tec');
  await until(async () => {
    if (/Configure su segundo factor/.test(step.asked.text)) return true;
    step = await askedForKey(all, 'tec');
    return false;
  });
  assert.notEqual(secretOn(step.asked.text).length, 0, 'or a code');
  const key = new SoftwareAuthenticator(ORIGIN);
  const wrong = key.create(optionsOn(step.asked.text), { origin: 'https://evil.test' });
  const again = await step.by.submit(step.path, step.asked.text, { step: 'setup-key', credential: wrong });
  assert.match(again.text, /Vuelva a crearla/);
  const credential = key.create(optionsOn(again.text));
  await step.by.submit(step.path, again.text, { step: 'setup-key', credential, keyName: '' });
  assert.equal((await sessionOf(step.by)).person?.strength, 'second-factor');
  assert.notEqual((await sessionOf((await logInByKey(all, 'tec', key)).by)).person, null);
  // A link takes everything that was, keys too.
  const relink = new URL(await all.linkFor(id));
  const anew = browser();
  const form = await anew.go(relink.pathname + relink.search);
  const fields = { password: PASSWORD, again: PASSWORD, code: codeNow(secretOn(form.text), -1) };
  await anew.submit(relink.pathname + relink.search, form.text, fields);
  assert.deepEqual(await db.query('select id from webauthn_credential'), []);
});

test('at an address without a name no key is offered, and the page says why', async (t) => {
  const { add, url } = await startWithPeople(t);
  const { link } = await add('jefe', 'site-chief');
  const { pathname, search } = new URL(link);
  const { text, answer } = await new Browser(url).go(pathname + search);
  assert.match(text, /por una dirección IP y no por un nombre/);
  assert.doesNotMatch(text, /<script|data-webauthn/);
  assert.doesNotMatch(answer.headers.get('content-security-policy') ?? '', /script-src/);
});
