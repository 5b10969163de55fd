/** What canonical JSON can carry: no undefined, no bigint (64-bit numbers go as strings). */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/**
 * JSON text by RFC 8785: names sorted by UTF-16 code units, no white space, numbers and strings as
 * ECMAScript writes them. The same value gives the same bytes everywhere, so a hash of it means something.
 * @throws {TypeError} on NaN, an infinity or a lone surrogate: RFC 8785 3.2.2 forbids them.
 */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`);
  if (typeof value === 'string' && !value.isWellFormed()) throw new TypeError('lone surrogate in a JSON text');
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${canonicalJson(name)}:${canonicalJson(value[name] as Json)}`).join(',')}}`;
}

/** Array.isArray does not narrow readonly arrays. */
function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
