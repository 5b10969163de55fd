import { isIP } from 'node:net';

/** Why no key can be used at an address: it is plain HTTP, or has no name. */
export type WithoutKeys = 'plain' | 'address';

/** The relying party of Web Authentication: who keys are made for, and by no other page can be used. */
export type WebAuthnSite = { rpId: string; origin: string };

/**
 * What the public address allows: a secure context, and a domain (Web Authentication Level 3, 5.1.3 and 5.4.1). An IP
 * address is no domain, `localhost` is one. Nothing that a request says of its host counts.
 */
export function webAuthnSiteOf(publicUrl: string): WebAuthnSite | WithoutKeys {
  const { protocol, hostname, origin } = new URL(publicUrl);
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return 'address';
  const isLocal = hostname === 'localhost' || hostname.endsWith('.localhost');
  if (protocol !== 'https:' && !isLocal) return 'plain';
  return { rpId: hostname, origin };
}
