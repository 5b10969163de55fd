import { Failure } from '@acervo/kernel/failure.ts';
import type * as client from 'openid-client';

/** A login that has begun: in the browser's hands, sealed, until it comes back. */
export type Begun = { state: string; nonce: string; verifier: string };

/** Who came back, as the issuer tells it. */
export type Told = {
  subject: string;
  amr: readonly string[];
  /** When the issuer saw them (`auth_time`); undefined where it does not say. */
  at: Date | undefined;
  claims: Readonly<Record<string, unknown>>;
  idToken: string;
};

export type RelyingPartyOptions = {
  issuer: string;
  clientId: string;
  clientSecret: string | undefined;
  redirectUri: string;
  scope: string;
  /** How the embedded issuer is reached: by the way to ourselves, whatever stands before the public address. */
  fetch?: typeof fetch;
  isOurs: boolean;
};

const TIMEOUT_S = 10;

/** Loaded by the first who logs in: what starts an archive need not wait for it. */
const library = (): Promise<typeof client> => import('openid-client');

/** The archive as the client of an issuer: authorization code with PKCE (RFC 9700 2.1.1), for the page. */
export class RelyingParty {
  readonly #options: RelyingPartyOptions;
  #found: Promise<client.Configuration> | undefined;

  constructor(options: RelyingPartyOptions) {
    this.#options = options;
  }

  async begin(): Promise<{ begun: Begun; url: string }> {
    const client = await library();
    const found = await this.#configuration();
    const begun = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
    };
    const { redirectUri, scope, isOurs } = this.#options;
    const url = client.buildAuthorizationUrl(found, {
      redirect_uri: redirectUri,
      scope,
      state: begun.state,
      nonce: begun.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(begun.verifier),
      code_challenge_method: 'S256',
      // Whoever sits down at the machine next is asked again.
      ...(isOurs && { prompt: 'login' }),
    });
    return { begun, url: url.href };
  }

  /**
   * @param url  as the browser came back, with the public address
   * @throws {Failure} access/unknown
   */
  async finish(url: URL, { state, nonce, verifier }: Begun): Promise<Told> {
    const client = await library();
    const found = await this.#configuration();
    try {
      const tokens = await client.authorizationCodeGrant(found, url, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined || tokens.id_token === undefined) throw new Error('no ID token');
      const amr = Array.isArray(claims['amr']) ? claims['amr'].filter((each) => typeof each === 'string') : [];
      const seconds = claims.auth_time;
      const at = seconds === undefined ? undefined : new Date(seconds * 1000);
      return { subject: claims.sub, amr, at, claims, idToken: tokens.id_token };
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'refused';
      throw new Failure('access/unknown', `login: ${code}`, { cause });
    }
  }

  /** Where the issuer ends its own session; undefined where it offers nothing. */
  async endUrl(idToken: string, returnTo: string): Promise<string | undefined> {
    const found = await this.#configuration();
    if (found.serverMetadata().end_session_endpoint === undefined) return undefined;
    const client = await library();
    return client.buildEndSessionUrl(found, { id_token_hint: idToken, post_logout_redirect_uri: returnTo }).href;
  }

  #configuration(): Promise<client.Configuration> {
    this.#found ??= this.#discover().catch((cause: unknown) => {
      // Asked again by the next who wants in.
      this.#found = undefined;
      throw new Failure('store/unavailable', 'the issuer does not answer', { cause });
    });
    return this.#found;
  }

  async #discover(): Promise<client.Configuration> {
    const client = await library();
    const { issuer, clientId, clientSecret, fetch: own } = this.#options;
    const isPlain = issuer.startsWith('http:');
    const found = await client.discovery(
      new URL(issuer),
      clientId,
      undefined,
      clientSecret === undefined ? client.None() : client.ClientSecretBasic(clientSecret),
      {
        timeout: TIMEOUT_S,
        // Only ever of loopback: the settings refuse another one.
        execute: [client.enableNonRepudiationChecks, ...(isPlain ? [client.allowInsecureRequests] : [])],
        ...(own && { [client.customFetch]: own as client.CustomFetch }),
      },
    );
    if (own !== undefined) found[client.customFetch] = own as client.CustomFetch;
    return found;
  }
}
