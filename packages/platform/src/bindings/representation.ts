import { hash } from 'node:crypto';
import { isNotModified } from '@acervo/interop/dicomweb/byte-ranges.ts';
import { acceptOf } from '@acervo/interop/dicomweb/media-type.ts';
import { chooseRepresentation, type Offer } from '@acervo/interop/dicomweb/representation.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { HttpAnswer, HttpRequest } from './http.ts';

/**
 * The representation that a request wants most.
 * @throws {Failure} retrieve/not-acceptable
 */
export function chosen(request: HttpRequest, offers: readonly Offer[]): Offer {
  const offer = chooseRepresentation(acceptOf(request.headers['accept'], request.rawQuery), offers);
  if (offer === undefined) throw new Failure('retrieve/not-acceptable', `none of ${offers.length} representations`);
  return offer;
}

/** A strong entity tag of what these facts determine to the byte. */
export function etagOf(...facts: readonly (string | number)[]): string {
  return `"${hash('sha256', facts.join('\n')).slice(0, 40)}"`;
}

/** What holds for every representation: it depends on Accept, and a cache has to ask again. */
export const headersOf = (etag: string): Record<string, string> => ({ etag, vary: 'accept' });

/** 304, when the caller has these bytes already. */
export function notModified(request: HttpRequest, etag: string): HttpAnswer | undefined {
  if (!isNotModified(request.headers['if-none-match'], etag)) return undefined;
  return { status: 304, headers: headersOf(etag) };
}
