import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { scratch, startArchive } from '../harness/archive-process.ts';
import { accessibilityOf, buildPage, keepPicture, openPage, startBrowser } from '../harness/browser.ts';
import { sha256 } from '../harness/retrieved.ts';
import { associate } from '../harness/sender.ts';

const TOKEN = 'token-of-both';
const ACCESS = {
  systems: [
    { aeTitle: 'CT-A', institution: 'HOSPITAL-A' },
    { aeTitle: 'CT-B', institution: 'HOSPITAL-B' },
  ],
  tokens: [
    {
      name: 'both',
      sha256: sha256(new TextEncoder().encode(TOKEN)),
      institution: 'HOSPITAL-A',
      sees: ['HOSPITAL-B'],
    },
  ],
};

test('where callers must be known, a token that is pasted opens the page for its tab', async (t) => {
  if (!needsPeer(t, 'chromium')) return;
  buildPage();
  const folder = scratch(t, 'page-access');
  const accessFile = join(folder, 'access.json');
  writeFileSync(accessFile, JSON.stringify(ACCESS));
  const env = { ACERVO_ACCESS: 'enforced', ACERVO_ACCESS_FILE: accessFile };
  const archive = await startArchive(t, join(folder, 'data'), env);
  // One UID at both hospitals, of another patient each.
  for (const [aeTitle, patientName] of [
    ['CT-A', 'UNO^ANA'],
    ['CT-B', 'DOS^EVA'],
  ] as const) {
    const object = smallObject({ name: 'shared', study: 1, number: 1, patientName });
    const association = await associate(archive, [object], aeTitle);
    assert.equal((await association.store(object)).status, 0x0000);
    await association.release();
  }
  const context = await startBrowser(t);
  const { page, troubles } = await openPage(context, archive.http, ['/', '/assets', '/dicom-web', '/api']);
  await page.goto(archive.http);
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('heading', { name: 'Entrar al archivo' }).waitFor();
  assert.deepEqual(await accessibilityOf(page), []);
  await keepPicture(page, 'access-1440');
  assert.ok(troubles.length > 0 && troubles.every(({ text }) => /401/.test(text)), JSON.stringify(troubles));
  troubles.length = 0;

  await dialog.getByLabel('Clave', { exact: true }).fill(TOKEN);
  await dialog.getByRole('button', { name: 'Entrar' }).click();
  await page.getByText('DOS, EVA').waitFor();
  const rows = await page.locator('tbody .study-row').allTextContents();
  assert.deepEqual(
    rows.map((row) => `${/(UNO, ANA|DOS, EVA).*(HOSPITAL-[AB])/.exec(row)?.slice(1).join(' ')}`).sort(),
    ['DOS, EVA HOSPITAL-B', 'UNO, ANA HOSPITAL-A'],
  );
  await page.reload();
  await page.getByText('DOS, EVA').waitFor();
  assert.deepEqual(troubles, []);

  await page.getByRole('button', { name: 'Clave de acceso' }).click();
  await dialog.getByRole('button', { name: 'Olvidar la clave' }).click();
  await page.getByText('No se pudo mostrar').waitFor();
  assert.equal(await page.getByText('DOS, EVA').count(), 0);
});
