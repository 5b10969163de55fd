/** Bytes `first` to `last`, both included, counted from 0. */
export type ByteRange = { first: number; last: number };

/**
 * What a Range header asks of a representation of `sizeBytes` bytes (RFC 9110 14.1.2). `whole`: answer 200
 * with everything, for a header that is absent, malformed, of another unit, or asks several ranges (a server
 * may ignore Range); `unsatisfiable`: 416.
 * @example byteRange('bytes=-500', 1_000) // { first: 500, last: 999 }
 */
export function byteRange(header: string | undefined, sizeBytes: number): ByteRange | 'whole' | 'unsatisfiable' {
  const asked = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(header ?? '');
  if (asked === null) return 'whole';
  const [, first = '', last = ''] = asked;
  if (first === '' && last === '') return 'whole';
  if (first === '') return suffixRange(Number(last), sizeBytes);
  if (last !== '' && Number(last) < Number(first)) return 'whole'; // invalid, so to be ignored
  if (Number(first) >= sizeBytes) return 'unsatisfiable';
  return { first: Number(first), last: last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1) };
}

/** Content-Range of a 206, or of a 416 (RFC 9110 14.4). */
export function contentRange(range: ByteRange | 'unsatisfiable', sizeBytes: number): string {
  return range === 'unsatisfiable' ? `bytes */${sizeBytes}` : `bytes ${range.first}-${range.last}/${sizeBytes}`;
}

/**
 * Whether Range is to be honoured under this If-Range (RFC 9110 13.1.5): only where it names exactly this
 * strong entity tag. A date never does, since no Last-Modified is sent.
 */
export function rangeApplies(ifRange: string | undefined, etag: string): boolean {
  return ifRange === undefined || (ifRange.trim() === etag && !etag.startsWith('W/'));
}

/** Whether If-None-Match names this entity tag, so that the answer is 304 (RFC 9110 13.1.2, weak comparison). */
export function isNotModified(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const opaque = etag.replace(/^W\//, '');
  return [...ifNoneMatch.matchAll(/"[^"]*"/g)].some(([tag]) => tag === opaque);
}

function suffixRange(lengthBytes: number, sizeBytes: number): ByteRange | 'unsatisfiable' {
  if (lengthBytes === 0 || sizeBytes === 0) return 'unsatisfiable';
  return { first: Math.max(0, sizeBytes - lengthBytes), last: sizeBytes - 1 };
}
