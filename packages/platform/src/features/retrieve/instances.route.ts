import { canRecode, TARGET_SYNTAXES } from '@acervo/dicom/pixel/codings.ts';
import { acceptOf, type MediaRange } from '@acervo/interop/dicomweb/media-type.ts';
import {
  chooseRepresentation,
  instanceOffers,
  type Offer,
  type Packaging,
} from '@acervo/interop/dicomweb/representation.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { HttpAnswer, HttpRequest } from '../../bindings/http.ts';
import { chosen } from '../../bindings/representation.ts';
import type { Target } from '../../bindings/target.ts';
import {
  type HeldInstance,
  type HeldSeries,
  type HeldStudy,
  listInstances,
  listSeries,
  listTransferSyntaxes,
} from '../../holdings/find.repo.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import type { Op } from '../../ports/op.ts';
import { multiPart, multiPartStream, type Payload, singlePart } from './answer.ts';
import { instancePayload } from './instance-payload.ts';

const DICOM = 'application/dicom';

/** As stored, and whatever can be made of it. */
const offersOf = (stored: string, packaging: Packaging): Offer[] =>
  instanceOffers(
    stored,
    packaging,
    TARGET_SYNTAXES.filter((target) => canRecode(stored, target)),
  );

/** Retrieve Instance (PS3.18 10.4.1.1.3): alone or as the only part. */
export async function retrieveInstance(
  holdings: Holdings,
  { held }: Target<HeldInstance>,
  request: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const offer = chosen(request, offersOf(held.transferSyntaxUid, 'multipart-or-single'));
  const payload = await instancePayload(holdings, op, held, offer.transferSyntaxUid);
  return offer.multipart
    ? multiPart(request, DICOM, [payload], payload.etag)
    : singlePart(request, op, payload, payload.etag);
}

/**
 * Retrieve Study, Retrieve Series (PS3.18 10.4.1.1.1, 10.4.1.1.2): instance after instance, as fast as the
 * peer takes them. Instances of which no acceptable representation exists are left out: 206 where it is
 * some of them, 406 where it is all.
 */
export async function retrieveInstances(
  holdings: Holdings,
  { held }: Target<HeldStudy | HeldSeries>,
  request: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const ranges = acceptOf(request.headers['accept'], request.rawQuery);
  const stored = await listTransferSyntaxes(holdings.db, held);
  const acceptable = stored.filter((uid) => chooseRepresentation(ranges, offersOf(uid, 'multipart')) !== undefined);
  if (acceptable.length === 0) throw new Failure('retrieve/not-acceptable', `${stored.length} transfer syntaxes`);
  const status = acceptable.length < stored.length ? 206 : 200;
  return multiPartStream(DICOM, payloadsOf(holdings, held, ranges, op), status);
}

async function* payloadsOf(
  holdings: Holdings,
  held: HeldStudy | HeldSeries,
  ranges: readonly MediaRange[],
  op: Op,
): AsyncGenerator<Payload> {
  const { db } = holdings;
  for (const series of await seriesOf(db, held)) {
    for (const instance of await listInstances(db, series)) {
      op.signal.throwIfAborted();
      const offer = chooseRepresentation(ranges, offersOf(instance.transferSyntaxUid, 'multipart'));
      if (offer !== undefined) yield await instancePayload(holdings, op, instance, offer.transferSyntaxUid);
    }
  }
}

/** The series that a target has: itself, or those of the study. */
export async function seriesOf(db: Holdings['db'], held: HeldStudy | HeldSeries): Promise<HeldSeries[]> {
  return 'seriesKey' in held ? [held] : listSeries(db, held);
}
