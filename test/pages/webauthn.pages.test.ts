import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { PASSWORD } from '@acervo/platform/features/login/login.fixture.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { runAcervo, scratch, startArchive } from '../harness/archive-process.ts';
import { accessibilityOf, buildPage, keepPicture, openPage, startBrowser, type Trouble } from '../harness/browser.ts';
import { freePort } from '../harness/orthanc.ts';

const OURS = ['/', '/assets', '/dicom-web', '/api', '/login', '/oidc', '/logout'];

/** Chromium's own authenticator in software (CDP WebAuthn): it answers as a security key that was touched. */
async function pluggedIn(page: Page): Promise<{ client: CDPSession; authenticatorId: string }> {
  const client = await page.context().newCDPSession(page);
  await client.send('WebAuthn.enable');
  const { authenticatorId } = await client.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'usb',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { client, authenticatorId };
}

/** What the policies of our own pages kept our own pages from. */
const refusals = (troubles: readonly Trouble[]): Trouble[] =>
  troubles.filter(({ kind, text }) => kind === 'error' || kind === 'elsewhere' || /policy|Refused/i.test(text));

async function askedForKey(page: Page, http: string): Promise<void> {
  await page.goto(`${http}/login`);
  await page.getByLabel('Usuario').fill('begona');
  await page.getByLabel('Contraseña').fill(PASSWORD);
  await page.getByRole('button', { name: 'Entrar' }).click();
  await page.getByRole('heading', { name: 'Segundo factor' }).waitFor();
}

/** What the page would send, without sending it. */
const captured = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const button = document.querySelector<HTMLButtonElement>('button[data-webauthn]');
    const form = button?.form;
    if (!button || !form) return '';
    const { promise, resolve } = Promise.withResolvers<string>();
    form.submit = () => resolve((form.elements.namedItem('credential') as HTMLInputElement).value);
    button.click();
    return promise;
  });

async function sent(page: Page, credential: string): Promise<void> {
  await page.evaluate((value) => {
    const form = document.querySelector<HTMLButtonElement>('button[data-webauthn]')?.form;
    if (!form) return;
    (form.elements.namedItem('credential') as HTMLInputElement).value = value;
    HTMLFormElement.prototype.submit.call(form);
  }, credential);
}

/** Asked beside the page, whose policy lets it fetch nothing. */
async function whoIs(page: Page, http: string): Promise<{ strength: string } | null> {
  const answer = await page.context().request.get(`${http}/api/session`);
  return ((await answer.json()) as { person: { strength: string } | null }).person;
}

test('passkeys in a browser: enrolment, login, what is replayed or of elsewhere, a key that is removed', async (t) => {
  if (!needsPeer(t, 'chromium')) return;
  buildPage();
  const dataDir = join(scratch(t, 'page-webauthn'), 'data');
  const port = await freePort();
  const http = `http://localhost:${port}`;
  const env = { ACERVO_ACCESS: 'enforced', ACERVO_HTTP_PORT: `${port}`, ACERVO_PUBLIC_URL: http };
  const archive = await startArchive(t, dataDir, env);
  const context = await startBrowser(t);
  const { page, troubles } = await openPage(context, http, OURS);
  const { client, authenticatorId } = await pluggedIn(page);
  const link = await enrolmentLink(dataDir, env);

  await t.test('enrolment by a key instead of a code', async () => {
    await page.goto(http + link);
    await page.getByLabel('Nombre completo').fill('Begoña Ruiz');
    await page.getByLabel('Código de su institución').fill('HGM');
    await page.getByLabel('Usuario').fill('begona');
    await page.getByLabel('Contraseña', { exact: true }).fill(PASSWORD);
    await page.getByLabel('Repita la contraseña').fill(PASSWORD);
    await page.getByLabel('Nombre de la llave (opcional)').fill('Llavero');
    assert.deepEqual(await accessibilityOf(page), []);
    await keepPicture(page, 'webauthn-1-enrol');
    await page.getByRole('button', { name: 'Crear una llave' }).click();
    await page.getByRole('heading', { name: 'Su cuenta está activa' }).waitFor();
    assert.equal(await page.locator('.codes li').count(), 10);
    assert.deepEqual(refusals(troubles), []);
  });

  await t.test('login: password, key', async () => {
    await askedForKey(page, http);
    assert.deepEqual(await accessibilityOf(page), []);
    await keepPicture(page, 'webauthn-2-asked');
    await page.getByRole('button', { name: 'Usar mi llave' }).click();
    await page.waitForURL(`${http}/`);
    assert.equal((await whoIs(page, http))?.strength, 'second-factor');
    assert.deepEqual(refusals(troubles), []);
  });

  await t.test('an answer that was sent once is refused, and one that nobody verified', async () => {
    await context.clearCookies();
    await askedForKey(page, http);
    const credential = await captured(page);
    await sent(page, credential);
    await page.waitForURL(`${http}/`);
    assert.notEqual(await whoIs(page, http), null);
    await context.clearCookies();
    await askedForKey(page, http);
    await sent(page, credential);
    await page.getByText('La llave no fue aceptada').waitFor();
    assert.deepEqual(await accessibilityOf(page), []);
    await keepPicture(page, 'webauthn-3-refused');
    await client.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await page.getByRole('button', { name: 'Usar mi llave' }).click();
    await page.getByText('El navegador no obtuvo la llave').waitFor();
    await client.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
    assert.equal(await whoIs(page, http), null);
    troubles.length = 0;
  });

  await t.test('another origin is not offered keys, and a browser gives it none', () =>
    elsewhere(context, archive.http),
  );

  await t.test('a second key is added, the first one removed, and lets nobody in', async () => {
    await askedForKey(page, http);
    await page.getByRole('button', { name: 'Usar mi llave' }).click();
    await page.waitForURL(`${http}/`);
    await page.goto(`${http}/login/keys`);
    await page.getByText('Llavero', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Quitar la llave «Llavero»' }).click();
    await page.getByText('no puede quitar el último').waitFor();
    assert.deepEqual(await accessibilityOf(page), []);
    await keepPicture(page, 'webauthn-4-keys');
    // Another authenticator: the first one says that it is registered.
    await client.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
    await pluggedIn(page);
    await page.getByLabel('Nombre de la llave (opcional)').fill('Teléfono');
    await page.getByRole('button', { name: 'Crear una llave' }).click();
    await page.getByText('Teléfono', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Quitar la llave «Llavero»' }).click();
    await page.getByText('Llavero', { exact: true }).waitFor({ state: 'detached' });
    await keepPicture(page, 'webauthn-5-one-less');
    await context.clearCookies();
    await askedForKey(page, http);
    const { allowCredentials } = await page.evaluate(
      () =>
        JSON.parse(document.querySelector<HTMLButtonElement>('button[data-webauthn]')?.dataset['options'] ?? '{}') as {
          allowCredentials: unknown[];
        },
    );
    assert.equal(allowCredentials.length, 1);
    await page.getByRole('button', { name: 'Usar mi llave' }).click();
    await page.waitForURL(`${http}/`);
    assert.notEqual(await whoIs(page, http), null);
  });
});

async function enrolmentLink(dataDir: string, env: Record<string, string>): Promise<string> {
  const { code, out, err } = await runAcervo(dataDir, ['login', 'enrol', '--administrator', '--json'], env);
  assert.equal(code, 0, err);
  const { administratorEnrolment } = JSON.parse(out) as { administratorEnrolment: string };
  const { pathname, search } = new URL(administratorEnrolment);
  return pathname + search;
}

/** The same archive by its address: another origin, whose pages cannot ask for keys of the name. */
async function elsewhere(context: BrowserContext, http: string): Promise<void> {
  const page = await context.newPage();
  await pluggedIn(page);
  await page.goto(`${http.replace('localhost', '127.0.0.1')}/login/webauthn.js`);
  const outcome = await page.evaluate(async () => {
    const challenge = new Uint8Array(32);
    const publicKey = { challenge, rpId: 'localhost', userVerification: 'required' as const };
    return navigator.credentials.get({ publicKey }).then(
      () => 'given',
      (thrown: unknown) => (thrown instanceof DOMException ? thrown.name : 'other'),
    );
  });
  assert.match(outcome, /SecurityError|NotAllowedError/);
  await page.close();
}
