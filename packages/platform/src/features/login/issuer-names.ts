import type { Strength } from '../../ports/identity.ts';
import type { LoginKeys } from './keys.ts';
import { keyFor } from './secret-box.ts';

export const ISSUER_PREFIX = '/oidc';
export const PAGE_CLIENT = 'acervo-page';

export const issuerUrlOf = (publicUrl: string): string => `${publicUrl}${ISSUER_PREFIX}`;
/** What access tokens are for: this archive, and no other one. */
export const audienceOf = (publicUrl: string): string => `${publicUrl}/`;

/** The secret of the page's own client: both its ends are in this process. */
export const pageSecretOf = ({ sealing }: LoginKeys): string => keyFor(sealing, 'acervo page').toString('base64url');

/** Methods that are more than a password (RFC 8176). */
const SECOND: readonly string[] = ['mfa', 'otp', 'hwk', 'swk', 'sc', 'fpt', 'face', 'iris', 'pop'];

/** How sure an issuer is, by the methods that it saw. */
export const strengthOf = (amr: readonly string[]): Strength =>
  amr.some((method) => SECOND.includes(method)) ? 'second-factor' : 'password';
