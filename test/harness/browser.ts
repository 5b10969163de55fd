import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import type { Owner } from './owner.ts';

const EXECUTABLE = '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // The viewer draws by WebGL, which runs on the processor here.
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
];
const ROOT = join(import.meta.dirname, '../..');
const ARTEFACTS = join(import.meta.dirname, '../artefacts');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WAIT_MS = 30_000;

export const WIDE = { width: 1440, height: 900 } as const;
export const NARROW = { width: 390, height: 844 } as const;

/** Build the page from the sources that are here, unless it is. */
export function buildPage(): void {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build-page.js'], { cwd: ROOT, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

/** What a page did that nobody wants: errors on its console, answers that are failures, requests to elsewhere. */
export type Trouble = { kind: 'console' | 'error' | 'status' | 'elsewhere'; text: string };

export type Watched = { page: Page; troubles: Trouble[] };

/** Chromium with a profile of its own; ends with its owner. */
export async function startBrowser(t: Owner): Promise<BrowserContext> {
  const profile = mkdtempSync(join(tmpdir(), 'acervo-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: EXECUTABLE,
    headless: true,
    args: FLAGS,
    viewport: WIDE,
    locale: 'es-MX',
    timezoneId: 'America/Mexico_City',
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(WAIT_MS);
  t.after(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });
  return context;
}

/** A page that is watched. @param paths the beginnings of addresses that it may ask for, at `http` alone */
export async function openPage(context: BrowserContext, http: string, paths: readonly string[]): Promise<Watched> {
  const page = await context.newPage();
  const troubles: Trouble[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push({ kind: 'console', text: message.text() });
  });
  page.on('pageerror', (error) => troubles.push({ kind: 'error', text: error.message }));
  page.on('request', (request) => {
    const { origin, pathname, protocol } = new URL(request.url());
    const isOurs = origin === http && paths.some((path) => pathname === path || pathname.startsWith(`${path}/`));
    if (!isOurs && protocol.startsWith('http')) troubles.push({ kind: 'elsewhere', text: `${origin}${pathname}` });
  });
  page.on('response', (answer) => {
    if (answer.status() >= 400)
      troubles.push({ kind: 'status', text: `${answer.status()} ${new URL(answer.url()).pathname}` });
  });
  return { page, troubles };
}

/** Keep a picture of a page for people to look at. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  mkdirSync(ARTEFACTS, { recursive: true });
  await page.screenshot({ path: join(ARTEFACTS, `${name}.png`), fullPage: true, animations: 'disabled' });
}

type AxeResult = { violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[] };

/** What axe-core finds against WCAG 2.2 A and AA, and good practice: one line each. */
export async function accessibilityOf(page: Page): Promise<string[]> {
  // Evaluated by the debugger, so the page's policy need not allow it.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(async () => {
    // A dialog that still fades in has colours that it will not keep.
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
    const { axe } = globalThis as typeof globalThis & { axe: { run(): Promise<AxeResult> } };
    return axe.run();
  });
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html} ${failureSummary ?? ''}`),
  );
}
