import { Failure } from '@acervo/kernel/failure.ts';
import type { JWK, JWTPayload } from 'jose';
import { z } from 'zod';

/** What signs our tokens, and nothing else: a header cannot choose (RFC 8725 3.1). */
export const SIGNING_ALGORITHM = 'ES256';
/** Clocks of two nodes differ by less. */
const SKEW_S = 15;
/** RFC 9068 2.1: an ID token, which has another type, is no access token. */
const TYPE = 'at+jwt';
const JWT = /^[A-Za-z0-9_-]{1,2048}\.[A-Za-z0-9_-]{0,6000}\.[A-Za-z0-9_-]{0,1024}$/;
const BEARER = /^Bearer +([\x21-\x7e]{1,8192})$/i;

const CLAIMS = z.object({
  sub: z.string().min(1).max(128),
  client_id: z.string().min(1).max(128),
  acervo_kind: z.enum(['person', 'system']),
  acervo_strength: z.enum(['password', 'second-factor', 'certificate', 'secret']),
  // RFC 9068 2.2.1: how the person was seen, and when; a refreshed token says what the first one did.
  amr: z.array(z.string().max(32)).max(16).optional(),
  auth_time: z.int().nonnegative().optional(),
});

/** What an access token says of its bearer. */
export type AccessClaims = z.infer<typeof CLAIMS>;

export type Verifier = (token: string) => Promise<AccessClaims>;

/** The token of a header, where it looks like a JWT; opaque tokens are of ACERVO_ACCESS_FILE. */
export function jwtOf(authorization: string | undefined): string | undefined {
  const token = BEARER.exec(authorization ?? '')?.[1];
  if (token === undefined || !JWT.test(token)) return undefined;
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
    return typeof header === 'object' && header !== null && !Array.isArray(header) ? token : undefined;
  } catch {
    return undefined; // Three words with points between, and no header of a JWT.
  }
}

/**
 * Judges access tokens of the embedded issuer (RFC 9068 4): by its public keys alone, one algorithm, its name, this
 * archive as audience, the type of an access token, and times.
 * @param keys  public; a `kid` only selects among them, it is never looked up anywhere
 * @returns what throws access/unknown for every token that does not hold
 */
export function accessTokenVerifier(issuer: string, audience: string, keys: readonly JWK[]): Verifier {
  // Loaded by the first token: what starts an archive need not wait for it.
  const library = async () => {
    const jose = await import('jose');
    return { jose, keySet: jose.createLocalJWKSet({ keys: keys.map(publicOf) }) };
  };
  let loading: ReturnType<typeof library> | undefined;
  return async (token) => {
    loading ??= library();
    const { jose, keySet } = await loading;
    try {
      const { payload } = await jose.jwtVerify(token, keySet, {
        issuer,
        audience,
        algorithms: [SIGNING_ALGORITHM],
        typ: TYPE,
        clockTolerance: SKEW_S,
        requiredClaims: ['exp', 'iat', 'sub', 'client_id', 'jti'],
      });
      return claimsOf(payload);
    } catch (thrown) {
      if (thrown instanceof Failure) throw thrown;
      // The library's code says which check failed and repeats nothing of the token.
      const why = thrown instanceof jose.errors.JOSEError ? thrown.code : 'not verifiable';
      throw new Failure('access/unknown', `access token: ${why}`, { cause: thrown });
    }
  };
}

function claimsOf(payload: JWTPayload): AccessClaims {
  const read = CLAIMS.safeParse(payload);
  if (!read.success) throw new Failure('access/unknown', 'access token: claims that we do not write');
  return read.data;
}

/** Without the private part, whatever was given. */
export function publicOf({ kty, crv, x, y, kid, alg, use }: JWK): JWK {
  const named: Record<string, string | undefined> = { kty, crv, x, y, kid, alg, use };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}
