import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { itemsOf, numbersOf, textOf } from '@acervo/dicom/data-set/access.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { type ReadSegmentation, readSegmentation } from '@acervo/dicom/seg/read.ts';
import { T } from '@acervo/dicom/tags.ts';
import { packageKey, writeDemoPackages } from '@acervo/testkit/fixtures/model-packages.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import type { Page } from 'playwright-core';
import { runAcervo, scratch, startArchive } from '../harness/archive-process.ts';
import { keepPicture, openPage, startBrowser } from '../harness/browser.ts';
import { dataSetOfFile } from '../harness/retrieved.ts';
import { stow } from '../harness/stow.ts';

const SEG = '1.2.840.10008.5.1.4.1.1.66.4';
const OHIF_DIR = join(import.meta.dirname, '../../data/ohif');
const DRAWN_MS = 60_000;
/** Looks, 100 ms apart, at which the canvas is the same: nothing more is being drawn. */
const LOOKS = 5;
/** The demo's phantom: PixelSpacing, and axial slices. */
const SPACING_MM = 6;
/** Pixels around one that are to be alike, so that interpolation mixes nothing in. */
const MARGIN = 2;
/** Of 255: rounding of the viewer's table of colours, its blending, and the screen. */
const COLOUR_TOLERANCE = 12;

type Colour = readonly [red: number, green: number, blue: number];
type World = readonly [number, number, number];
/** A slice that the segmentation is drawn on, with a place within it and one outside. */
type Places = { sopInstanceUid: string; inside: World; outside: World };

/** PS3.3 C.10.7.1.1, as sRGB sees it. */
function colourOf(cielab: readonly number[]): Colour {
  const [l = 0, a = 0, b = 0] = cielab.map((value) => value / 65_535);
  const fy = (l * 100 + 16) / 116;
  const linear = (f: number): number => (f ** 3 > 0.008856 ? f ** 3 : (f - 16 / 116) / 7.787);
  // The white point of sRGB.
  const [x, y, z] = [
    0.95047 * linear(fy + (a * 255 - 128) / 500),
    linear(fy),
    1.08883 * linear(fy - (b * 255 - 128) / 200),
  ];
  const channel = (value: number): number => {
    const bounded = Math.min(1, Math.max(0, value));
    return 255 * (bounded > 0.0031308 ? 1.055 * bounded ** (1 / 2.4) - 0.055 : 12.92 * bounded);
  };
  return [
    channel(3.2406 * x - 1.5372 * y - 0.4986 * z),
    channel(-0.9689 * x + 1.8758 * y + 0.0415 * z),
    channel(0.0557 * x - 0.204 * y + 1.057 * z),
  ];
}

/** The demo's model of CT on its own phantom: images and results, as files. */
async function resultsOf(t: TestContext): Promise<{ images: Uint8Array[]; results: Uint8Array[] }> {
  const folder = scratch(t, 'ohif-seg');
  await writeDemoPackages(folder);
  const acervo = async (...args: string[]): Promise<void> => {
    const { code, out, err } = await runAcervo(join(folder, 'none'), args);
    assert.equal(code, 0, out + err);
  };
  const model = join(folder, 'tc-densidad');
  await acervo('model', 'pack', model, '--key', packageKey(folder));
  const slices = readdirSync(join(model, 'golden')).filter((name) => name.startsWith('2-'));
  const paths = slices.map((name) => join(model, 'golden', name));
  const to = join(folder, 'results');
  await acervo('model', 'run', model, ...paths, '--results', to);
  const read = (path: string): Uint8Array => new Uint8Array(readFileSync(path));
  return { images: paths.map(read), results: readdirSync(to).map((name) => read(join(to, name))) };
}

const parsed = (file: Uint8Array): DataSet =>
  readDataSet(dataSetOfFile(file), { syntax: { explicitVr: true, littleEndian: true } }).dataSet;

function placesOn({ rows, columns, frames }: ReadSegmentation): Places {
  for (const { pixels, position, source } of frames) {
    const find = (isSet: boolean): World | undefined => {
      for (let row = MARGIN; row < rows - MARGIN; row++) {
        for (let column = MARGIN; column < columns - MARGIN; column++) {
          if (isAlike(pixels, columns, row, column, isSet)) {
            return [position[0] + SPACING_MM * column, position[1] + SPACING_MM * row, position[2]];
          }
        }
      }
      return undefined;
    };
    const inside = find(true);
    // The middle of the chest, which is neither black nor white.
    const centre = rows / 2;
    const isFree = isAlike(pixels, columns, centre, centre, false);
    const outside: World = [position[0] + SPACING_MM * centre, position[1] + SPACING_MM * centre, position[2]];
    if (inside !== undefined && isFree) return { sopInstanceUid: source.sopInstanceUid, inside, outside };
  }
  return assert.fail('no frame with a place well inside');
}

function isAlike(pixels: Uint8Array, columns: number, row: number, column: number, isSet: boolean): boolean {
  for (let y = row - MARGIN; y <= row + MARGIN; y++) {
    for (let x = column - MARGIN; x <= column + MARGIN; x++) {
      if ((pixels[y * columns + x] !== 0) !== isSet) return false;
    }
  }
  return true;
}

/** What the viewer says of itself (OHIF puts it there for its own tests). */
type Cornerstone = {
  getEnabledElements(): readonly {
    viewport: {
      canvas: HTMLCanvasElement;
      getImageIds(): readonly string[];
      getCurrentImageIdIndex(): number;
      scroll(delta: number): void;
      setProperties(of: { voiRange: { lower: number; upper: number } }): void;
      render(): void;
      worldToCanvas(world: World): [number, number];
    };
  }[];
};

/**
 * Scroll to the slice, in one window: the images have none, and the viewer takes that of the slice it showed first.
 * @returns false while it is not there
 */
function show(sopInstanceUid: string): boolean {
  const { cornerstone } = globalThis as typeof globalThis & { cornerstone?: Cornerstone };
  const viewport = cornerstone?.getEnabledElements()[0]?.viewport;
  const index = viewport?.getImageIds().findIndex((id) => id.includes(sopInstanceUid)) ?? -1;
  if (viewport === undefined || index < 0) return false;
  const delta = index - viewport.getCurrentImageIdIndex();
  if (delta !== 0) viewport.scroll(delta);
  viewport.setProperties({ voiRange: { lower: -1000, upper: 600 } });
  viewport.render();
  return delta === 0;
}

/** The colours on the canvas where these places of the patient are. */
const coloursAt = (page: Page, places: readonly World[]): Promise<Colour[]> =>
  page.evaluate((worlds) => {
    const { cornerstone } = globalThis as typeof globalThis & { cornerstone?: Cornerstone };
    const viewport = cornerstone?.getEnabledElements()[0]?.viewport;
    if (viewport === undefined) return [];
    const { canvas } = viewport;
    const scale = canvas.width / canvas.clientWidth;
    return worlds.map((world) => {
      const [x, y] = viewport.worldToCanvas(world).map((at) => Math.round(at * scale)) as [number, number];
      const [red = 0, green = 0, blue = 0] = canvas.getContext('2d')?.getImageData(x, y, 1, 1).data ?? [];
      return [red, green, blue] as const;
    });
  }, places);

const isGrey = ([red, green, blue]: Colour): boolean => Math.max(red, green, blue) - Math.min(red, green, blue) <= 4;

/**
 * Until the canvas shows what it is waited for, and goes on to: a slice that was scrolled to is drawn a while after the
 * viewer says that it is there.
 * @returns what it showed
 */
async function coloursWhen(
  page: Page,
  { sopInstanceUid, inside, outside }: Places,
  isShown: (inside: Colour, outside: Colour) => boolean,
) {
  const deadline = Date.now() + DRAWN_MS;
  let [last, looks] = ['', 0];
  for (;;) {
    const isThere = await page.evaluate(show, sopInstanceUid);
    const [within, without] = await coloursAt(page, [inside, outside]);
    const now = JSON.stringify([within, without]);
    looks = isThere && now === last ? looks + 1 : 0;
    last = now;
    if (within !== undefined && without !== undefined && looks >= LOOKS && isShown(within, without)) {
      return { within, without };
    }
    assert.ok(Date.now() < deadline, `the canvas shows ${JSON.stringify({ within, without })}`);
    await page.waitForTimeout(100);
  }
}

test('OHIF draws a segmentation of ours over its images, in the colour that it recommends', async (t) => {
  if (!needsPeer(t, 'chromium')) return;
  const dataDir = join(scratch(t, 'ohif-seg-archive'), 'data');
  const env = { ACERVO_OHIF_DIR: OHIF_DIR };
  const { code, err } = await runAcervo(dataDir, ['ohif'], env);
  assert.equal(code, 0, err);
  const { images, results } = await resultsOf(t);
  const archive = await startArchive(t, dataDir, env);
  assert.deepEqual((await stow({ http: archive.http }, [...images, ...results])).failed, []);
  const seg = results.map(parsed).find(({ elements }) => textOf(elements.get(T.SOPClassUID)) === SEG);
  assert.ok(seg !== undefined);
  const places = placesOn(readSegmentation(seg));
  const [segment] = itemsOf(seg, T.SegmentSequence);
  const recommended = colourOf(numbersOf(segment?.elements.get(T.RecommendedDisplayCIELabValue), seg.littleEndian));

  const context = await startBrowser(t);
  await context.addInitScript(() => {
    const year = new Date(Date.now() + 31_536_000_000).toISOString();
    localStorage.setItem('investigationalUseDialog', JSON.stringify({ expiryDate: year }));
    localStorage.setItem('shownTours', JSON.stringify(['basicViewerTour']));
  });
  const { page, troubles } = await openPage(context, archive.http, ['/ohif', '/dicom-web', '/api']);
  await page.goto(`${archive.http}/ohif/viewer?StudyInstanceUIDs=${textOf(seg.elements.get(T.StudyInstanceUID))}`);
  const before = await coloursWhen(page, places, (colour) => isGrey(colour) && colour[0] > 16);
  assert.ok(isGrey(before.without), `${before.without}`);
  await keepPicture(page, 'ohif-seg-1-image-1440');

  await page.locator('[data-cy="study-browser-thumbnail-no-image"]', { hasText: 'SEG' }).first().dblclick();
  await page.getByRole('button', { name: 'Yes', exact: true }).click({ timeout: DRAWN_MS });
  const isAsBefore = ([grey]: Colour): boolean => Math.abs(grey - before.without[0]) <= COLOUR_TOLERANCE;
  const drawn = await coloursWhen(page, places, (colour, beside) => !isGrey(colour) && isAsBefore(beside));
  await keepPicture(page, 'ohif-seg-2-drawn-1440');
  assert.ok(isGrey(drawn.without), `outside of the segment the image is grey: ${drawn.without}`);
  assertBlended(t, drawn.within, before.within[0], recommended);
  assert.deepEqual(troubles, []);
});

/** The colour lies over the grey, so far as it is opaque: the same part of it in every channel. */
function assertBlended(t: TestContext, shown: Colour, grey: number, recommended: Colour): void {
  const [red, green, blue] = recommended;
  const opacity = (shown[0] - shown[1]) / (red - green);
  t.diagnostic(`grey ${grey} shown as ${shown.join()}: ${opacity.toFixed(2)} of ${[red, green, blue].map(Math.round)}`);
  assert.ok(opacity > 0.1 && opacity <= 1, `opacity ${opacity}`);
  recommended.forEach((colour, channel) => {
    const expected = grey * (1 - opacity) + colour * opacity;
    const found = shown[channel] ?? 0;
    assert.ok(Math.abs(found - expected) <= COLOUR_TOLERANCE, `channel ${channel}: ${found} for ${expected}`);
  });
}
