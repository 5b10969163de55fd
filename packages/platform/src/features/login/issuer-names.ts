import type { HostedPath } from '../../bindings/hosted.ts';
import type { Strength } from '../../ports/identity.ts';
import type { LoginKeys } from './keys.ts';
import { keyFor } from './secret-box.ts';

export const ISSUER_PREFIX = '/oidc';
export const PAGE_CLIENT = 'acervo-page';

/** All that the embedded issuer is asked for; the rest of what its library could answer is not there. */
export const ISSUER_PATHS: readonly HostedPath[] = [
  {
    path: '/auth',
    methods: ['GET'],
    tells: 'a way to the login, or to a registered address with a code of error; of nobody anything',
  },
  { path: '/auth/:uid', methods: ['GET'], tells: 'a code, to the registered address, for whoever has just logged in' },
  { path: '/interaction/:uid', methods: ['GET', 'POST'], tells: 'forms, to the browser whose login it is' },
  { path: '/token', methods: ['POST'], tells: 'tokens, for a code or the secret of a client; else a code of error' },
  { path: '/token/revocation', methods: ['POST'], tells: 'nothing' },
  { path: '/jwks', methods: ['GET'], tells: 'public keys' },
  { path: '/.well-known/openid-configuration', methods: ['GET'], tells: 'what the issuer can do, and where' },
  { path: '/.well-known/oauth-authorization-server', methods: ['GET'], tells: 'the same (RFC 8414)' },
];

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
