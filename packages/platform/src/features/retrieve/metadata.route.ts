import { acceptsGzip } from '@acervo/interop/dicomweb/content-coding.ts';
import { metadataOffers } from '@acervo/interop/dicomweb/representation.ts';
import { baseUrlOf, type HttpAnswer, type HttpRequest } from '../../bindings/http.ts';
import { chosen, etagOf, notModified } from '../../bindings/representation.ts';
import type { Target } from '../../bindings/target.ts';
import type { HeldInstance, HeldSeries, HeldStudy } from '../../holdings/find.repo.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { instanceUrl, readInstanceJsonText } from '../../holdings/instance-json.ts';
import { gzipText, type JsonPiece, jsonArray, plainText } from '../../holdings/json-piece.ts';
import { SeriesDocuments } from '../../holdings/series-document.ts';
import type { Op } from '../../ports/op.ts';
import { seriesOf } from './instances.route.ts';
import type { WholeBodies } from './whole-bodies.ts';

/** Retrieve Metadata of an instance (PS3.18 10.4.1.1.4): its header only is read. */
export async function retrieveInstanceMetadata(
  holdings: Holdings,
  { held, institution }: Target<HeldInstance>,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const { mediaType } = chosen(request, metadataOffers());
  const url = instanceUrl(baseUrlOf(request), institution, held);
  const etag = etagOf('metadata', held.digest, held.transferSyntaxUid, held.charsetDefault, url);
  const known = notModified(request, etag);
  if (known !== undefined) return known;
  const { text, isWhole } = await readInstanceJsonText(holdings, held, url);
  const headers = { 'content-type': mediaType, vary: 'accept', ...(isWhole && { etag }) };
  return { status: 200, headers, body: `[${text}]` };
}

/** Retrieve Metadata of a study or series: the kept documents of its series, one after the other. */
export async function retrieveMetadata(
  { db }: Holdings,
  documents: SeriesDocuments,
  bodies: WholeBodies,
  { held }: Target<HeldStudy | HeldSeries>,
  request: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const { mediaType } = chosen(request, metadataOffers());
  const base = baseUrlOf(request);
  const series = await seriesOf(db, held);
  const isGzip = acceptsGzip(request.headers['accept-encoding']);
  const etag = etagOf('metadata', isGzip ? 'gzip' : '', ...series.map((each) => SeriesDocuments.keyOf(each, base)));
  const known = notModified(request, etag);
  if (known !== undefined) return known;
  const pieces = jsonArray(piecesOf(documents, series, base, op));
  const headers = { 'content-type': mediaType, vary: 'accept, accept-encoding', etag };
  if (!isGzip) return { status: 200, headers, body: await bodies.bodyOf(plainText(pieces)) };
  const body = await bodies.bodyOf(gzipText(pieces));
  return { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, body };
}

async function* piecesOf(
  documents: SeriesDocuments,
  series: readonly HeldSeries[],
  base: string,
  op: Op,
): AsyncGenerator<JsonPiece> {
  for (const each of series) {
    op.signal.throwIfAborted();
    yield* documents.pieces(each, base);
  }
}
