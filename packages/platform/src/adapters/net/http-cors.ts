/** Origins whose pages may read our answers; `*` among them: any. */
export type CorsOrigins = readonly string[];

type Headers = Readonly<Record<string, string | undefined>>;

/** Reading crosses origins; storing from a page of another origin does not. */
const METHODS = 'GET, HEAD';
const REQUEST_HEADERS = 'accept, authorization, content-type, if-none-match, if-range, range';
const RESPONSE_HEADERS =
  'content-encoding, content-location, content-range, etag, link, location, warning, x-total-count';
/** Browsers keep a preflight's answer so long, in seconds. */
const MAX_AGE_S = '600';

/** True for a preflight (Fetch 4.8), which is about another request and is sent without credentials. */
export function isPreflight(method: string, headers: Headers): boolean {
  return (
    method === 'OPTIONS' && headers['origin'] !== undefined && headers['access-control-request-method'] !== undefined
  );
}

/** The headers by which a browser lets a page of an allowed origin read the answer; none for another one. */
export function corsHeaders(origins: CorsOrigins, method: string, headers: Headers): Record<string, string> {
  if (origins.length === 0 || (method !== 'GET' && method !== 'HEAD')) return {};
  const allowed = allowedOrigin(origins, headers['origin']);
  return allowed === undefined
    ? vary(origins)
    : { ...vary(origins), 'access-control-allow-origin': allowed, 'access-control-expose-headers': RESPONSE_HEADERS };
}

/** The answer's headers to a preflight; without permission they just say which methods there are. */
export function preflightHeaders(origins: CorsOrigins, headers: Headers): Record<string, string> {
  const allowed = allowedOrigin(origins, headers['origin']);
  return allowed === undefined
    ? vary(origins)
    : {
        ...vary(origins),
        'access-control-allow-origin': allowed,
        'access-control-allow-methods': METHODS,
        'access-control-allow-headers': REQUEST_HEADERS,
        'access-control-max-age': MAX_AGE_S,
      };
}

function allowedOrigin(origins: CorsOrigins, origin: string | undefined): string | undefined {
  if (origin === undefined) return undefined;
  if (origins.includes('*')) return '*';
  return origins.includes(origin) ? origin : undefined;
}

/** Where the answer depends on the origin, a cache must know (RFC 9110 12.5.5). */
function vary(origins: CorsOrigins): Record<string, string> {
  return origins.length === 0 || origins.includes('*') ? {} : { vary: 'origin' };
}
