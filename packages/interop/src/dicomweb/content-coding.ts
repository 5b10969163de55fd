import { parseMediaTypes } from './media-type.ts';

/**
 * True when an Accept-Encoding header takes gzip. It has the grammar of Accept with one word for a type
 * (RFC 9110 12.5.3); without the header nothing is compressed.
 */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  if (acceptEncoding === undefined || acceptEncoding.trim() === '') return false;
  const ranges = parseMediaTypes(acceptEncoding.replace(/(^|,)\s*([^\s;,]+)/g, '$1coding/$2'));
  const range =
    ranges.find(({ mediaType }) => mediaType === 'coding/gzip') ??
    ranges.find(({ mediaType }) => mediaType === 'coding/*');
  return range !== undefined && range.q > 0;
}
