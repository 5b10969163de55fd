import { createHash, randomBytes } from 'node:crypto';

const SECRET_BYTES = 32;
/** Of a cookie's value or a link's code: 256 random bits. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;

export type CookieOptions = { path: string; maxAgeS?: number };

/**
 * Names of our cookies. The prefix makes the browser itself insist on Secure, no Domain and the path /, so that no
 * neighbour of the domain can plant one (RFC 6265bis 4.1.3); it needs HTTPS.
 */
export const sessionCookieOf = (isSecure: boolean): string => (isSecure ? '__Host-acervo' : 'acervo');
export const signInCookieOf = (isSecure: boolean): string => (isSecure ? '__Secure-acervo-login' : 'acervo-login');

/** A Set-Cookie header. Lax: a link of a letter to a study finds the session; a form of another site does not. */
export function setCookie(name: string, value: string, isSecure: boolean, { path, maxAgeS }: CookieOptions): string {
  const age = maxAgeS === undefined ? [] : [`Max-Age=${maxAgeS}`];
  return [`${name}=${value}`, `Path=${path}`, ...age, 'HttpOnly', ...(isSecure ? ['Secure'] : []), 'SameSite=Lax'].join(
    '; ',
  );
}

/** The value of a cookie; undefined where it is absent, or there twice, which is nobody's doing but an attacker's. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return values.length === 1 ? values[0] : undefined;
}

export const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url');

export const isSecret = (text: string | undefined): text is string => text !== undefined && SECRET.test(text);

/** What is kept of a secret. It is random, so a fast hash is enough. */
export const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
