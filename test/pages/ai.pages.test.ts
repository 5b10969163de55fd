import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Served, SITE, serveAssessed, storeChest } from '@acervo/platform/features/assessment/serve.fixture.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import type { Page } from 'playwright-core';
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

const OURS = ['/', '/assets', '/api', '/dicom-web'];
const LATE_MS = 45_000;
const FINDING = 'Hallazgos anormales en imagen diagnóstica de pulmón';
/** Who has logged in: the server of these tests knows people by a header, so the page is told apart. */
const SESSION = {
  access: 'enforced',
  person: {
    id: 'radiologist',
    name: 'Persona radiologist',
    login: 'radiologist',
    roles: ['radiologist'],
    institution: SITE,
    institutions: [SITE],
    purpose: 'TREATMENT',
    purposes: ['TREATMENT'],
    strength: 'second-factor',
    csrf: 'x',
  },
};
/** What no model of these tests does. */
const LATE = {
  id: '01936e2a-0000-7000-8000-000000000002',
  model: 'mx.acervo.demo.cr-opacidad',
  version: '1.0.0',
  package: 'a'.repeat(64),
  stage: 'limitado',
  state: 'no-result',
  es: 'sin resultado de IA',
  en: 'no AI result',
  reason: 'deadline',
  deadline: '2026-11-30T13:00:00.000Z',
  endedAt: '2026-11-30T12:00:00.000Z',
  results: [],
  contentQualification: null as string | null,
  isDemonstration: true,
  objects: [],
  findings: [],
  reportsUnread: 0,
  decisions: [],
  withdrawn: null,
};
const WITHDRAWN = {
  ...LATE,
  id: '01936e2a-0000-7000-8000-000000000003',
  state: 'result',
  es: 'con resultado de IA',
  en: 'with an AI result',
  reason: null,
  reportsUnread: 1,
  withdrawn: { at: '2026-11-30T12:30:00.000Z', reasonEs: 'Falla del modelo.', reasonEn: 'The model is at fault.' },
};

type AiTask = { id: string; state: string; decisions: { decision: string; reason: string | null; by: string }[] };

async function taskOf(served: Served): Promise<AiTask | undefined> {
  const path = `/api/ai/studies/${served.study}`;
  const { body } = await served.json<{ studies: { tasks: AiTask[] }[] }>('A', 'GET', path);
  return body.studies[0]?.tasks[0];
}

async function openStudy(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.locator('.study-name').first().click();
  await page.getByRole('dialog').getByText('Series del estudio').waitFor();
}

async function looks({ page, troubles }: Watched, url: string): Promise<void> {
  for (const [width, size] of [
    ['390', NARROW],
    ['1440', WIDE],
  ] as const) {
    await page.setViewportSize(size);
    await openStudy(page, url);
    const dialog = page.getByRole('dialog');
    await dialog.getByText('DEMOSTRACIÓN', { exact: true }).waitFor();
    await dialog.getByText('resultado de investigación').waitFor();
    await dialog.getByText(FINDING).waitFor();
    await dialog.getByText('Sobre el umbral').waitFor();
    await dialog.getByText('50 %').waitFor();
    await dialog.getByRole('heading', { name: 'Opacidad en radiografía de tórax' }).waitFor();
    assert.deepEqual(await accessibilityOf(page), [], width);
    await keepPicture(page, `ai-1-${width}`);
  }
  assert.deepEqual(troubles, []);
}

async function decides(served: Served, { page, troubles }: Watched): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Rechazar' }).click();
  const reason = dialog.getByLabel('Motivo');
  await reason.waitFor();
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'ai-2-reason-1440');
  await dialog.getByRole('button', { name: 'Rechazar' }).last().click();
  assert.equal((await taskOf(served))?.decisions.length, 0, 'who rejects tells why');
  await reason.fill('Es un pliegue cutáneo.');
  await dialog.getByRole('button', { name: 'Rechazar' }).last().click();
  await dialog.getByText('Su decisión quedó registrada.').waitFor();
  await dialog.getByText('Rechazado').waitFor();
  await dialog.getByText('Es un pliegue cutáneo.').waitFor();
  const { decision, reason: said, by } = (await taskOf(served))?.decisions[0] ?? {};
  assert.deepEqual([decision, said, by], ['rejected', 'Es un pliegue cutáneo.', 'Persona radiologist']);
  await dialog.getByRole('button', { name: 'Aceptar' }).click();
  await dialog.getByRole('button', { name: 'Aceptar' }).last().click();
  await dialog.getByText('Aceptado').waitFor();
  assert.equal((await taskOf(served))?.decisions.length, 2, 'a later decision stands above the one before');
  assert.deepEqual(troubles, []);
}

async function reports(served: Served, { page, troubles }: Watched): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Reportar incidente' }).click();
  await dialog.getByLabel('Leve').check();
  await dialog.getByLabel('Qué ocurrió').fill('La marca quedó en el pulmón contrario.');
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'ai-3-incident-1440');
  await dialog.getByRole('button', { name: 'Enviar reporte' }).click();
  await dialog.getByText('El reporte quedó registrado.').waitFor();
  type Incident = { severity: string; text: string };
  const { body } = await served.json<{ incidents: Incident[] }>('chief', 'GET', '/api/ai/incidents');
  const [{ severity, text } = { severity: '', text: '' }] = body.incidents;
  assert.deepEqual([severity, text], ['minor', 'La marca quedó en el pulmón contrario.']);
  assert.deepEqual(troubles, []);
}

/** What there may be to say of a study, as the archive would say it. */
async function told({ page }: Watched, url: string, study: string): Promise<void> {
  let tasks: object[] = [LATE, WITHDRAWN];
  await page.route('**/api/ai/studies/**', (route) =>
    route.fulfill({ json: { studies: [{ institution: SITE, study, tasks }] } }),
  );
  await openStudy(page, url);
  const dialog = page.getByRole('dialog');
  await dialog.getByText('sin resultado de IA').waitFor();
  await dialog.getByText('venció el plazo').waitFor();
  await dialog.getByText('Falla del modelo.').waitFor();
  await dialog.getByText('Parte del resultado no se pudo leer').waitFor();
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'ai-4-none-and-withdrawn-1440');
  await qualifies(page, async (task) => {
    tasks = [task];
    await openStudy(page, url);
  });
  tasks = [];
  await openStudy(page, url);
  await page.waitForLoadState('networkidle');
  assert.equal(await page.getByText('Inteligencia artificial').count(), 0, 'where no model was asked there is nothing');
}

/** The mark is what the result says, whatever the registry says of its model by now. */
async function qualifies(page: Page, show: (task: object) => Promise<void>): Promise<void> {
  const result = { ...WITHDRAWN, withdrawn: null, reportsUnread: 0, isDemonstration: false };
  const marks = page.getByRole('dialog').locator('.not-clinical');
  for (const [contentQualification, words, mark] of [
    ['RESEARCH', 'resultado de investigación', ['INVESTIGACIÓN']],
    ['PRODUCT', 'resultado para uso clínico', []],
    [null, 'no se sabe para qué uso es', ['SIN CALIFICACIÓN']],
  ] as const) {
    await show({ ...result, contentQualification });
    await page.getByRole('dialog').getByText(words).waitFor();
    assert.deepEqual(await marks.allTextContents(), mark);
  }
  await keepPicture(page, 'ai-5-unqualified-1440');
}

/** Words of the manifest and of the page, both in English where that was chosen. */
async function inEnglish({ page, troubles }: Watched, url: string): Promise<void> {
  await page.unroute('**/api/ai/studies/**');
  await page.goto(url);
  await page.getByText('EN', { exact: true }).click();
  await page.locator('.study-name').first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Abnormal findings on diagnostic imaging of lung').waitFor();
  await dialog.getByText('With an AI result').waitFor();
  assert.equal(await dialog.getByText(FINDING).count(), 0);
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'ai-6-english-1440');
  assert.deepEqual(troubles, []);
}

async function resultOf(t: TestContext, served: Served): Promise<void> {
  await storeChest(served);
  await t.waitFor(async () => assert.equal((await taskOf(served))?.state, 'result'), {
    timeout: LATE_MS,
    interval: 100,
  });
}

test('what AI said of a study, and what a person does about it', async (t) => {
  if (!needsPeer(t, 'chromium')) return;
  buildPage();
  const served = await serveAssessed(t);
  await resultOf(t, served);
  const url = `http://127.0.0.1:${served.server.httpPort}`;
  const context = await startBrowser(t);
  await context.setExtraHTTPHeaders({ authorization: 'Person radiologist' });
  await context.route('**/api/session', (route) => route.fulfill({ json: SESSION }));
  const watched = await openPage(context, url, OURS);
  await t.test('findings, marked as what they are', () => looks(watched, url));
  await t.test('decisions, with their reasons', () => decides(served, watched));
  await t.test('an incident', () => reports(served, watched));
  await t.test('the lack of a result, one that was withdrawn, and nothing', () => told(watched, url, served.study));
  await t.test('in English', () => inEnglish(watched, url));
});
