import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { numberOf } from '@acervo/dicom/data-set/access.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { needsShared } from '@acervo/testkit/shared.ts';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { runAcervo, scratch, startArchive } from '../harness/archive-process.ts';
import { keepPicture, openPage, startBrowser } from '../harness/browser.ts';
import { type CorpusObject, corpusFile, objectOf } from '../harness/corpus.ts';
import { stow } from '../harness/stow.ts';

/** A CT of one window and without overlays, which OHIF does not draw unasked. */
const CT = 'by-modality/CT/dicom-test-files__J2KI_CT2_J2KI.dcm';
/** Kept between runs, as an operator's is; git ignores it. */
const OHIF_DIR = join(import.meta.dirname, '../../data/ohif');
const CORRELATION_MIN = 0.9;
/** Cells in which two pictures are compared, each way. */
const GRID = 64;
const DRAWN_MS = 60_000;

type Picture = { width: number; height: number; grey: ArrayLike<number> };

/** The frame as this server renders it, at the window that the object names. */
async function rendered(http: string, { dataSet: bytes, ...object }: CorpusObject): Promise<Picture> {
  const syntax = findTransferSyntax(object.transferSyntaxUid);
  assert.ok(syntax);
  const { dataSet } = readDataSet(bytes, { syntax });
  const window = [numberOf(dataSet, T.WindowCenter), numberOf(dataSet, T.WindowWidth), 'linear'].join();
  const path = `studies/${object.studyUid}/series/${object.seriesUid}/instances/${object.sopInstanceUid}/frames/1`;
  const answer = await fetch(`${http}/dicom-web/${path}/rendered?window=${window}`, {
    headers: { accept: 'image/png' },
  });
  assert.equal(answer.status, 200);
  const picture = sharp(await answer.arrayBuffer())
    .greyscale()
    .raw();
  const { data, info } = await picture.toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, grey: data };
}

/** The mean of each cell of a part of a picture. */
function cells({ width, grey }: Picture, part: { x: number; y: number; width: number; height: number }): number[] {
  return Array.from({ length: GRID * GRID }, (_, index) => {
    const from = (at: number, begin: number, length: number): number => Math.floor(begin + (at * length) / GRID);
    const [column, row] = [index % GRID, Math.floor(index / GRID)];
    let sum = 0;
    let count = 0;
    for (let y = from(row, part.y, part.height); y < from(row + 1, part.y, part.height); y++) {
      for (let x = from(column, part.x, part.width); x < from(column + 1, part.x, part.width); x++) {
        sum += grey[y * width + x] ?? 0;
        count += 1;
      }
    }
    return count === 0 ? 0 : sum / count;
  });
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (of: readonly number[]): number => of.reduce((sum, each) => sum + each, 0) / of.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const sum = (of: (index: number) => number): number => a.reduce((total, _, index) => total + of(index), 0);
  const da = (index: number): number => (a[index] as number) - meanA;
  const db = (index: number): number => (b[index] as number) - meanB;
  return sum((at) => da(at) * db(at)) / Math.sqrt(sum((at) => da(at) ** 2) * sum((at) => db(at) ** 2));
}

/** What the viewer drew, without what it wrote over it. */
async function drawn(page: Page): Promise<Picture> {
  const canvas = page.locator('canvas.cornerstone-canvas').first();
  await canvas.waitFor({ timeout: DRAWN_MS });
  await page.waitForFunction(
    () => {
      const found = document.querySelector<HTMLCanvasElement>('canvas.cornerstone-canvas');
      const data = found?.getContext('2d')?.getImageData(0, 0, found.width, found.height).data;
      const seen = new Set<number>();
      for (let at = 0; data !== undefined && at < data.length; at += 4) seen.add(data[at] ?? 0);
      return seen.size > 16;
    },
    undefined,
    { timeout: DRAWN_MS },
  );
  return canvas.evaluate((found: HTMLCanvasElement) => {
    const { width, height } = found;
    const data = found.getContext('2d')?.getImageData(0, 0, width, height).data ?? new Uint8ClampedArray();
    return { width, height, grey: Array.from({ length: width * height }, (_, index) => data[4 * index] ?? 0) };
  });
}

/** The image is as large as it can be, in the middle. */
function fitted(of: Picture, within: Picture): { x: number; y: number; width: number; height: number } {
  const scale = Math.min(within.width / of.width, within.height / of.height);
  const [width, height] = [of.width * scale, of.height * scale];
  return { x: (within.width - width) / 2, y: (within.height - height) / 2, width, height };
}

test('OHIF lists studies and draws a CT as this server renders it, from this server alone', async (t) => {
  if (!needsPeer(t, 'chromium') || !needsShared(t)) return;
  const dataDir = join(scratch(t, 'ohif'), 'data');
  const env = { ACERVO_OHIF_DIR: OHIF_DIR };
  const { code, err } = await runAcervo(dataDir, ['ohif'], env);
  assert.equal(code, 0, err);
  const archive = await startArchive(t, dataDir, env);
  const file = corpusFile(CT);
  assert.deepEqual((await stow({ http: archive.http }, [file.bytes])).failed, []);
  const object = objectOf(file);
  const context = await startBrowser(t);
  await context.addInitScript(() => {
    const year = new Date(Date.now() + 31_536_000_000).toISOString();
    localStorage.setItem('investigationalUseDialog', JSON.stringify({ expiryDate: year }));
  });
  const { page, troubles } = await openPage(context, archive.http, ['/ohif', '/dicom-web', '/api']);

  await t.test('the list', async () => {
    await page.goto(`${archive.http}/ohif/`);
    await page.getByText('CT', { exact: true }).first().waitFor({ timeout: DRAWN_MS });
    await keepPicture(page, 'ohif-list-1440');
    assert.deepEqual(troubles, []);
  });

  await t.test('a study', async () => {
    await page.goto(`${archive.http}/ohif/viewer?StudyInstanceUIDs=${object.studyUid}`);
    const canvas = await drawn(page);
    await keepPicture(page, 'ohif-ct-1440');
    const expected = await rendered(archive.http, object);
    const whole = { x: 0, y: 0, width: expected.width, height: expected.height };
    const alike = correlation(cells(expected, whole), cells(canvas, fitted(expected, canvas)));
    t.diagnostic(`correlation ${alike.toFixed(4)} over ${canvas.width} x ${canvas.height} pixels`);
    assert.ok(alike >= CORRELATION_MIN, `correlation ${alike}`);
    assert.deepEqual(troubles, []);
  });

  await t.test('a study of one institution, where the address names it', async () => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${archive.http}/ohif/viewer?StudyInstanceUIDs=${object.studyUid}&institution=LOCAL`);
    await drawn(page);
    const web = asked.filter((path) => path.startsWith('/dicom-web'));
    assert.ok(web.length > 0 && web.every((path) => path.startsWith('/dicom-web/i/LOCAL/')), web.join(' '));
    assert.deepEqual(troubles, []);
  });
});
