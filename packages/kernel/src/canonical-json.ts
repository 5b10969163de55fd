/** What canonical JSON can carry: no undefined, no bigint (64-bit numbers go as strings). */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** A value of ours as JSON can carry it: members that are undefined are left out. */
export const asJson = (value: object): Json => JSON.parse(JSON.stringify(value)) as Json;

/**
 * JSON text by RFC 8785: names sorted by UTF-16 code units, no white space, numbers and strings as
 * ECMAScript writes them. The same value gives the same bytes everywhere, so a hash of it means something.
 * @throws {TypeError} on NaN, an infinity or a lone surrogate: RFC 8785 3.2.2 forbids them.
 */
export function canonicalJson(value: Json): string {
  if (typeof value === 'string') return stringText(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return isArray(value) ? arrayText(value) : objectText(value);
}

// Written on one text, without lists of parts: every group of stored objects is written as canonical JSON.

function arrayText(values: readonly Json[]): string {
  let text = '[';
  for (let index = 0; index < values.length; index++) {
    text += index === 0 ? canonicalJson(values[index] as Json) : `,${canonicalJson(values[index] as Json)}`;
  }
  return `${text}]`;
}

function objectText(value: { readonly [name: string]: Json }): string {
  let text = '';
  for (const name of sortedNames(value)) {
    text += `${text === '' ? '{' : ','}${stringText(name)}:${canonicalJson(value[name] as Json)}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

/** Names by UTF-16 code units: what sort() does without being told. Most objects are written in this order already. */
function sortedNames(value: object): string[] {
  const names = Object.keys(value);
  for (let index = 1; index < names.length; index++) {
    if ((names[index - 1] as string) > (names[index] as string)) return names.sort();
  }
  return names;
}

/** Needs neither an escape nor a look for surrogates: UIDs, digests, times, names of attributes. */
const PLAIN = /^[ !#-[\]-~]*$/;

function stringText(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new TypeError('lone surrogate in a JSON text');
  return JSON.stringify(text);
}

/** Array.isArray does not narrow readonly arrays. */
function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/**
 * Whether a text is the canonical one of the value that was parsed from it. Most is decided by the runtime's own
 * writer, which differs from RFC 8785 in the order of names and in lone surrogates alone; the rest is written anew.
 */
export function isCanonical(text: string, value: Json): boolean {
  if (JSON.stringify(value) === text && isSorted(value) && !text.includes('\\u')) return true;
  try {
    return canonicalJson(value) === text;
  } catch (thrown) {
    if (thrown instanceof TypeError) return false; // A lone surrogate: it has no canonical text.
    throw thrown;
  }
}

function isSorted(value: Json): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (isArray(value)) return value.every(isSorted);
  let before: string | undefined;
  for (const name of Object.keys(value)) {
    if ((before !== undefined && before > name) || !isSorted(value[name] as Json)) return false;
    before = name;
  }
  return true;
}
