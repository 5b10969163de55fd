import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { Browser, codeNow, enrolBy, logIn, PASSWORD, secretOn, sessionOf } from './login.fixture.ts';
import { startWithPeople, until } from './people.fixture.ts';

test('who needs a second factor, what counts as one, and how often', async (t) => {
  const { url, db, people, first, add, linkFor } = await startWithPeople(t);

  await t.test('a code counts once, one of recovery too', async () => {
    const code = codeNow(first.secret);
    assert.notEqual((await sessionAfter(url, 'ana', code)).person, null);
    const replayed = new Browser(url);
    const refused = await logIn(replayed, 'ana', code);
    assert.deepEqual([refused.answer.status, /ya se usó/.test(refused.text)], [401, true]);
    assert.equal((await sessionOf(replayed)).person, null);
    const recovery = first.recovery[3] ?? '';
    assert.notEqual((await sessionAfter(url, 'ana', recovery.toUpperCase().replaceAll('-', ' '))).person, null);
    assert.equal((await sessionAfter(url, 'ana', recovery)).person, null);
  });

  await t.test('a technician logs in by password alone', async () => {
    const { link } = await add('tec', 'technician');
    const enrolled = await enrolBy(url, link, { code: '' });
    assert.equal(enrolled.recovery.length, 0);
    assert.equal((await sessionAfter(url, 'tec')).person?.strength, 'password');
    // As it is typed elsewhere: capitals count for nothing in a login.
    assert.notEqual((await sessionAfter(url, 'TEC')).person, null);
  });

  await t.test('whoever approves must have one: at enrolment, and when the role comes later', async () => {
    const chief = await add('jefa', 'site-chief');
    const without = await enrolBy(url, chief.link, { code: '' });
    assert.match(without.text, /no es el que muestra/);
    const tec = people.directory.personByLogin('tec')?.id ?? '';
    await people.grant(testOp(), tec, 'validator', 'HGM');
    const browser = new Browser(url);
    let form = await browser.go('/login');
    let setup = await browser.submit(form.path, form.text, { login: 'tec', password: PASSWORD });
    await until(async () => {
      if (/Configure su segundo factor/.test(setup.text)) return true;
      form = await browser.go('/login');
      setup = await browser.submit(form.path, form.text, { login: 'tec', password: PASSWORD });
      return false;
    });
    assert.equal((await sessionOf(new Browser(url))).person, null);
    const secret = secretOn(setup.text);
    const wrong = await browser.submit(form.path, setup.text, { code: '000000' });
    assert.deepEqual(secretOn(wrong.text), secret, 'the telephone has it already');
    await browser.submit(form.path, wrong.text, { code: codeNow(secret, -1) });
    assert.equal((await sessionOf(browser)).person?.strength, 'second-factor');
    assert.equal((await sessionAfter(url, 'tec', codeNow(secret))).person?.strength, 'second-factor');
  });

  await t.test('a new link takes everything that was: password, sessions, codes', async () => {
    const { id, link } = await add('rad', 'radiologist');
    await enrolBy(url, link, { code: '' });
    const browser = new Browser(url);
    await logIn(browser, 'rad');
    assert.notEqual((await sessionOf(browser)).person, null);
    const password = 'otra frase, también larga';
    await enrolBy(url, await linkFor(id), { code: '', password, again: password });
    assert.equal((await sessionOf(browser)).person, null);
    assert.equal((await sessionAfter(url, 'rad')).person, null);
    const anew = new Browser(url);
    await logIn(anew, 'rad', undefined, password);
    assert.notEqual((await sessionOf(anew)).person, null);
  });

  await t.test('what is kept can be read by nobody', async () => {
    const rows = await db.query<{ password: string; totp: Uint8Array | null }>(
      'select password, totp_secret as totp from login_credential',
    );
    assert.ok(rows.length >= 3);
    for (const { password, totp } of rows) {
      assert.match(password, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      assert.ok(totp === null || !Buffer.from(totp).includes(first.secret));
    }
  });
});

async function sessionAfter(url: string, login: string, code?: string) {
  const browser = new Browser(url);
  await logIn(browser, login, code);
  return sessionOf(browser);
}

test('a ticket of one login is no ticket of another', async (t) => {
  const { url } = await startWithPeople(t);
  const one = new Browser(url);
  const form = await one.go('/login');
  const asked = await one.submit(form.path, form.text, { login: 'ana', password: PASSWORD });
  assert.match(asked.text, /Segundo factor/);
  const other = new Browser(url);
  const otherForm = await other.go('/login');
  const ticket = /name="ticket" value="([^"]+)"/.exec(asked.text)?.[1] ?? '';
  const stolen = await other.submit(otherForm.path, otherForm.text, { step: 'code', ticket, code: '123456' });
  assert.match(stolen.text, /Pasó demasiado tiempo/);
  // An interaction is of the browser that began it.
  const foreign = await new Browser(url).go(new URL(form.path).pathname);
  assert.deepEqual([foreign.answer.status, /caducó/.test(foreign.text)], [400, true]);
});
