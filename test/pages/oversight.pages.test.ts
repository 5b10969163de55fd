import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { SessionRole } from '@acervo/interop/console/session.ts';
import { keyName, provePossession } from '@acervo/model/lifecycle/approval.ts';
import {
  type Served,
  SITE,
  serveAssessed,
  storeChest,
  type Who,
} from '@acervo/platform/features/assessment/serve.fixture.ts';
import { DEMO_MODEL } from '@acervo/platform/features/models/demo-model.fixture.ts';
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

const OURS = ['/', '/modelos', '/incidentes', '/assets', '/api'];
const LATE_MS = 45_000;
const TEXT = 'No marcó un neumotórax.';

type Given = { served: Served; context: BrowserContext; url: string };

/** The server of these tests knows people by a header, so the page is told apart who has logged in. */
async function as({ served, context, url }: Given, who: Who, role: SessionRole, path: string): Promise<Watched> {
  const watched = await openPage(context, url, OURS);
  const person = {
    id: served.ids.get(who) ?? '',
    name: `Persona ${who}`,
    login: who,
    roles: [role],
    institution: SITE,
    institutions: [SITE],
    purpose: 'TREATMENT',
    purposes: ['TREATMENT'],
    strength: 'second-factor',
    csrf: 'x',
  };
  await watched.page.setExtraHTTPHeaders({ authorization: `Person ${who}` });
  await watched.page.route('**/api/session', (route) => route.fulfill({ json: { access: 'enforced', person } }));
  await watched.page.goto(url + path);
  return watched;
}

async function bothWidths(page: Page, name: string): Promise<void> {
  for (const [width, size] of [
    ['390', NARROW],
    ['1440', WIDE],
  ] as const) {
    await page.setViewportSize(size);
    assert.deepEqual(await accessibilityOf(page), [], `${name} ${width}`);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `${name} is ${overflow} px wider than ${width}`);
    await keepPicture(page, `${name}-${width}`);
  }
}

type Told = { incidents: { state: string; steps: { to: string; cause: string | null; note: string }[] }[] };

/** By the chief of the site, from its report to its end, and again. */
async function followed(given: Given): Promise<void> {
  const { page, troubles } = await as(given, 'chief', 'site-chief', '/modelos');
  await page.getByRole('link', { name: 'Incidentes con IA' }).click();
  const one = page.getByRole('article');
  await one.getByText(TEXT).waitFor();
  await one.getByText('Abierto', { exact: true }).waitFor();
  await bothWidths(page, 'incidents-1-open');
  const dialog = page.getByRole('dialog');
  const step = async (name: string, note: [label: string, text: string]): Promise<void> => {
    await one.getByRole('button', { name }).click();
    await dialog.getByLabel(note[0]).fill(note[1]);
  };
  const send = async (name: string): Promise<void> => {
    await dialog.getByRole('button', { name, exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
  };
  await step('Investigar', ['Nota', 'Lo reviso con las imágenes.']);
  await send('Investigar');
  await one.getByText('Investiga: Persona chief').waitFor();
  await step('Cerrar con hallazgo', ['Qué se encontró', 'La placa estaba girada.']);
  await dialog.getByLabel('Los datos o imágenes que recibió').check();
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'incidents-2-close-1440');
  await dialog.getByRole('button', { name: 'Cerrar con hallazgo' }).click();
  assert.equal((await toldOf(given)).state, 'investigating', 'a fault is not closed without what was done');
  await dialog.getByLabel('Qué se hizo').fill('Se corrigió el equipo.');
  await send('Cerrar con hallazgo');
  await page.getByText('No hay incidentes por atender').waitFor();
  await page.getByText('Todos (1)').click();
  await one.getByText('Cerrado', { exact: true }).first().waitFor();
  await one.getByText('Los datos o imágenes que recibió').waitFor();
  await step('Reabrir', ['Por qué se reabre', 'Volvió a ocurrir.']);
  await send('Reabrir');
  await one.getByText('Volvió a ocurrir.').waitFor();
  await bothWidths(page, 'incidents-3-reopened');
  const { state, steps } = await toldOf(given);
  assert.equal(state, 'open');
  assert.deepEqual(
    steps.map(({ to, cause }) => [to, cause]),
    [
      ['investigating', null],
      ['closed', 'data'],
      ['open', null],
    ],
  );
  assert.deepEqual(troubles, []);
  await page.close();
}

async function toldOf({ served }: Given): Promise<Told['incidents'][number]> {
  const { body } = await served.json<Told>('chief', 'GET', '/api/ai/incidents');
  assert.equal(body.incidents.length, 1);
  return body.incidents[0] as Told['incidents'][number];
}

/** Who may read and no more is offered no step, and the file. */
async function readOnly(given: Given): Promise<void> {
  const { page, troubles } = await as(given, 'officer', 'data-protection-officer', '/incidentes');
  const one = page.getByRole('article');
  await one.getByText(TEXT).waitFor();
  assert.equal(await one.getByRole('button').count(), 0);
  const href = await one.getByRole('link', { name: 'Descargar expediente' }).getAttribute('href');
  const answer = await given.served.ask('officer', 'GET', href ?? '');
  assert.match(answer.headers.get('content-disposition') ?? '', /^attachment; filename="incident-.*\.zip"$/);
  await answer.body?.cancel();
  assert.deepEqual(troubles, []);
  await page.close();
}

/** A key as another browser of the same person has enrolled it. */
async function enrolled({ served }: Given): Promise<string> {
  const { publicKey, privateKey } = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  const key = await keyName(publicKey);
  const at = new Date().toISOString();
  const proof = await provePossession({ persona: served.ids.get('chief') ?? '', llave: key, momento: at }, privateKey);
  assert.equal((await served.json('chief', 'POST', '/api/approver-keys', { key, at, proof })).status, 200);
  return key;
}

type Keys = { keys: { key: string; revokedAt: string | null }[] };

async function keys(given: Given): Promise<void> {
  const key = await enrolled(given);
  const { page, troubles } = await as(given, 'chief', 'site-chief', '/modelos');
  const own = page.locator('section', { has: page.getByRole('heading', { name: 'Mis llaves de aprobación' }) });
  await own.getByText('De otro navegador, o en un archivo').waitFor();
  await bothWidths(page, 'keys-1');
  await own.getByRole('button', { name: `Retirar la llave ${key.slice(0, 16)}` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Motivo').fill('Perdí la computadora.');
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'keys-2-retire-1440');
  await dialog.getByRole('button', { name: 'Retirar' }).click();
  await dialog.waitFor({ state: 'detached' });
  await own.getByText('Retirada:').waitFor();
  assert.equal(await own.getByRole('button').count(), 0);
  const { body } = await given.served.json<Keys>('chief', 'GET', '/api/approver-keys');
  assert.notEqual(body.keys.find((each) => each.key === key)?.revokedAt ?? null, null);
  assert.deepEqual(troubles, []);
  await page.close();
}

/** Who reads there may, as well as the chief; who has no such office is offered nothing. */
async function stop(given: Given): Promise<void> {
  const technician = await as(given, 'technician', 'technician', '/modelos');
  await technician.page.getByRole('link', { name: 'Opacidad' }).first().waitFor();
  await technician.page.waitForLoadState('networkidle');
  assert.equal(await technician.page.getByText('Detener toda la IA').count(), 0);
  assert.equal(await technician.page.getByText('Mis llaves').count(), 0);
  await technician.page.close();
  const { page, troubles } = await as(given, 'radiologist', 'radiologist', '/modelos');
  const button = page.getByRole('button', { name: `Detener toda la IA de ${SITE}` });
  await button.waitFor();
  await bothWidths(page, 'stop-1');
  await button.click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Motivo').fill('Falla de la red del hospital.');
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'stop-2-sure-1440');
  await dialog.getByRole('button', { name: 'Detener', exact: true }).click();
  assert.notEqual(await stateOf(given), 'suspendido', 'not before it was confirmed');
  await dialog.getByLabel('Sí, detener toda la IA').check();
  await dialog.getByRole('button', { name: 'Detener', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await button.waitFor({ state: 'detached' });
  assert.equal(await stateOf(given), 'suspendido');
  assert.deepEqual(troubles, []);
  await page.close();
}

async function stateOf({ served }: Given): Promise<string | undefined> {
  const path = `/api/models/${DEMO_MODEL.model}/versions/${DEMO_MODEL.version}/state`;
  type State = { sites: { site: string; state: string }[] };
  const { body } = await served.json<State>('chief', 'GET', path);
  return body.sites.find(({ site }) => site === SITE)?.state;
}

async function withIncident(t: TestContext, served: Served): Promise<void> {
  await storeChest(served);
  type Status = { studies: { tasks: { id: string; state: string }[] }[] };
  const path = `/api/ai/studies/${served.study}`;
  const task = await t.waitFor(
    async () => {
      const [found] = (await served.json<Status>('A', 'GET', path)).body.studies[0]?.tasks ?? [];
      assert.equal(found?.state, 'result');
      return found.id;
    },
    { timeout: LATE_MS, interval: 100 },
  );
  const told = { severity: 'serious', text: TEXT };
  assert.equal((await served.json('technician', 'POST', `/api/ai/results/${task}/incidents`, told)).status, 200);
}

test('people who answer for AI at a site: incidents, keys, the stop of a site', async (t) => {
  if (!needsPeer(t, 'chromium')) return;
  buildPage();
  const served = await serveAssessed(t);
  await withIncident(t, served);
  const context = await startBrowser(t);
  const given = { served, context, url: `http://127.0.0.1:${served.server.httpPort}` };
  await t.test('an incident is followed to its end, and opened again', () => followed(given));
  await t.test('who may read it takes the file, and no step', () => readOnly(given));
  await t.test('keys by which one signs, and one that is retired', () => keys(given));
  await t.test('all AI of a site is stopped, once that was confirmed', () => stop(given));
});
