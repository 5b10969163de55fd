import { Failure } from '@acervo/kernel/failure.ts';

/** Characters of one query string that are read; the HTTP edge limits the whole URL further. */
export const QUERY_CHARS_MAX = 65_536;
/** Parameters of one query string. */
export const PARAMETERS_MAX = 512;

/** One `name=value` of a query string; the value is still percent-encoded. */
export type RawParameter = { name: string; value: string };

/** What a literal `+` stands for: RFC 3986 leaves it itself, HTML forms and most HTTP clients mean a space. */
export type Plus = 'literal' | 'space';

/**
 * The parameters of a raw query string (what follows `?`, undecoded), in order. Values stay encoded, because
 * how `+` reads depends on the attribute the value belongs to.
 * @throws {Failure} query/invalid when a name is not percent-encoded UTF-8, or a limit is exceeded.
 */
export function rawParameters(rawQuery: string): RawParameter[] {
  if (rawQuery.length > QUERY_CHARS_MAX) throw new Failure('query/invalid', `query over ${QUERY_CHARS_MAX} characters`);
  const pieces = rawQuery.split('&').filter((piece) => piece !== '');
  if (pieces.length > PARAMETERS_MAX) throw new Failure('query/invalid', `more than ${PARAMETERS_MAX} parameters`);
  return pieces.map((piece) => {
    const equals = piece.indexOf('=');
    const name = equals < 0 ? piece : piece.slice(0, equals);
    return { name: percentDecoded(name, 'literal'), value: equals < 0 ? '' : piece.slice(equals + 1) };
  });
}

/**
 * Undo percent-encoding (RFC 3986 2.1) of UTF-8.
 * @throws {Failure} query/invalid on a broken escape, or on bytes that are not UTF-8: guessing the character
 * set of a search key would silently search for another name.
 */
export function percentDecoded(text: string, plus: Plus): string {
  try {
    return decodeURIComponent(plus === 'space' ? text.replaceAll('+', ' ') : text);
  } catch {
    throw new Failure('query/invalid', 'query is not percent-encoded UTF-8');
  }
}
