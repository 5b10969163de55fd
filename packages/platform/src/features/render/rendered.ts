import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { HttpAnswer, HttpRequest } from '../../bindings/http.ts';
import type { Target } from '../../bindings/target.ts';
import {
  type HeldInstance,
  type HeldSeries,
  type HeldStudy,
  listInstances,
  listSeries,
} from '../../holdings/find.repo.ts';
import type { PictureFormat } from '../../ports/imaging.ts';
import type { Op } from '../../ports/op.ts';
import type { Sql } from '../../ports/sql.ts';
import { type RenderingParameters, readRenderingParameters } from './parameters.ts';
import { chosenFormat, isOfImage, multiplePictures, singlePicture } from './pictures.ts';
import type { PictureOf, Renderer } from './render.ts';

/** Frames of one list. */
const FRAMES_MAX = 4096;
/** Sides of a thumbnail whose size is not asked for. */
const THUMBNAIL_SIDE = 256;
/** Objects that are tried until one has an image. */
const THUMBNAIL_TRIES_MAX = 16;

/** Retrieve Rendered Study, Series (PS3.18 10.4.1.1.4): every frame of every instance that has any. */
export async function renderedObjects(
  renderer: Renderer,
  sql: Sql,
  { held }: Target<HeldStudy | HeldSeries>,
  request: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const parameters = readRenderingParameters(request.query);
  const { format } = chosenFormat(request, 'multipart');
  const pictures = picturesOf(renderer, instancesOf(sql, held), format, parameters);
  return multiplePictures(renderer, pictures, { format, parameters, isLenient: true }, op);
}

/** Retrieve Rendered Instance: all frames where multipart is wanted; alone, the first one. */
export async function renderedInstance(
  renderer: Renderer,
  { held: instance }: Target<HeldInstance>,
  request: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const parameters = readRenderingParameters(request.query);
  const { format, offer } = chosenFormat(request, 'both');
  if (!offer.multipart) return singlePicture(renderer, { instance, frame: 1, format, parameters }, request, op);
  const pictures = picturesOf(renderer, once(instance), format, parameters);
  return multiplePictures(renderer, pictures, { format, parameters, isLenient: false }, op);
}

/** Retrieve Rendered Frames: those of the list, in its order. */
export async function renderedFrames(
  renderer: Renderer,
  { held: instance }: Target<HeldInstance>,
  request: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const parameters = readRenderingParameters(request.query);
  const frames = frameNumbers(request.params['frames'] ?? '');
  const { format, offer } = chosenFormat(request, frames.length === 1 ? 'both' : 'multipart');
  const pictures = frames.map((frame): PictureOf => ({ instance, frame, format, parameters }));
  const [only] = pictures;
  if (only !== undefined && !offer.multipart) return singlePicture(renderer, only, request, op);
  return multiplePictures(renderer, each(pictures), { format, parameters, isLenient: false }, op);
}

/** A small picture (PS3.18 10.4.1.1.5): of an instance the first frame, or the one that is named. */
export async function instanceThumbnail(
  renderer: Renderer,
  { held: instance }: Target<HeldInstance>,
  request: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const [frame = 1] = request.params['frames'] === undefined ? [] : frameNumbers(request.params['frames']);
  const { format } = chosenFormat(request, 'single');
  return singlePicture(renderer, { instance, frame, format, parameters: thumbnailParameters(request) }, request, op);
}

/** Of a study or series: of the instance in the middle of the first series that has an image. */
export async function thumbnail(
  renderer: Renderer,
  sql: Sql,
  { held }: Target<HeldStudy | HeldSeries>,
  request: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const { format } = chosenFormat(request, 'single');
  const parameters = thumbnailParameters(request);
  const without = new Set<number>();
  let tries = 0;
  let refused: Failure | undefined;
  for await (const { instance, seriesKey } of candidates(sql, held, without)) {
    if (++tries > THUMBNAIL_TRIES_MAX) break;
    try {
      return await singlePicture(renderer, { instance, frame: 1, format, parameters }, request, op);
    } catch (thrown) {
      const failure = toFailure(thrown);
      if (!isOfImage(failure)) throw thrown;
      refused ??= failure;
      if (failure.code === 'pixel/no-image') without.add(seriesKey);
    }
  }
  throw refused ?? new Failure('pixel/no-image', 'no instance');
}

/**
 * Instances that may stand for all, each series from its middle on.
 * @param without series that are passed over: where one object has no image, as a report, the others have none either
 */
async function* candidates(
  sql: Sql,
  held: HeldStudy | HeldSeries,
  without: ReadonlySet<number>,
): AsyncGenerator<{ instance: HeldInstance; seriesKey: number }> {
  for (const series of await seriesOf(sql, held)) {
    const instances = await listInstances(sql, series);
    const middle = Math.floor(instances.length / 2);
    for (const instance of [...instances.slice(middle), ...instances.slice(0, middle)]) {
      if (without.has(series.seriesKey)) break;
      yield { instance, seriesKey: series.seriesKey };
    }
  }
}

function thumbnailParameters(request: HttpRequest): RenderingParameters {
  const { fit, quality } = readRenderingParameters(request.query);
  const size = fit ?? { width: THUMBNAIL_SIDE, height: THUMBNAIL_SIDE };
  return { window: undefined, fit: size, region: undefined, quality, annotation: [] };
}

async function* picturesOf(
  { images }: Renderer,
  instances: AsyncIterable<HeldInstance>,
  format: PictureFormat,
  parameters: RenderingParameters,
): AsyncGenerator<PictureOf> {
  for await (const instance of instances) {
    // What has no image is one picture, which says so when it is made.
    const frames = await images.of(instance).then(
      ({ index }) => index.frameCount,
      () => 1,
    );
    for (let frame = 1; frame <= frames; frame++) yield { instance, frame, format, parameters };
  }
}

async function* instancesOf(sql: Sql, held: HeldStudy | HeldSeries): AsyncGenerator<HeldInstance> {
  for (const series of await seriesOf(sql, held)) yield* await listInstances(sql, series);
}

async function seriesOf(sql: Sql, held: HeldStudy | HeldSeries): Promise<HeldSeries[]> {
  return 'seriesKey' in held ? [held] : listSeries(sql, held);
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

/** @throws {Failure} request/invalid */
function frameNumbers(list: string): number[] {
  if (!/^\d{1,9}(,\d{1,9})*$/.test(list)) throw new Failure('request/invalid', 'no list of frame numbers');
  const numbers = list.split(',').map(Number);
  if (numbers.length > FRAMES_MAX) throw new Failure('request/invalid', `more than ${FRAMES_MAX} frames`);
  return numbers;
}
