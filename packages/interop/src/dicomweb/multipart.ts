import { Failure } from '@acervo/kernel/failure.ts';

/** One part of a multipart/related answer; its body is at hand, or pulled when its turn comes. */
export type MultipartPart = {
  headers: Readonly<Record<string, string>>;
  body: Uint8Array | AsyncIterable<Uint8Array>;
};

/** What of a part its length depends on; `length` of the body in bytes. */
export type MultipartPartSize = { headers: Readonly<Record<string, string>>; length: number };

export type MultipartBody = { contentType: string; boundary: string; body: AsyncIterable<Uint8Array> };

const encoder = new TextEncoder();

/**
 * A multipart/related payload (RFC 2387, PS3.18 8.6.1.2) that is written while it is read: a part is asked
 * for, and its body pulled, only when the peer has taken what came before it.
 * @param type media type of the parts, the `type` parameter of the whole.
 * @param boundary must not occur in the parts; the default is random enough not to.
 * @example multipartRelated('application/dicom', [{ headers: { 'Content-Type': 'application/dicom' }, body }])
 */
export function multipartRelated(
  type: string,
  parts: Iterable<MultipartPart> | AsyncIterable<MultipartPart>,
  boundary: string = crypto.randomUUID(),
): MultipartBody {
  const contentType = `multipart/related; type="${type}"; boundary=${boundary}`;
  return { contentType, boundary, body: writeParts(parts, boundary) };
}

/** Content-Length of the payload that `multipartRelated` writes for these parts, in bytes. */
export function multipartLength(parts: Iterable<MultipartPartSize>, boundary: string): number {
  let length = 0;
  let isFirst = true;
  for (const part of parts) {
    length += encapsulation(part.headers, boundary, isFirst).length + part.length;
    isFirst = false;
  }
  return length + closeDelimiter(boundary, isFirst).length;
}

/** What `multipartRelated` writes before and after the body of an only part. */
export function onlyPart(
  headers: MultipartPart['headers'],
  boundary: string,
): { before: Uint8Array; after: Uint8Array } {
  return { before: encapsulation(headers, boundary, true), after: closeDelimiter(boundary, false) };
}

async function* writeParts(
  parts: Iterable<MultipartPart> | AsyncIterable<MultipartPart>,
  boundary: string,
): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const part of parts) {
    yield encapsulation(part.headers, boundary, isFirst);
    isFirst = false;
    if (part.body instanceof Uint8Array) yield part.body;
    else yield* part.body;
  }
  yield closeDelimiter(boundary, isFirst);
}

/** Delimiter and headers. The CRLF before a delimiter belongs to it, not to the part it ends (RFC 2046 5.1.1). */
function encapsulation(headers: Readonly<Record<string, string>>, boundary: string, isFirst: boolean): Uint8Array {
  const lines = Object.entries(headers).map(([name, value]) => {
    if (/[\r\n]/.test(name + value)) throw new Failure('internal', 'part header with a line break');
    return `${name}: ${value}\r\n`;
  });
  return encoder.encode(`${isFirst ? '' : '\r\n'}--${boundary}\r\n${lines.join('')}\r\n`);
}

function closeDelimiter(boundary: string, isEmpty: boolean): Uint8Array {
  return encoder.encode(`${isEmpty ? '' : '\r\n'}--${boundary}--\r\n`);
}
