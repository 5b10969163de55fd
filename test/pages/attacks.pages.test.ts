import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { textElement } from '@acervo/dicom/data-set/build.ts';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { needsShared } from '@acervo/testkit/shared.ts';
import type { BrowserContext, Page } from 'playwright-core';
import { runAcervo, scratch, startArchive } from '../harness/archive-process.ts';
import { buildPage, keepPicture, openPage, startBrowser, type Trouble } from '../harness/browser.ts';
import { corpusFiles } from '../harness/corpus.ts';
import { stow } from '../harness/stow.ts';

/** Kept between runs, as an operator's is; git ignores it. */
const OHIF_DIR = join(import.meta.dirname, '../../data/ohif');
const SHOWN_MS = 60_000;

/** What would be true of a page if anything of a data set had run in it. */
const RAN = 'acervoPayloadRan';
const SET = `globalThis.${RAN}=1`;
const MARKUP: readonly string[] = [
  `<script>${SET}</script>`,
  `"><img src=x onerror=${SET}>`,
  `'"onerror="${SET}" onload="${SET}`,
  `<svg/onload=${SET}>`,
  `{{constructor.constructor('${SET}')()}}`,
  `\${${SET}}`,
  `javascript:${SET}//`,
  `\u202eGPJ.EXE\u202c ODAR`,
  `A\u200bB\u200dC\ufeffD`,
  `${'ANCHO'.repeat(12)}`,
  `<iframe srcdoc="<script>${SET}</script>">`,
  `</title><style>*{display:none}</style>`,
];

/** One object whose every text is hostile, and which is a CT for the list of a viewer. */
function hostileObject(markup: string, study: number): SmallObject {
  const utf8 = new TextEncoder().encode(markup);
  const also = [
    textElement(T.SpecificCharacterSet, 'CS', 'ISO_IR 192'),
    textElement(T.Modality, 'CS', 'CT'),
    textElement(T.PatientName, 'PN', utf8),
    textElement(T.PatientID, 'LO', utf8),
    textElement(T.StudyDescription, 'LO', utf8),
    textElement(T.SeriesDescription, 'LO', utf8),
    textElement(T.AccessionNumber, 'SH', utf8),
    textElement(T.InstitutionName, 'LO', utf8),
    textElement(T.ReferringPhysicianName, 'PN', utf8),
    textElement(T.Manufacturer, 'LO', utf8),
    textElement(T.StationName, 'SH', utf8),
    textElement(T.StudyID, 'SH', utf8),
  ];
  return smallObject({ name: 'hostile', study, number: 1, also });
}

async function ranIn(page: Page): Promise<boolean> {
  const all = await Promise.all(page.frames().map((frame) => frame.evaluate((name) => name in globalThis, RAN)));
  return all.some((each) => each);
}

/** A dialog of a payload's would be a trouble, too. */
function refuseDialogs(page: Page, troubles: Trouble[]): void {
  page.on('dialog', (dialog) => {
    troubles.push({ kind: 'error', text: `dialog ${dialog.message()}` });
    void dialog.dismiss();
  });
}

async function store(http: string): Promise<number> {
  const files = MARKUP.map((markup, index) => {
    const object = hostileObject(markup, index + 1);
    return concat([writeFileHead(object), object.dataSet]);
  });
  assert.equal((await stow({ http }, files)).stored.length, files.length);
  let stored = files.length;
  for (const { bytes } of corpusFiles((path) => path.startsWith('derived/hostile/'))) {
    stored += (await stow({ http }, [bytes])).stored.length;
  }
  return stored;
}

async function shownOnThePage(context: BrowserContext, http: string): Promise<void> {
  const { page, troubles } = await openPage(context, http, [
    '/',
    '/assets',
    '/dicom-web',
    '/api',
    '/modelos',
    '/activity',
    '/devices',
    '/storage',
  ]);
  refuseDialogs(page, troubles);
  await page.goto(http);
  await page.locator('tbody .study-row').first().waitFor();
  const rows = page.locator('tbody .study-row');
  assert.ok((await rows.count()) >= MARKUP.length);
  const text = (await rows.allTextContents()).join('\n');
  assert.match(text, /<script>|&lt;script/, 'the markup is shown, as text');
  for (let row = 0; row < (await rows.count()); row++) {
    await rows.nth(row).focus();
    await page.keyboard.press('Enter');
    assert.equal(await ranIn(page), false, `row ${row}`);
  }
  await keepPicture(page, 'attacks-hostile-1440');
  for (const path of ['/modelos', '/activity', '/devices', '/storage']) {
    await page.goto(http + path);
    await page.locator('main').waitFor();
    await page.waitForLoadState('networkidle');
    assert.equal(await ranIn(page), false, path);
  }
  assert.equal(await page.evaluate(() => document.documentElement.innerHTML.includes('<script>globalThis')), false);
  assert.deepEqual(troubles, []);
  await page.close();
}

/** The positive control: what would be seen had a payload run. */
async function wouldBeSeen(context: BrowserContext): Promise<void> {
  const page = await context.newPage();
  await page.setContent(`<p>${MARKUP[1]}</p>`);
  await page.waitForFunction((name) => name in globalThis, RAN);
  assert.equal(await ranIn(page), true);
  await page.close();
}

test('what hostile objects say of themselves is text on the page, and runs nowhere', async (t) => {
  if (!needsPeer(t, 'chromium') || !needsShared(t)) return;
  buildPage();
  const archive = await startArchive(t, join(scratch(t, 'pages-hostile'), 'data'));
  t.diagnostic(`${await store(archive.http)} hostile objects`);
  const context = await startBrowser(t);
  await wouldBeSeen(context);
  await shownOnThePage(context, archive.http);
});

test("nor does it run in OHIF's list", async (t) => {
  if (!needsPeer(t, 'chromium') || !needsShared(t)) return;
  const dataDir = join(scratch(t, 'ohif-hostile'), 'data');
  const env = { ACERVO_OHIF_DIR: OHIF_DIR };
  const { code, err } = await runAcervo(dataDir, ['ohif'], env);
  assert.equal(code, 0, err);
  const archive = await startArchive(t, dataDir, env);
  await store(archive.http);
  const context = await startBrowser(t);
  await context.addInitScript(() => {
    const year = new Date(Date.now() + 31_536_000_000).toISOString();
    localStorage.setItem('investigationalUseDialog', JSON.stringify({ expiryDate: year }));
  });
  const { page, troubles } = await openPage(context, archive.http, ['/ohif', '/dicom-web']);
  refuseDialogs(page, troubles);
  await page.goto(`${archive.http}/ohif/`);
  await page.getByText('<script>').first().waitFor({ timeout: SHOWN_MS });
  await keepPicture(page, 'attacks-ohif-1440');
  const rows = page.locator('[data-cy="study-list-results"] tr');
  for (let row = 0; row < Math.min(await rows.count(), MARKUP.length); row++) await rows.nth(row).click();
  assert.equal(await ranIn(page), false);
  assert.deepEqual(troubles, []);
});

type Probed = { reached: string[]; blocked: string[]; cookie: string; opened: Record<string, string> };

/** What a script in a document can reach of this server, by each way that there is to ask. */
async function probed(page: Page, http: string): Promise<Probed> {
  await page.evaluate(ASK);
  await page.locator('#probe').click();
  await page.waitForFunction(() => 'probed' in globalThis, undefined, { timeout: SHOWN_MS });
  assert.ok(page.url().startsWith(http));
  return page.evaluate(() => (globalThis as typeof globalThis & { probed: Probed }).probed);
}

/** Run by a click: only that may open windows. */
const ASK = `{
  document.body.innerHTML = '<button id="probe">probe</button>';
  const result = { reached: [], blocked: [], cookie: document.cookie, opened: {} };
  const note = (what, isReached) => result[isReached ? 'reached' : 'blocked'].push(what);
  const byFetch = (path) => fetch(path).then(() => true, () => false);
  const byRequest = (path) => new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.onload = () => resolve(true);
    request.onerror = () => resolve(false);
    request.open('GET', path);
    request.send();
  });
  const byEvents = (path) => new Promise((resolve) => {
    const source = new EventSource(path);
    // One whose policy allows it is answered, with what is no stream of events.
    addEventListener('securitypolicyviolation', () => resolve(false));
    source.onerror = () => { setTimeout(() => resolve(true), 500); source.close(); };
  });
  const byFrame = async (path) => {
    const frame = document.createElement('iframe');
    frame.src = path;
    document.body.append(frame);
    await new Promise((resolve) => { frame.onload = resolve; setTimeout(resolve, 3000); });
    return textOf(() => frame.contentDocument).trim() !== '';
  };
  const textOf = (document) => {
    try { return document()?.documentElement.textContent ?? ''; } catch { return ''; }
  };
  const API = ['/api/session', '/api/activity', '/api/viewer', '/dicom-web/../api/activity'];
  const PATHS = [...API, '/', '/dicom-web/studies'];
  const probe = async () => {
    const windows = ['/api/viewer', '/'].map((path) => [path, window.open(path)]);
    for (const path of PATHS) {
      note('fetch ' + path, await byFetch(path));
      note('xhr ' + path, await byRequest(path));
    }
    note('events /api/activity', await byEvents('/api/activity'));
    for (const path of ['/', '/api/viewer']) note('frame ' + path, await byFrame(path));
    for (const [path, opened] of windows)
      result.opened[path] = opened === null || opened.closed ? '' : textOf(() => opened.document);
    globalThis.probed = result;
  };
  document.getElementById('probe').addEventListener('click', () => void probe());
}`;

/** A viewer of two files: what counts is by which policy its document comes, not what it does. */
function viewerFolder(t: TestContext): string {
  const folder = join(scratch(t, 'viewer'), 'ohif');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'index.html'),
    '<!doctype html><title>visor</title><body><script src="/ohif/own.js"></script>',
  );
  writeFileSync(join(folder, 'own.js'), 'globalThis.ownScriptRan = true;');
  return folder;
}

test("code in the viewer's document reaches images alone: not the API, the page, or its session", async (t) => {
  if (!needsPeer(t, 'chromium')) return;
  buildPage();
  const env = { ACERVO_OHIF_DIR: viewerFolder(t) };
  const archive = await startArchive(t, join(scratch(t, 'isolation'), 'data'), env);
  const { http } = archive;
  const context = await startBrowser(t);
  await context.addCookies([{ name: '__acervo', value: 'of-the-page', url: http, httpOnly: true, sameSite: 'Strict' }]);

  const own = await context.newPage();
  await own.goto(http);
  const control = await probed(own, http);
  for (const path of ['/api/session', '/api/activity', '/api/viewer', '/dicom-web/studies']) {
    assert.ok(
      control.reached.includes(`fetch ${path}`) && control.reached.includes(`xhr ${path}`),
      `the page asks ${path}`,
    );
  }
  assert.match(control.opened['/api/viewer'] ?? '', /"installed":true/, 'a window of the page can be read by the page');

  const viewer = await context.newPage();
  await viewer.goto(`${http}/ohif/`);
  await viewer.waitForFunction(() => 'ownScriptRan' in globalThis);
  const { reached, blocked, cookie, opened } = await probed(viewer, http);
  assert.deepEqual(reached.sort(), ['fetch /dicom-web/studies', 'xhr /dicom-web/studies']);
  assert.ok(blocked.includes('fetch /api/session') && blocked.includes('fetch /api/activity'));
  assert.equal(cookie, '');
  assert.deepEqual(opened, { '/': '', '/api/viewer': '' });
});
