import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crPhantom } from '@acervo/platform/apps/demo/models/phantoms.ts';
import { personOf } from '@acervo/platform/features/governance/signers.fixture.ts';
import { startWithPeople } from '@acervo/platform/features/login/people.fixture.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import type { Page } from 'playwright-core';
import { accessibilityOf, buildPage, keepPicture, NARROW, openPage, startBrowser, WIDE } from '../harness/browser.ts';

const OURS = ['/', '/assets', '/api', '/dicom-web'];
const TASK = '01936e2a-0000-7000-8000-000000000001';
const RESULT = {
  id: TASK,
  model: 'mx.acervo.demo.cr-opacidad',
  version: '1.0.0',
  package: 'a'.repeat(64),
  stage: 'limitado',
  state: 'result',
  es: 'con resultado de IA',
  en: 'with an AI result',
  reason: null,
  deadline: '2026-11-30T13:00:00.000Z',
  endedAt: '2026-11-30T12:00:00.000Z',
  results: ['2.25.1'],
  isDemonstration: true,
  objects: [],
  findings: [
    {
      es: 'Hallazgos anormales en imagen de pulmón',
      en: 'Abnormal findings on imaging of the lung',
      code: { value: 'R91', scheme: 'I10' },
      output: 'p',
      operatingPoint: 'demostracion',
      value: 87.42,
      unit: '%',
      threshold: 50,
      isPositive: true,
    },
  ],
  reportsUnread: 0,
  decisions: [] as object[],
  withdrawn: null as object | null,
};
const LATE = {
  ...RESULT,
  id: '01936e2a-0000-7000-8000-000000000002',
  model: 'mx.ssa.torax',
  version: '2.0.0',
  stage: 'general',
  state: 'no-result',
  es: 'sin resultado de IA',
  en: 'no AI result',
  reason: 'deadline',
  results: [],
  isDemonstration: false,
  findings: [],
};

/** What the archive would answer, and what it was asked. */
type Played = { tasks: object[]; posted: { path: string; body: Record<string, unknown>; csrf: string }[] };

async function play(page: Page, played: Played): Promise<void> {
  await page.route('**/api/ai/**', async (route) => {
    const request = route.request();
    const path = new URL(request.url()).pathname;
    if (request.method() === 'POST') {
      const csrf = request.headers()['x-acervo-csrf'] ?? '';
      const body = request.postDataJSON() as Record<string, unknown>;
      played.posted.push({ path, body, csrf });
      if (path.endsWith('/decisions')) {
        const decision = { at: new Date().toISOString(), by: 'Persona rad', ...body, secondsToDecide: 4 };
        played.tasks = played.tasks.map((task) =>
          'id' in task && task.id === TASK ? { ...task, decisions: [decision] } : task,
        );
      }
      return route.fulfill({ json: { id: TASK } });
    }
    return route.fulfill({ json: { studies: [{ institution: 'HGM', study: '', tasks: played.tasks }] } });
  });
}

async function openStudy(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.locator('.study-name').first().click();
  await page.getByRole('dialog').getByText('Series del estudio').waitFor();
}

async function decides(page: Page, played: Played): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Rechazar' }).click();
  const reason = dialog.getByLabel('Motivo');
  await reason.waitFor();
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'ai-2-reason-1440');
  await dialog.getByRole('button', { name: 'Rechazar' }).last().click();
  assert.equal(played.posted.length, 0, 'who rejects tells why');
  await reason.fill('Es un pliegue cutáneo.');
  await dialog.getByRole('button', { name: 'Rechazar' }).last().click();
  await dialog.getByText('Su decisión quedó registrada.').waitFor();
  await dialog.getByText('Rechazado').waitFor();
  await dialog.getByText('Es un pliegue cutáneo.').waitFor();
  const [sent] = played.posted;
  assert.equal(sent?.path, `/api/ai/results/${TASK}/decisions`);
  assert.ok(sent.csrf !== '');
  const { shownAt, ...told } = sent.body;
  assert.deepEqual(told, { decision: 'rejected', reason: 'Es un pliegue cutáneo.' });
  assert.ok(Date.parse(String(shownAt)) <= Date.now());
}

async function reports(page: Page, played: Played): Promise<void> {
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Reportar incidente' }).click();
  await dialog.getByLabel('Leve').check();
  await dialog.getByLabel('Qué ocurrió').fill('La marca quedó en el pulmón contrario.');
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'ai-3-incident-1440');
  await dialog.getByRole('button', { name: 'Enviar reporte' }).click();
  await dialog.getByText('El reporte quedó registrado.').waitFor();
  assert.deepEqual(played.posted.at(-1)?.body, { severity: 'minor', text: 'La marca quedó en el pulmón contrario.' });
}

test('what AI said of a study, and what a person does about it', async (t) => {
  if (!needsPeer(t, 'chromium')) return;
  buildPage();
  const started = await startWithPeople(t);
  const { server, url } = started;
  const body = (async function* () {
    yield crPhantom(true);
  })();
  await server.archive.holdings.store.store(testOp({ institution: 'HGM' }), { form: 'file', body });
  const reader = await personOf(started, 'rad', 'radiologist', 'HGM');
  const context = await startBrowser(t);
  await context.addCookies([{ name: 'acervo', value: reader.cookie(), url, httpOnly: true, sameSite: 'Lax' }]);
  const { page, troubles } = await openPage(context, url, OURS);

  await t.test('where there is none, the page has nothing of it', async () => {
    await openStudy(page, url);
    await page.waitForLoadState('networkidle');
    assert.equal(await page.getByText('Inteligencia artificial').count(), 0);
    assert.deepEqual(troubles, []);
  });

  const played: Played = { tasks: [RESULT, LATE], posted: [] };
  await play(page, played);
  await t.test('findings, and the lack of a result', async () => {
    for (const [width, size] of [
      ['390', NARROW],
      ['1440', WIDE],
    ] as const) {
      await page.setViewportSize(size);
      await openStudy(page, url);
      const dialog = page.getByRole('dialog');
      await dialog.getByText('DEMOSTRACIÓN').waitFor();
      await dialog.getByText('Sobre el umbral').waitFor();
      await dialog.getByText('87.4 %').waitFor();
      await dialog.getByText('sin resultado de IA').waitFor();
      assert.deepEqual(await accessibilityOf(page), [], width);
      await keepPicture(page, `ai-1-${width}`);
    }
  });
  await t.test('a decision, with its reason', () => decides(page, played));
  await t.test('an incident', () => reports(page, played));
  await t.test('a result that was withdrawn says so', async () => {
    const withdrawn = {
      at: '2026-11-30T12:30:00.000Z',
      reasonEs: 'Falla del modelo.',
      reasonEn: 'The model is at fault.',
    };
    played.tasks = [{ ...RESULT, withdrawn }];
    await openStudy(page, url);
    await page.getByRole('dialog').getByText('Falla del modelo.').waitFor();
    assert.deepEqual(await accessibilityOf(page), []);
    await keepPicture(page, 'ai-4-withdrawn-1440');
  });
});
