import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { PAGES, type Page as PageName } from '@acervo/interop/console/pages.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import type { BrowserContext, Page } from 'playwright-core';
import { type ArchiveProcess, scratch, startArchive } from '../harness/archive-process.ts';
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
import { sendSample, writeSampleAccess } from '../harness/sample.ts';

const OURS = ['/', ...Object.values(PAGES).slice(1), '/assets', '/dicom-web', '/api'];
const link = (page: Page, name: string) => page.getByRole('link', { name, exact: true });
const search = (page: Page) => page.getByRole('textbox', { name: 'Buscar estudios' });
const names = (page: Page): Promise<string[]> => page.locator('.study-name').allTextContents();

/** Waits until the list is what a question leads to; fails with what it was. */
async function listIs(page: Page, expected: readonly string[]): Promise<void> {
  const wanted = JSON.stringify(expected);
  await page
    .waitForFunction(
      (text) => JSON.stringify([...document.querySelectorAll('.study-name')].map((each) => each.textContent)) === text,
      wanted,
      { timeout: 10_000 },
    )
    .catch(async () => assert.deepEqual(await names(page), expected));
}

type Given = { archive: ArchiveProcess; context: BrowserContext };

async function opened({ archive, context }: Given, path = '/'): Promise<Watched> {
  const watched = await openPage(context, archive.http, OURS);
  await watched.page.goto(archive.http + path);
  return watched;
}

async function searchAsOneTypes(given: Given): Promise<void> {
  const { page, troubles } = await opened(given);
  await page.getByText('Estudios: 9').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('nuñez');
  await listIs(page, ['Núñez Cigüeña, Begoña']);
  await page.keyboard.press('Escape');
  await page.getByText('Estudios: 9').waitFor();
  await search(page).fill('00012345');
  await listIs(page, ['Núñez Cigüeña, Begoña', 'Ordóñez de la Cruz, Íñigo']);
  await search(page).fill('F468701');
  await listIs(page, ['Muñoz Ibáñez, María José']);
  await search(page).fill('nadie');
  await page.getByText('Ningún estudio coincide').waitFor();
  await keepPicture(page, 'none-1440');
  await search(page).fill('');
  await page.getByLabel('Modalidad').selectOption('US');
  await listIs(page, ['Acuña Hernández, Lucía', 'Ordóñez de la Cruz, Íñigo']);
  await page.getByLabel('Institución').selectOption('SSA-JAL-HCG');
  await listIs(page, ['Ordóñez de la Cruz, Íñigo']);
  assert.deepEqual(troubles, []);
  await page.close();
}

async function detailsByKeyboard(given: Given): Promise<void> {
  const { page, troubles } = await opened(given);
  await page.getByText('Estudios: 9').waitFor();
  await page.locator('tbody').getByText('ISSSTE-20NOV').first().waitFor();
  await search(page).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('dialog');
  await drawer.getByText('T2 TSE axial señal').waitFor();
  assert.match((await drawer.textContent()) ?? '', /Núñez Cigüeña, Begoña.*ISSSTE-20NOV/s);
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'details-1440');
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  assert.deepEqual(troubles, []);
  await page.close();
}

/** What shows that a page has its data. */
const SHOWN: Record<PageName, string> = {
  studies: 'Estudios: 9',
  models: 'Aún no hay modelos',
  incidents: 'No hay incidentes por atender',
  activity: 'Corrija el título AE de destino',
  devices: 'ISSSTE_MR1',
  storage: 'Segmentos de los paquetes',
};

async function looks(given: Given): Promise<void> {
  const { page, troubles } = await opened(given);
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const [width, size] of [
      ['1440', WIDE],
      ['390', NARROW],
    ] as const) {
      await page.setViewportSize(size);
      for (const name of Object.keys(PAGES) as PageName[]) {
        await page.goto(given.archive.http + PAGES[name]);
        await page.getByText(SHOWN[name]).first().waitFor();
        assert.deepEqual(await accessibilityOf(page), [], `${name} ${width} ${scheme}`);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(overflow <= 0, `${name} is ${overflow} px wider than ${width}`);
        await keepPicture(page, scheme === 'light' ? `${name}-${width}` : `${name}-${width}-dark`);
      }
    }
  }
  assert.deepEqual(troubles, []);
  await page.close();
}

async function inEnglish(given: Given): Promise<void> {
  const { page, troubles } = await opened(given);
  await page.getByText('EN', { exact: true }).click();
  await page.getByText('Studies: 9').waitFor();
  await link(page, 'Devices').click();
  await page.getByText('Declares no character set').first().waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'en-US');
  await page.reload();
  await page.getByRole('heading', { name: 'Devices' }).waitFor();
  await page.getByText('ES', { exact: true }).click();
  await page.getByRole('heading', { name: 'Equipos' }).waitFor();
  assert.deepEqual(troubles, []);
  await page.close();
}

test('the page shows the archive, in Spanish first, to whoever reads, types or listens', async (t) => {
  if (!needsPeer(t, 'chromium')) return;
  buildPage();
  const folder = scratch(t, 'pages');
  const accessFile = join(folder, 'access.json');
  writeSampleAccess(accessFile);
  const archive = await startArchive(t, join(folder, 'data'), { ACERVO_ACCESS_FILE: accessFile });
  const given = { archive, context: await startBrowser(t) };
  assert.equal(await sendSample(archive), 154);

  await t.test('an association that is refused is told with its reason', () => refusedAssociation(given));
  await t.test('studies are found as one types', () => searchAsOneTypes(given));
  await t.test('a study opens by keyboard', () => detailsByKeyboard(given));
  await t.test('every page, wide and narrow, light and dark', () => looks(given));
  await t.test('in English when it is chosen', () => inEnglish(given));
});

async function refusedAssociation(given: Given): Promise<void> {
  const { archive } = given;
  spawnSync('echoscu', ['-aec', 'OTRO', '127.0.0.1', String(archive.dimsePort)]);
  const { page, troubles } = await opened(given, PAGES.activity);
  await page.getByText('Corrija el título AE de destino en el equipo').waitFor();
  await page.getByText('Objetos aceptados: 154').waitFor();
  assert.deepEqual(troubles, []);
  await page.close();
}
