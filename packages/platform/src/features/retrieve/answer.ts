import { byteRange, contentRange, rangeApplies } from '@acervo/interop/dicomweb/byte-ranges.ts';
import { type MultipartPart, multipartLength, multipartRelated, onlyPart } from '@acervo/interop/dicomweb/multipart.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { type HttpAnswer, type HttpBody, type HttpRequest, type LentPieces, problemOf } from '../../bindings/http.ts';
import { headersOf, notModified } from '../../bindings/representation.ts';
import { LENT_BYTES_MAX } from '../../holdings/segment-files.ts';
import type { LentBytes } from '../../ports/blob-store.ts';
import type { Op } from '../../ports/op.ts';

/** Bytes that can be sent: alone, or as a part. */
export type Payload = {
  contentType: string;
  /** In bytes; undefined when only sending it tells. */
  length: number | undefined;
  /** From an offset on; `length` undefined: to the end. */
  stream(offset?: number, length?: number): AsyncIterable<Uint8Array>;
  /** The same at once, of what is small and lies in a segment as it is sent. */
  lend?: ((offset: number, length: number) => Promise<LentBytes>) | undefined;
  /** Absolute address of these bytes alone, where there is one. */
  location?: string;
};

/** `lend` of a payload, if it is not too long for it. */
export function lendable(length: number, lend: NonNullable<Payload['lend']>): Payload['lend'] {
  return length <= LENT_BYTES_MAX ? lend : undefined;
}

const boundaryOf = (etag: string): string => etag.slice(1, -1);

/** One payload as the whole body; where its length is known also in ranges (RFC 9110 14). */
export function singlePart(request: HttpRequest, op: Op, payload: Payload, etag: string): HttpAnswer {
  const known = notModified(request, etag);
  if (known !== undefined) return known;
  const { contentType, length } = payload;
  const headers: Record<string, string> = { ...headersOf(etag), 'content-type': contentType };
  if (length === undefined) return { status: 200, headers, body: payload.stream() };
  headers['accept-ranges'] = 'bytes';
  const asked = rangeApplies(request.headers['if-range'], etag) ? request.headers['range'] : undefined;
  const range = byteRange(asked, length);
  if (range === 'unsatisfiable') return unsatisfiable(op, length);
  if (range === 'whole')
    return { status: 200, headers: { ...headers, 'content-length': `${length}` }, body: bodyOf(payload, 0, length) };
  const bytes = range.last - range.first + 1;
  headers['content-range'] = contentRange(range, length);
  headers['content-length'] = `${bytes}`;
  return { status: 206, headers, body: bodyOf(payload, range.first, bytes) };
}

function bodyOf({ lend, stream }: Payload, offset: number, length: number): HttpBody {
  if (lend === undefined) return stream(offset, length);
  return { lend: async () => inPieces(await lend(offset, length)) };
}

const inPieces = ({ bytes, giveBack }: LentBytes): LentPieces => ({ pieces: [bytes], giveBack });

function unsatisfiable(op: Op, length: number): HttpAnswer {
  const answer = problemOf(new Failure('retrieve/range', `beyond ${length} bytes`), op.id);
  return { ...answer, headers: { ...answer.headers, 'content-range': contentRange('unsatisfiable', length) } };
}

/**
 * Payloads of one object as multipart/related. The boundary follows from the entity tag, so that the same
 * answer is the same bytes; as the tag is a hash of a hash of the object, the object cannot hold it.
 */
export function multiPart(request: HttpRequest, type: string, payloads: readonly Payload[], etag: string): HttpAnswer {
  const known = notModified(request, etag);
  if (known !== undefined) return known;
  const [only, ...others] = payloads;
  if (only?.lend !== undefined && others.length === 0) return lentPart(type, only, only.lend, etag);
  const { contentType, body, boundary } = multipartRelated(type, inTurn(payloads), boundaryOf(etag));
  const headers: Record<string, string> = { ...headersOf(etag), 'content-type': contentType };
  const sizes = payloads.flatMap((payload) =>
    payload.length === undefined ? [] : [{ headers: partHeaders(payload), length: payload.length }],
  );
  if (sizes.length === payloads.length) headers['content-length'] = `${multipartLength(sizes, boundary)}`;
  return { status: 200, headers, body };
}

function lentPart(type: string, payload: Payload, lend: NonNullable<Payload['lend']>, etag: string): HttpAnswer {
  const { contentType, boundary } = multipartRelated(type, [], boundaryOf(etag));
  const { before, after } = onlyPart(partHeaders(payload), boundary);
  const body = {
    lend: async (): Promise<LentPieces> => {
      const { bytes, giveBack } = await lend(0, payload.length ?? 0);
      return { pieces: [before, bytes, after], giveBack };
    },
  };
  return { status: 200, headers: { ...headersOf(etag), 'content-type': contentType }, body };
}

/** Payloads that are found while they are sent. @param status 206 when some of what was asked is left out */
export function multiPartStream(type: string, payloads: AsyncIterable<Payload>, status: 200 | 206): HttpAnswer {
  const { contentType, body } = multipartRelated(type, partsOf(payloads));
  return { status, headers: { 'content-type': contentType, vary: 'accept' }, body };
}

async function* partsOf(payloads: AsyncIterable<Payload>): AsyncGenerator<MultipartPart> {
  for await (const payload of payloads) yield { headers: partHeaders(payload), body: payload.stream() };
}

/** Each opened when its turn comes: there can be as many as an image has frames. */
function* inTurn(payloads: readonly Payload[]): Generator<MultipartPart> {
  for (const payload of payloads) yield { headers: partHeaders(payload), body: payload.stream() };
}

const partHeaders = ({ contentType, location }: Payload): Record<string, string> => ({
  'Content-Type': contentType,
  ...(location !== undefined && { 'Content-Location': location }),
});
