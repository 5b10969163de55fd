import { parseMediaTypes } from './media-type.ts';

/**
 * True when an Accept-Encoding header takes a coding. It has the grammar of Accept with one word for a type
 * (RFC 9110 12.5.3); without the header nothing is compressed.
 */
export function acceptsCoding(acceptEncoding: string | undefined, coding: 'br' | 'gzip'): boolean {
  if (acceptEncoding === undefined || acceptEncoding.trim() === '') return false;
  const ranges = parseMediaTypes(acceptEncoding.replace(/(^|,)\s*([^\s;,]+)/g, '$1coding/$2'));
  const range =
    ranges.find(({ mediaType }) => mediaType === `coding/${coding}`) ??
    ranges.find(({ mediaType }) => mediaType === 'coding/*');
  return range !== undefined && range.q > 0;
}

export const acceptsGzip = (acceptEncoding: string | undefined): boolean => acceptsCoding(acceptEncoding, 'gzip');
