import { canRecode, TARGET_SYNTAXES } from '@acervo/dicom/pixel/codings.ts';
import type { FrameIndex } from '@acervo/dicom/pixel/frames.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { contentTypeOf, frameOffers, type Offer, type Packaging } from '@acervo/interop/dicomweb/representation.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { baseUrlOf, type HttpAnswer, type HttpRequest } from '../../bindings/http.ts';
import { chosen, etagOf } from '../../bindings/representation.ts';
import type { Target } from '../../bindings/target.ts';
import type { HeldInstance } from '../../holdings/find.repo.ts';
import { HeldImages } from '../../holdings/held-images.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { instanceUrl } from '../../holdings/instance-json.ts';
import { cut, storedDataSet } from '../../holdings/stored-data-set.ts';
import type { Op } from '../../ports/op.ts';
import { multiPart, type Payload, singlePart } from './answer.ts';
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
export async function framesAnswer(
  { files, imaging }: Holdings,
  index: FrameIndex,
  { held, institution }: Target<HeldInstance>,
  numbers: readonly number[],
  request: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const offer = chosen(request, frameOffersOf(index, held, numbers.length === 1 ? 'multipart-or-single' : 'multipart'));
  const contentType = contentTypeOf(offer);
  const stored = storedDataSet(files, held);
  const images = new HeldImages(files);
  const url = instanceUrl(baseUrlOf(request), institution, held);
  const etag = etagOf('frames', held.digest, held.transferSyntaxUid, contentType, url, ...numbers);
  const payloads = await Promise.all(
    numbers.map(async (number, at): Promise<Payload> => {
      const payload = isStored(index, held, offer)
        ? framePayload(stored, index, number, contentType)
        : await recodedFrame({ images, imaging, held, number, offer, op }, at === 0);
      return { ...payload, location: `${url}/frames/${number}` };
    }),
  );
  const [only] = payloads;
  if (only !== undefined && !offer.multipart) return singlePart(request, op, only, etag);
  return multiPart(request, offer.mediaType, payloads, etag);
}

/** By how the pixels lie, which of a faulty object is not what its transfer syntax says. */
export function frameOffersOf(index: FrameIndex, { transferSyntaxUid }: HeldInstance, packaging: Packaging): Offer[] {
  const stored = index.kind === 'native' ? EXPLICIT_LE : transferSyntaxUid;
  return frameOffers(
    stored,
    packaging,
    TARGET_SYNTAXES.filter((target) => canRecode(stored, target)),
  );
}

function isStored(index: FrameIndex, { transferSyntaxUid }: HeldInstance, offer: Offer): boolean {
  return offer.transferSyntaxUid === (index.kind === 'native' ? EXPLICIT_LE : transferSyntaxUid);
}

type Recoding = {
  images: HeldImages;
  imaging: Holdings['imaging'];
  held: HeldInstance;
  number: number;
  offer: Offer;
  op: Op;
};

/** A frame in another transfer syntax, made when its turn comes; the first at once, as it tells whether it can be. */
async function recodedFrame(of: Recoding, isFirst: boolean): Promise<Payload> {
  const first = isFirst ? await recoded(of) : undefined;
  async function* made(): AsyncGenerator<Uint8Array> {
    yield first ?? (await recoded(of));
  }
  return {
    contentType: contentTypeOf(of.offer),
    length: first?.length,
    stream: (offset = 0, length = Number.MAX_SAFE_INTEGER) => cut(made(), offset, length),
  };
}

async function recoded({ images, imaging, held, number, offer, op }: Recoding): Promise<Uint8Array> {
  const frame = await images.frame(held, await images.of(held), number);
  return (await imaging.recode(frame, offer.transferSyntaxUid ?? EXPLICIT_LE, op.signal)).bytes;
}

/** @throws {Failure} request/invalid */
export function frameNumbers(list: string): number[] {
  if (!/^\d{1,9}(,\d{1,9})*$/.test(list)) throw new Failure('request/invalid', 'no list of frame numbers');
  const numbers = list.split(',').map(Number);
  if (numbers.length > FRAMES_MAX) throw new Failure('request/invalid', `more than ${FRAMES_MAX} frames`);
  return numbers;
}
