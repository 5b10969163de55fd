import type { FrameIndex } from '@acervo/dicom/pixel/frames.ts';
import {
  bulkdataOffers,
  contentTypeOf,
  frameOffers,
  type Offer,
  type Packaging,
} from '@acervo/interop/dicomweb/representation.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { baseUrlOf, type HttpAnswer, type HttpRequest } from '../../bindings/http.ts';
import { chosen, etagOf } from '../../bindings/representation.ts';
import type { Target } from '../../bindings/target.ts';
import type { HeldInstance } from '../../holdings/find.repo.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { instanceUrl } from '../../holdings/instance-json.ts';
import { storedDataSet } from '../../holdings/stored-data-set.ts';
import type { Op } from '../../ports/op.ts';
import { multiPart, singlePart } from './answer.ts';
import { type FrameIndexes, framePayload } from './frame-payload.ts';

/** Frames of one request. */
const FRAMES_MAX = 4096;

/** Retrieve Frames (PS3.18 10.4.1.1.6): the frames of the list, in its order. */
export async function retrieveFrames(
  holdings: Holdings,
  indexes: FrameIndexes,
  target: Target<HeldInstance>,
  request: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const numbers = frameNumbers(request.params['frames'] ?? '');
  const index = await indexes.of(target.held);
  return framesAnswer(holdings, index, target, numbers, request, op);
}

/** These frames of an instance, alone or in parts. */
export function framesAnswer(
  { files }: Holdings,
  index: FrameIndex,
  { held, institution }: Target<HeldInstance>,
  numbers: readonly number[],
  request: HttpRequest,
  op: Op,
): HttpAnswer {
  const offer = chosen(request, frameOffersOf(index, held, numbers.length === 1 ? 'multipart-or-single' : 'multipart'));
  const contentType = contentTypeOf(offer);
  const stored = storedDataSet(files, held);
  const url = instanceUrl(baseUrlOf(request), institution, held);
  const etag = etagOf('frames', held.digest, held.transferSyntaxUid, contentType, url, ...numbers);
  const payloads = numbers.map((number) => ({
    ...framePayload(stored, index, number, contentType),
    location: `${url}/frames/${number}`,
  }));
  const [only] = payloads;
  if (only !== undefined && !offer.multipart) return singlePart(request, op, only, etag);
  return multiPart(request, offer.mediaType, payloads, etag);
}

/** By how the pixels lie, which of a faulty object is not what its transfer syntax says. */
export function frameOffersOf(index: FrameIndex, { transferSyntaxUid }: HeldInstance, packaging: Packaging): Offer[] {
  return index.kind === 'native' ? bulkdataOffers(packaging) : frameOffers(transferSyntaxUid, packaging);
}

/** @throws {Failure} request/invalid */
export function frameNumbers(list: string): number[] {
  if (!/^\d{1,9}(,\d{1,9})*$/.test(list)) throw new Failure('request/invalid', 'no list of frame numbers');
  const numbers = list.split(',').map(Number);
  if (numbers.length > FRAMES_MAX) throw new Failure('request/invalid', `more than ${FRAMES_MAX} frames`);
  return numbers;
}
