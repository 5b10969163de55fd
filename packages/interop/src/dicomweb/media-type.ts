import { Failure } from '@acervo/kernel/failure.ts';
import { percentDecoded, rawParameters } from './query-string.ts';

/** Media ranges read from one Accept header or parameter; what follows is ignored. */
export const MEDIA_RANGES_MAX = 64;
/** Parameters read from one media type; one with more is skipped as malformed. */
export const MEDIA_TYPE_PARAMETERS_MAX = 16;
/** Characters of one Accept or Content-Type header that are read. */
export const HEADER_CHARS_MAX = 16_384;

/** A media type (RFC 9110 8.3.1): type and parameter names in lower case, values as sent, without quotes. */
export type MediaType = { mediaType: string; parameters: Readonly<Record<string, string>> };

/** One element of Accept (RFC 9110 12.5.1); `q` from 0 (never) to 1. */
export type MediaRange = MediaType & { q: number };

const ANYTHING: MediaRange = { mediaType: '*/*', parameters: {}, q: 1 };

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TYPE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** The grammar wants `0.5`; `.5` is what java.net.HttpURLConnection sends. */
const WEIGHT = /^(?:0(?:\.\d{0,9})?|\.\d{1,9}|1(?:\.0{0,9})?)$/;

/**
 * The media ranges of an Accept header, in the order sent. An absent or blank header accepts anything
 * (RFC 9110 12.5.1). A malformed element is skipped and the others count; nothing left: an empty list,
 * which nothing satisfies.
 *
 * DEVIATION: parameter values may stand unquoted whatever they contain (`type=application/octet-stream`,
 * as OHIF sends it), because clients do not quote them.
 */
export function parseMediaTypes(accept: string | undefined): MediaRange[] {
  const text = (accept ?? '').slice(0, HEADER_CHARS_MAX);
  if (text.trim() === '') return [ANYTHING];
  const ranges: MediaRange[] = [];
  for (const element of splitUnquoted(text, ',')) {
    const range = parseRange(element);
    if (range !== undefined) ranges.push(range);
    if (ranges.length === MEDIA_RANGES_MAX) break;
  }
  return ranges;
}

/**
 * What a request accepts: the `accept` query parameter (PS3.18 8.3.3.1) where it is given, else the header.
 * @param rawQuery the query as sent, undecoded, without its question mark.
 * @throws {Failure} query/invalid when the query is not percent-encoded UTF-8.
 */
export function acceptOf(header: string | undefined, rawQuery: string): MediaRange[] {
  const values = rawParameters(rawQuery).filter(({ name }) => name.toLowerCase() === 'accept');
  const given = values.map(({ value }) => percentDecoded(spacedSeparators(value), 'literal')).join(',');
  return parseMediaTypes(given.trim() === '' ? header : given);
}

/** A `+` beside a separator was a space; the one of `application/dicom+json` is itself, encoded or not. */
function spacedSeparators(value: string): string {
  return value.replace(/(;|,|%3B|%2C)\++/gi, '$1 ');
}

/**
 * A Content-Type header; undefined when absent or malformed. The boundary may stand unquoted with any
 * character but `;` (RFC 2046 5.1.1 allows `(`, `)`, `/`, `:`, `=`, `?` there, which a token does not).
 */
export function parseContentType(text: string | undefined): MediaType | undefined {
  const parsed = text === undefined ? undefined : parseMediaType(text.slice(0, HEADER_CHARS_MAX));
  return parsed !== undefined && TYPE.test(parsed.mediaType) && !parsed.mediaType.includes('*') ? parsed : undefined;
}

/**
 * The boundary of a multipart content type.
 * @throws {Failure} request/invalid when it is missing or longer than RFC 2046 allows (70 characters).
 */
export function boundaryOf(contentType: MediaType): string {
  const boundary = contentType.parameters['boundary'] ?? '';
  if (boundary === '') throw new Failure('request/invalid', 'multipart without a boundary parameter');
  if (boundary.length > 70) throw new Failure('request/invalid', 'boundary over 70 characters (RFC 2046 5.1.1)');
  return boundary;
}

function parseRange(element: string): MediaRange | undefined {
  const parsed = parseMediaType(element);
  if (parsed === undefined) return undefined;
  const { q, ...parameters } = parsed.parameters;
  if (q !== undefined && !WEIGHT.test(q)) return undefined;
  return { mediaType: parsed.mediaType, parameters, q: q === undefined ? 1 : Number(`0${q}`) };
}

function parseMediaType(text: string): MediaType | undefined {
  const [name = '', ...rest] = splitUnquoted(text, ';').map((piece) => piece.trim());
  const mediaType = name.toLowerCase();
  if (!TYPE.test(mediaType) || /^\*\/(?!\*$)/.test(mediaType)) return undefined;
  const given = rest.filter((piece) => piece !== '');
  if (given.length > MEDIA_TYPE_PARAMETERS_MAX) return undefined;
  const parameters = new Map<string, string>();
  for (const piece of given) {
    const parameter = parseParameter(piece);
    if (parameter === undefined) return undefined;
    if (!parameters.has(parameter.name)) parameters.set(parameter.name, parameter.value); // the first one counts
  }
  return { mediaType, parameters: Object.fromEntries(parameters) };
}

function parseParameter(piece: string): { name: string; value: string } | undefined {
  const equals = piece.indexOf('=');
  if (equals < 0) return undefined;
  const name = piece.slice(0, equals).trim().toLowerCase();
  const value = piece.slice(equals + 1).trim();
  if (!TOKEN.test(name)) return undefined;
  if (!value.startsWith('"')) return value === '' || /["\s]/.test(value) ? undefined : { name, value };
  if (value.length < 2 || closingQuote(value, 0) !== value.length - 1) return undefined;
  return { name, value: value.slice(1, -1).replace(/\\(.)/g, '$1') };
}

/** Split at a separator that stands outside quoted strings; a quote that never closes is a character. */
function splitUnquoted(text: string, separator: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  let quotesClose = true;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"' && quotesClose) {
      const closing = closingQuote(text, at);
      if (closing < 0) quotesClose = false;
      else at = closing;
    } else if (text[at] === separator) {
      pieces.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...pieces, text.slice(start)];
}

/** Index of the quote that closes the one at `open`, or -1. */
function closingQuote(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return -1;
}
