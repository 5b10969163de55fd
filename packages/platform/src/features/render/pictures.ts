import { type MultipartPart, multipartRelated } from '@acervo/interop/dicomweb/multipart.ts';
import type { Offer } from '@acervo/interop/dicomweb/representation.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { HttpAnswer, HttpRequest } from '../../bindings/http.ts';
import { chosen, headersOf, notModified } from '../../bindings/representation.ts';
import type { PictureFormat } from '../../ports/imaging.ts';
import type { Op } from '../../ports/op.ts';
import { type PictureOf, pictureTag, type Renderer, renderFrame } from './render.ts';

/** The formats of pictures, the one that is answered without a wish first (PS3.18 8.7.4). */
const FORMATS: readonly PictureFormat[] = ['jpeg', 'png', 'webp'];
export const PICTURE_TYPES: readonly string[] = FORMATS.map((format) => `image/${format}`);

export const pictureOffers = (packaging: 'single' | 'multipart' | 'both'): Offer[] =>
  PICTURE_TYPES.flatMap((mediaType): Offer[] => [
    ...(packaging === 'multipart' ? [] : [{ mediaType, multipart: false, isDefault: true }]),
    ...(packaging === 'single' ? [] : [{ mediaType, multipart: true, isDefault: true }]),
  ]);

/** @throws {Failure} retrieve/not-acceptable */
export function chosenFormat(
  request: HttpRequest,
  packaging: 'single' | 'multipart' | 'both',
): {
  format: PictureFormat;
  offer: Offer;
} {
  const offer = chosen(request, pictureOffers(packaging));
  return { format: offer.mediaType.slice('image/'.length) as PictureFormat, offer };
}

/** PS3.18 8.3.5.1.1: what of `annotation` is not drawn is said. */
function warning({ parameters: { annotation } }: Pick<PictureOf, 'parameters'>): Record<string, string> {
  return annotation.length === 0
    ? {}
    : { warning: '299 acervo "The following annotation values are not supported: annotation"' };
}

/** One picture as the whole body. */
export async function singlePicture(
  renderer: Renderer,
  of: PictureOf,
  request: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const etag = pictureTag(of);
  const known = notModified(request, etag);
  if (known !== undefined) return known;
  const body = await renderFrame(renderer, of, op);
  const headers = {
    ...headersOf(etag),
    ...warning(of),
    'content-type': `image/${of.format}`,
    'content-length': `${body.length}`,
  };
  return { status: 200, headers, body };
}

/**
 * Pictures one after the other, made as the peer takes them. What has no image (a report, a presentation state) or
 * cannot be decoded is left out where `isLenient`; where nothing is left, the reason of the first is the answer.
 */
export async function multiplePictures(
  renderer: Renderer,
  pictures: AsyncIterable<PictureOf>,
  of: { format: PictureFormat; parameters: PictureOf['parameters']; isLenient: boolean },
  op: Op,
): Promise<HttpAnswer> {
  const parts = made(renderer, pictures, of.isLenient, op);
  // The first picture decides whether there is an answer at all.
  const first = await parts.next();
  if (first.done === true) throw new Failure('pixel/no-image', 'nothing to render');
  const { contentType, body } = multipartRelated(`image/${of.format}`, resumed(first.value, parts));
  return { status: 200, headers: { 'content-type': contentType, vary: 'accept', ...warning(of) }, body };
}

async function* resumed(first: MultipartPart, rest: AsyncGenerator<MultipartPart>): AsyncGenerator<MultipartPart> {
  yield first;
  yield* rest;
}

async function* made(
  renderer: Renderer,
  pictures: AsyncIterable<PictureOf>,
  isLenient: boolean,
  op: Op,
): AsyncGenerator<MultipartPart> {
  let refused: Failure | undefined;
  let isAny = false;
  for await (const of of pictures) {
    op.signal.throwIfAborted();
    const body = await renderFrame(renderer, of, op).catch((thrown: unknown) => {
      const failure = toFailure(thrown);
      if (!isLenient || !isOfImage(failure)) throw thrown;
      refused ??= failure;
      return undefined;
    });
    if (body === undefined) continue;
    isAny = true;
    yield { headers: { 'Content-Type': `image/${of.format}` }, body };
  }
  if (!isAny && refused !== undefined) throw refused;
}

/** The object's own fault, so that others of its series can still be shown. */
export const isOfImage = ({ code }: Failure): boolean => code.startsWith('pixel/') && code !== 'pixel/busy';
