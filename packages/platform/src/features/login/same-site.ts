import type { Credentials } from '../../ports/identity.ts';

const SAFE: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

export const isSafe = (method: string): boolean => SAFE.includes(method);

/**
 * Whether a request with a cookie comes from a page of ours. Browsers say so by Sec-Fetch-Site, which no script can
 * write; older ones by Origin. A link that somebody follows may come from anywhere, and changes nothing.
 */
export function isOfOurPages({ method, headers }: Credentials): boolean {
  const site = headers['sec-fetch-site'];
  if (isSafe(method)) {
    const isNavigation = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
    return site === undefined || site === 'same-origin' || site === 'none' || isNavigation;
  }
  const origin = headers['origin'];
  const isOwn = origin !== undefined && URL.canParse(origin) && new URL(origin).host === headers['host'];
  // Both must agree where both are there; a browser that says neither changes nothing.
  if (site !== undefined) return site === 'same-origin' && (origin === undefined || isOwn);
  return isOwn;
}
