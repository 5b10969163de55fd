// Takes README's picture of AI on a study, docs/ai.png, of a demo that runs: `node scripts/picture-ai.ts [ADDRESS]`.
import { join } from 'node:path';
import { startBrowser, WIDE } from '../test/harness/browser.ts';

const PICTURE = join(import.meta.dirname, '../docs/ai.png');
const [address = 'http://127.0.0.1:8080'] = process.argv.slice(2);
const ends: (() => unknown)[] = [];
try {
  const context = await startBrowser({ after: (end) => void ends.push(end) });
  const page = await context.newPage();
  await page.setViewportSize(WIDE);
  await page.goto(address);
  await page.locator('tr, li', { hasText: 'TC de tórax (fantoma)' }).locator('.study-name').first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Masa').first().waitFor();
  await dialog.locator('img').first().waitFor();
  await page.waitForLoadState('networkidle');
  await page.screenshot({ path: PICTURE, animations: 'disabled' });
} finally {
  for (const end of ends) await end();
}
process.stdout.write(`${PICTURE}\n`);
