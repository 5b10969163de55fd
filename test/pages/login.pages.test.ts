import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeNow, PASSWORD, secretOn } from '@acervo/platform/features/login/login.fixture.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import type { BrowserContext, Page } from 'playwright-core';
import { runAcervo, scratch, startArchive } from '../harness/archive-process.ts';
import {
  accessibilityOf,
  buildPage,
  keepPicture,
  NARROW,
  openPage,
  startBrowser,
  type Watched,
  WIDE,
} from '../harness/browser.ts';
import { associate } from '../harness/sender.ts';

const OHIF_DIR = join(import.meta.dirname, '../../data/ohif');
const ACCESS = { systems: [{ aeTitle: 'CT-HGM', institution: 'HGM' }] };
const DRAWN_MS = 60_000;

test('the first administrator enrols, logs in with a second factor, looks, and leaves', async (t) => {
  if (!needsPeer(t, 'chromium')) return;
  buildPage();
  const folder = scratch(t, 'page-login');
  const dataDir = join(folder, 'data');
  const accessFile = join(folder, 'access.json');
  writeFileSync(accessFile, JSON.stringify(ACCESS));
  const env = { ACERVO_ACCESS: 'enforced', ACERVO_ACCESS_FILE: accessFile, ACERVO_OHIF_DIR: OHIF_DIR };
  const viewer = await runAcervo(dataDir, ['ohif'], env);
  assert.equal(viewer.code, 0, viewer.err);
  let archive = await startArchive(t, dataDir, env);
  const object = smallObject({ name: 'login', study: 1, number: 1, patientName: 'NUÑEZ^BEGOÑA' });
  const association = await associate(archive, [object], 'CT-HGM');
  assert.equal((await association.store(object)).status, 0x0000);
  await association.release();
  const enrol = await runAcervo(dataDir, ['login', 'enrol', '--administrator', '--json'], env);
  assert.equal(enrol.code, 0, enrol.err);
  const { administratorEnrolment } = JSON.parse(enrol.out) as { administratorEnrolment: string };
  const { pathname, search } = new URL(administratorEnrolment);

  const context = await startBrowser(t);
  const ours = ['/', '/assets', '/dicom-web', '/api', '/login', '/oidc', '/ohif', '/logout', '/activity'];
  const { page, troubles } = await openPage(context, archive.http, ours);
  let secret: Buffer = Buffer.alloc(0);

  await t.test('enrolment', async () => {
    secret = await enrolAt(page, archive.http + pathname + search);
  });

  // Who administers sees no images by that: two roles, so two purposes to choose between.
  const granted = await runAcervo(dataDir, ['directory', 'roles', 'grant', 'begona', 'radiologist', 'HGM'], env);
  assert.equal(granted.code, 0, granted.err);

  await t.test('the page asks who one is', async () => {
    troubles.length = 0;
    await page.goto(archive.http);
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('link', { name: 'Iniciar sesión' }).waitFor();
    assert.deepEqual(await accessibilityOf(page), []);
    await keepPicture(page, 'login-4-asked');
    assert.ok(
      troubles.every(({ text }) => /401/.test(text)),
      JSON.stringify(troubles),
    );
    await dialog.getByRole('link', { name: 'Iniciar sesión' }).click();
    await page.getByLabel('Usuario').waitFor();
    troubles.length = 0;
  });

  await t.test('password, code, studies', async () => {
    await page.getByLabel('Usuario').fill('begona');
    await page.getByLabel('Contraseña').fill('no es esta frase larga');
    await page.getByRole('button', { name: 'Entrar' }).click();
    await page.getByText('no son correctos').waitFor();
    assert.equal(await page.getByLabel('Usuario').inputValue(), 'begona');
    assert.deepEqual(await accessibilityOf(page), []);
    await keepPicture(page, 'login-5-wrong');
    troubles.length = 0;
    await page.getByLabel('Contraseña').fill(PASSWORD);
    await page.getByRole('button', { name: 'Entrar' }).click();
    await page.getByLabel('Código').waitFor();
    assert.deepEqual(await accessibilityOf(page), []);
    await keepPicture(page, 'login-6-code');
    await page.getByLabel('Código').fill(codeNow(secret));
    await page.getByRole('button', { name: 'Confirmar' }).click();
    await page.getByText('NUÑEZ, BEGOÑA').waitFor();
    await keepPicture(page, 'login-7-studies');
    assert.deepEqual(troubles, []);
  });

  await t.test('who am I', () => lookAtSession(page, context));

  await t.test('OHIF works with the cookie, which it cannot read', () =>
    lookInOhif({ page, troubles }, context, archive.http),
  );

  await t.test('the session outlives a server that is killed', async () => {
    const port = new URL(archive.http).port;
    await archive.kill();
    archive = await startArchive(t, dataDir, { ...env, ACERVO_HTTP_PORT: port });
    await page.goto(archive.http);
    await page.getByText('NUÑEZ, BEGOÑA').waitFor();
    await page.getByRole('button', { name: 'Sesión de Begoña Ruiz' }).waitFor();
  });

  await t.test('leaving', async () => {
    await page.getByRole('button', { name: 'Sesión de Begoña Ruiz' }).click();
    await page.getByRole('button', { name: 'Cerrar sesión' }).click();
    await page.getByRole('dialog').getByRole('link', { name: 'Iniciar sesión' }).waitFor();
    assert.equal(await page.getByText('NUÑEZ, BEGOÑA').count(), 0);
    await keepPicture(page, 'login-11-left');
    const status = await page.evaluate(async () => (await fetch('/dicom-web/studies')).status);
    assert.equal(status, 401);
    assert.deepEqual(
      (await context.cookies()).filter(({ name }) => name === 'acervo'),
      [],
    );
  });

  await t.test('what was typed is in no log', () => {
    const log = archive.logText();
    for (const typed of [PASSWORD, 'no es esta frase', 'begona', secret.toString('hex'), search.slice(6)]) {
      assert.ok(!log.includes(typed), typed);
    }
  });
});

/** @returns the secret of the second factor */
async function enrolAt(page: Page, url: string): Promise<Buffer> {
  await page.goto(url);
  await page.getByLabel('Nombre completo').fill('Begoña Ruiz');
  await page.getByLabel('Código de su institución').fill('HGM');
  await page.getByLabel('Usuario').fill('begona');
  await page.getByLabel('Contraseña', { exact: true }).fill(PASSWORD);
  await page.getByLabel('Repita la contraseña').fill(PASSWORD);
  const secret = secretOn(await page.content());
  await page.getByLabel('Código', { exact: true }).fill('000000');
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'login-1-enrol');
  await page.getByRole('button', { name: 'Activar' }).click();
  await page.getByRole('alert').waitFor();
  await keepPicture(page, 'login-2-enrol-trouble');
  assert.deepEqual(secretOn(await page.content()), secret);
  await page.getByLabel('Contraseña', { exact: true }).fill(PASSWORD);
  await page.getByLabel('Repita la contraseña').fill(PASSWORD);
  await page.getByLabel('Código', { exact: true }).fill(codeNow(secret, -1));
  await page.getByRole('button', { name: 'Activar' }).click();
  await page.getByRole('heading', { name: 'Su cuenta está activa' }).waitFor();
  assert.equal(await page.locator('.codes li').count(), 10);
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'login-3-recovery-codes');
  return secret;
}

/** The header's menu, at both widths, and what of the session a script of the page can see. */
async function lookAtSession(page: Page, context: BrowserContext): Promise<void> {
  await page.getByRole('button', { name: 'Sesión de Begoña Ruiz' }).click();
  await page.getByText('Sesión iniciada con segundo factor').waitFor();
  await page.getByText('Radiología, Administración').waitFor();
  assert.equal(await page.getByRole('link', { name: 'Mis llaves' }).getAttribute('href'), '/login/keys');
  await page.getByLabel('Finalidad').selectOption({ label: 'Operación del servicio' });
  // What is chosen stands there when the archive has taken it.
  await page.locator('select:has(option[value="OPERATIONS"]:checked)').waitFor();
  await page.getByText('NUÑEZ, BEGOÑA').waitFor();
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'login-8-who');
  await page.keyboard.press('Escape');
  await page.setViewportSize(NARROW);
  await keepPicture(page, 'login-9-narrow');
  await page.setViewportSize(WIDE);
  const script = await page.evaluate(
    () => `${document.cookie} ${JSON.stringify({ ...localStorage, ...sessionStorage })}`,
  );
  const cookies = await context.cookies();
  const session = cookies.find(({ name }) => name === 'acervo');
  assert.deepEqual([session?.httpOnly, session?.sameSite, session?.path], [true, 'Lax', '/']);
  assert.ok(!script.includes(session?.value ?? 'none'), 'no script reads it');
}

async function lookInOhif({ page, troubles }: Watched, context: BrowserContext, http: string): Promise<void> {
  await context.addInitScript(() => {
    const year = new Date(Date.now() + 31_536_000_000).toISOString();
    localStorage.setItem('investigationalUseDialog', JSON.stringify({ expiryDate: year }));
  });
  await page.goto(`${http}/ohif/`);
  await page.getByText('OT', { exact: true }).first().waitFor({ timeout: DRAWN_MS });
  await keepPicture(page, 'login-10-ohif');
  assert.deepEqual(troubles, []);
  // It has a cookie of its own, for its language.
  assert.doesNotMatch(await page.evaluate(() => document.cookie), /acervo/);
  const change = await page.evaluate(async () => (await fetch('/dicom-web/studies', { method: 'POST' })).status);
  assert.equal(change, 403, 'nothing is changed by the cookie alone');
}

test('under open access the page says so, and nobody logs in', async (t) => {
  if (!needsPeer(t, 'chromium')) return;
  buildPage();
  const archive = await startArchive(t, join(scratch(t, 'page-open'), 'data'));
  const context = await startBrowser(t);
  const { page, troubles } = await openPage(context, archive.http, ['/', '/assets', '/dicom-web', '/api']);
  await page.goto(archive.http);
  await page.getByText('Acceso abierto (demostración)').waitFor();
  assert.equal(await page.getByText('Iniciar sesión').count(), 0);
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'login-12-open');
  assert.deepEqual(troubles, []);
});
