import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Configuration, errors, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Hosted } from '../../bindings/hosted.ts';
import type { Log } from '../../ports/log.ts';
import { SIGNING_ALGORITHM } from './access-token.ts';
import { digestOf } from './cookie.ts';
import { INTERACTION_PATH, type InteractionPorts, interactions } from './interaction.ts';
import {
  audienceOf,
  ISSUER_PATHS,
  ISSUER_PREFIX,
  issuerUrlOf,
  PAGE_CLIENT,
  pageSecretOf,
  strengthOf,
} from './issuer-names.ts';
import type { LoginKeys } from './keys.ts';
import { pagePolicy } from './page.ts';
import { noticePage } from './pages.ts';
import { payloadAdapter } from './payload-adapter.ts';
import { keyFor } from './secret-box.ts';
import { filled, textsFor } from './texts.ts';

/** What an access token lets its bearer do: what the policy lets it. */
const SCOPE = 'acervo';

const MINUTE_S = 60;
const HOUR_S = 3600;
const TTL_S = {
  AuthorizationCode: MINUTE_S,
  IdToken: 5 * MINUTE_S,
  Interaction: 15 * MINUTE_S,
  /** At the issuer itself, which asks for the password each time the page does. */
  Session: HOUR_S,
  /** Of an app of people: after so long without it, they log in again. */
  RefreshToken: 14 * 24 * HOUR_S,
  Grant: 14 * 24 * HOUR_S,
} as const;

export type IssuerPorts = Omit<InteractionPorts, 'addressOf'> & {
  keys: LoginKeys;
  /** Where people reach the archive, without a slash at the end. */
  publicUrl: string;
  accessTokenS: number;
  log: Log;
};

/** The embedded issuer of OpenID Connect, as a listener below its prefix. */
export function embeddedIssuer(ports: IssuerPorts): Hosted {
  const provider = new Provider(issuerUrlOf(ports.publicUrl), configurationOf(ports));
  // What stands before the address is known by the setting alone: what a client says of it counts for nothing.
  provider.proxy = true;
  const addresses = new WeakMap<IncomingMessage, string>();
  const addressOf = ({ req }: KoaContextWithOIDC): string => addresses.get(req) ?? '';
  provider.use(interactions(provider, { ...ports, addressOf }));
  compareDigests(provider);
  tellTroubles(provider, ports.log);
  const answer = provider.callback();
  const { protocol, host } = new URL(ports.publicUrl);
  return {
    prefix: ISSUER_PREFIX,
    summary: 'The embedded issuer of OpenID Connect',
    paths: ISSUER_PATHS,
    handle: async (request: IncomingMessage, response: ServerResponse, { peerAddress }) => {
      addresses.set(request, peerAddress);
      delete request.headers['x-forwarded-for'];
      Object.assign(request.headers, { host, 'x-forwarded-host': host, 'x-forwarded-proto': protocol.slice(0, -1) });
      await answer(request, response);
    },
  };
}

function configurationOf(ports: IssuerPorts): Configuration {
  const { db, box, keys, publicUrl, directory } = ports;
  const isSecure = publicUrl.startsWith('https:');
  const cookie = { httpOnly: true, sameSite: 'lax', path: ISSUER_PREFIX, secure: isSecure } as const;
  return {
    adapter: payloadAdapter(db, box),
    jwks: { keys: [...keys.signing] },
    clients: [pageClient(ports)],
    clientDefaults: { id_token_signed_response_alg: SIGNING_ALGORITHM },
    // Compared as digests, like those of the table.
    cookies: {
      keys: [keyFor(keys.sealing, 'acervo issuer cookies').toString('base64url')],
      names: { session: 'acervo-issuer', interaction: 'acervo-interaction', resume: 'acervo-resume' },
      long: { ...cookie, signed: true },
      short: { ...cookie, signed: true },
    },
    features: featuresOf(ports),
    claims: { openid: ['sub', 'amr', 'acr'] },
    acrValues: ['phr', 'phrh'],
    scopes: ['openid', 'offline_access'],
    responseTypes: ['code'],
    pkce: { required: () => true },
    clientAuthMethods: ['client_secret_basic', 'none'],
    clientBasedCORS: () => false,
    enabledJWA: { idTokenSigningAlgValues: [SIGNING_ALGORITHM] },
    interactions: { url: (_ctx, { uid }) => `${ISSUER_PREFIX}${INTERACTION_PATH}/${uid}` },
    findAccount: (_ctx, sub) => {
      // Asked at every grant: whoever is withdrawn gets no further token.
      if (directory.person(sub)?.isActive !== true) return undefined;
      return { accountId: sub, claims: () => ({ sub }) };
    },
    extraTokenClaims: (ctx, token) => {
      if (token.kind === 'ClientCredentials') return { acervo_kind: 'system', acervo_strength: 'secret' };
      const { AuthorizationCode, RefreshToken } = ctx.oidc.entities;
      const { amr = [], acr, authTime } = AuthorizationCode ?? RefreshToken ?? {};
      const seen = { amr, ...(acr !== undefined && { acr }), ...(authTime !== undefined && { auth_time: authTime }) };
      return { acervo_kind: 'person', acervo_strength: strengthOf(amr), ...seen };
    },
    loadExistingGrant: grantOf,
    rotateRefreshToken: () => true,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: (_ctx, source) => !source.scopes.has('offline_access'),
    ttl: { ...TTL_S, AccessToken: ports.accessTokenS, ClientCredentials: ports.accessTokenS },
    renderError: (ctx, { error }) => {
      const t = textsFor(ctx.get('accept-language'));
      ctx.set('content-security-policy', pagePolicy());
      ctx.type = 'text/html; charset=utf-8';
      const text = filled(t.failedLead, { code: error });
      ctx.body = noticePage(t, t.failedTitle, text, { href: '/login', text: t.again });
    },
  };
}

function featuresOf({ publicUrl, accessTokenS }: IssuerPorts): NonNullable<Configuration['features']> {
  const audience = audienceOf(publicUrl);
  return {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    revocation: { enabled: true },
    userinfo: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    // The page leaves by /logout, which ends what is here too; an app revokes its refresh token.
    rpInitiatedLogout: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, resource) => {
        if (resource !== audience) throw new errors.InvalidTarget();
        return {
          scope: SCOPE,
          audience,
          accessTokenTTL: accessTokenS,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: SIGNING_ALGORITHM } },
        };
      },
    },
  };
}

const pageClient = ({ publicUrl, keys }: IssuerPorts) =>
  ({
    client_id: PAGE_CLIENT,
    client_name: 'Acervo',
    client_secret: digestOf(pageSecretOf(keys)),
    grant_types: ['authorization_code'],
    redirect_uris: [`${publicUrl}/login/callback`],
    require_auth_time: true,
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
  }) as const;

/** Our own page needs nobody's consent; an app asks for it each time that it has no grant. */
async function grantOf(ctx: KoaContextWithOIDC) {
  const { client, session, provider, result } = ctx.oidc;
  const clientId = client?.clientId;
  if (clientId === undefined || session?.accountId === undefined) return undefined;
  const known = result?.consent?.grantId ?? session.grantIdFor(clientId);
  if (known !== undefined) return provider.Grant.find(known);
  if (clientId !== PAGE_CLIENT) return undefined;
  const grant = new provider.Grant({ clientId, accountId: session.accountId });
  grant.addOIDCScope('openid');
  await grant.save();
  return grant;
}

/** Secrets are kept as digests; they are random, so a fast one is enough. */
function compareDigests(provider: Provider): void {
  const prototype = provider.Client.prototype as { compareClientSecret(actual: string): boolean } & {
    clientSecret?: string;
  };
  prototype.compareClientSecret = function compareClientSecret(actual) {
    const kept = Buffer.from(this.clientSecret ?? '');
    const given = Buffer.from(digestOf(actual));
    return kept.length === given.length && timingSafeEqual(kept, given);
  };
}

/** Its errors as ours: a code, never a parameter, never the text of what was thrown. */
function tellTroubles(provider: Provider, log: Log): void {
  const refused = (ctx: KoaContextWithOIDC, { error }: errors.OIDCProviderError): void =>
    log.info('issuer.refused', { during: ctx.oidc.route, error, client: ctx.oidc.client?.clientId ?? '' });
  provider.on('authorization.error', refused);
  provider.on('grant.error', refused);
  provider.on('revocation.error', refused);
  provider.on('server_error', (_ctx, error) => log.error('issuer.failed', { error: error.name }));
  // Koa would print what was thrown.
  provider.silent = true;
}
