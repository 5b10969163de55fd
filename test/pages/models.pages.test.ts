import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MODEL, registered } from '@acervo/platform/features/governance/governance.fixture.ts';
import { approveOver, personOf, signerOf } from '@acervo/platform/features/governance/signers.fixture.ts';
import { startWithPeople } from '@acervo/platform/features/login/people.fixture.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import type { BrowserContext, Page } from 'playwright-core';
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

const OURS = ['/', '/modelos', '/assets', '/api'];
const CLINICAL = { model: 'mx.ssa.mamografia', version: '2.1.0' };
const VERSION = `/api/models/${MODEL.model}/versions/${MODEL.version}`;
const ADDRESS = `/modelos?model=${MODEL.model}&version=${MODEL.version}`;

type Started = Awaited<ReturnType<typeof startWithPeople>>;
type Somebody = Awaited<ReturnType<typeof personOf>>;
type Given = { started: Started; context: BrowserContext };

/** The browser is whoever logged in before. */
async function as({ started: { url }, context }: Given, who: Somebody, path: string): Promise<Watched> {
  await context.clearCookies();
  await context.addCookies([{ name: 'acervo', value: who.cookie(), url, httpOnly: true, sameSite: 'Lax' }]);
  const watched = await openPage(context, url, OURS);
  await watched.page.goto(url + path);
  return watched;
}

const step = (page: Page, name: string) => page.locator('details.model-step').filter({ hasText: name }).first();

async function bothWidths(page: Page, name: string): Promise<void> {
  for (const [width, size] of [
    ['1440', WIDE],
    ['390', NARROW],
  ] as const) {
    await page.setViewportSize(size);
    assert.deepEqual(await accessibilityOf(page), [], `${name} ${width}`);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `${name} is ${overflow} px wider than ${width}`);
    await keepPicture(page, `${name}-${width}`);
  }
  await page.setViewportSize(WIDE);
}

async function listOfModels(given: Given, who: Somebody): Promise<void> {
  const { page, troubles } = await as(given, who, '/modelos');
  await page.getByRole('link', { name: 'Opacidad' }).first().waitFor();
  await page.getByText('Recibido', { exact: true }).first().waitFor();
  await bothWidths(page, 'models');
  await page.locator('tr', { hasText: CLINICAL.model }).getByRole('link').click();
  await step(page, 'Documentado').getByText('El archivo aún no puede comprobarlo').first().waitFor();
  await page.getByText('Nadie ha firmado todavía').waitFor();
  await bothWidths(page, 'model-clinical');
  assert.deepEqual(troubles, []);
  await page.close();
}

/** By a key that the browser makes, and keeps for the next time. */
async function approvalInTheBrowser(given: Given, who: Somebody): Promise<void> {
  const { page, troubles } = await as(given, who, ADDRESS);
  const demonstration = step(page, 'Demostración');
  await demonstration.getByText('Firmas pendientes: 3').waitFor();
  await demonstration.getByRole('button', { name: 'Aprobar con mi firma' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Conflicto de interés').waitFor();
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'sign-1-conflict-1440');
  await dialog.getByLabel('Tengo uno y lo declaro').check();
  await dialog.getByLabel('En qué consiste').fill('Di un curso pagado por el proveedor en 2025.');
  await dialog.getByRole('button', { name: 'Ver lo que voy a firmar' }).click();
  await dialog.getByText('Di un curso pagado por el proveedor en 2025.').first().waitFor();
  await dialog.getByText('Recibido → Demostración').waitFor();
  await dialog.getByText('Texto exacto que se firma').click();
  const text = await dialog.locator('pre').textContent();
  assert.match(text ?? '', /"t":"aprobacion\/v1"/);
  await bothWidths(page, 'sign-2-text');
  await dialog.getByRole('button', { name: 'Firmar y enviar' }).click();
  await dialog.waitFor({ state: 'detached' });
  await demonstration.getByText('Firmas pendientes: 2').waitFor();
  await page.getByText('Vale para el paso').waitFor();
  assert.equal(await demonstration.getByRole('button', { name: 'Aprobar con mi firma' }).count(), 0, 'once each');
  assert.deepEqual(troubles, []);
  const kept = await page.evaluate(async () => {
    const opening = indexedDB.open('acervo');
    await new Promise((done) => opening.addEventListener('success', done));
    const asked = opening.result.transaction('approver-keys').objectStore('approver-keys').getAll();
    await new Promise((done) => asked.addEventListener('success', done));
    const [{ privateKey }] = asked.result as [{ privateKey: CryptoKey }];
    const taken = await crypto.subtle.exportKey('pkcs8', privateKey).then(
      () => 'taken',
      () => 'refused',
    );
    return { algorithm: privateKey.algorithm.name, isExtractable: privateKey.extractable, taken };
  });
  assert.deepEqual(kept, { algorithm: 'Ed25519', isExtractable: false, taken: 'refused' });
  await page.close();
}

async function stepAndStop(given: Given, authority: Somebody): Promise<void> {
  const { page, troubles } = await as(given, authority, ADDRESS);
  const demonstration = step(page, 'Demostración');
  await demonstration.getByText('Nada lo impide').waitFor();
  await demonstration.getByRole('button', { name: 'Dar el paso' }).click();
  let dialog = page.getByRole('dialog');
  await dialog.getByLabel('Motivo').fill('Comité del 30 de noviembre.');
  await dialog.getByRole('button', { name: 'Dar el paso' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('Recibido → Demostración').waitFor();
  await page.getByText('Ya se usó en su paso').first().waitFor();
  await bothWidths(page, 'model-demonstration');
  await page.getByRole('button', { name: 'Suspender' }).first().click();
  dialog = page.getByRole('dialog');
  await dialog.getByLabel('Motivo').fill('Alerta del proveedor.');
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'model-suspend-1440');
  await dialog.getByRole('button', { name: 'Suspender' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('Demostración → Suspendido').waitFor();
  await page.getByText('Alerta del proveedor.').waitFor();
  assert.deepEqual(troubles, []);
  await page.close();
}

/** Who brought the model signs and is told by which rule it does not count. */
async function refusedByRule(given: Given, developer: Somebody): Promise<void> {
  const { page } = await as(given, developer, ADDRESS);
  await step(page, 'Demostración').getByRole('button', { name: 'Aprobar con mi firma' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Ninguno').check();
  await dialog.getByRole('button', { name: 'Ver lo que voy a firmar' }).click();
  await dialog.getByRole('button', { name: 'Firmar y enviar' }).click();
  await dialog.getByText('Quien desarrolla o entrega un modelo no lo aprueba').waitFor();
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'sign-3-refused-1440');
  await page.close();
}

test('models: where they stand, approved by a key of the browser, stopped by who may', async (t) => {
  if (!needsPeer(t, 'chromium')) return;
  buildPage();
  const started = await startWithPeople(t);
  const developer = await personOf(started, 'dev', 'validator', '*');
  await registered(started.db, MODEL, { by: developer.id });
  await registered(started.db, CLINICAL, { useStatus: 'clinico' });
  for (const { model, version } of [MODEL, CLINICAL]) {
    const path = `/api/models/${model}/versions/${version}/transitions`;
    const received = await developer.ask('POST', path, { to: 'recibido', reason: 'Entrega del proveedor.' });
    assert.equal(received.status, 200, JSON.stringify(received.body));
  }
  const validator = await personOf(started, 'val', 'validator', '*');
  const authority = await signerOf(started, 'aut', 'authority', '*');
  const officer = await signerOf(started, 'opd', 'data-protection-officer', '*');
  const given = { started, context: await startBrowser(t) };

  await t.test('the list, and what stands against a clinical one', () => listOfModels(given, validator));
  await t.test('who brought it is refused, in words', () => refusedByRule(given, developer));
  await t.test('an approval', () => approvalInTheBrowser(given, validator));
  const asked = 'to=demostracion&role=';
  assert.equal((await approveOver(authority, VERSION, `${asked}authority`)).status, 200);
  assert.equal((await approveOver(officer, VERSION, `${asked}data-protection-officer`)).status, 200);
  await t.test('a step, and a stop', () => stepAndStop(given, authority));
});
