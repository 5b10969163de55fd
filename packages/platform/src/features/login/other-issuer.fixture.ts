import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { type Configuration, Provider } from 'oidc-provider';

/** Somebody whom the other issuer knows: what it says of them is in their claims. */
export type Account = { sub: string; [claim: string]: unknown };

export type OtherIssuer = { issuer: string; secret: string; accounts: Map<string, Account> };

const SECRET = 'secreto-del-hospital-0123456789abcdef';

/** An issuer of a hospital: a whole server of its own, with its own keys, which asks nobody for a password. */
export async function startIssuer(t: TestContext, redirectUri: () => string, home: () => string): Promise<OtherIssuer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const accounts = new Map<string, Account>();
  let listener: ReturnType<Provider['callback']> | undefined;
  server.on('request', (request, response) => {
    listener ??= providerOf(issuer, accounts, redirectUri(), home()).callback();
    void listener(request, response);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { issuer, secret: SECRET, accounts };
}

function providerOf(issuer: string, accounts: Map<string, Account>, redirectUri: string, home: string): Provider {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'other', alg: 'RS256', use: 'sig' }] },
    clients: [
      {
        client_id: 'acervo',
        client_secret: SECRET,
        redirect_uris: [redirectUri],
        post_logout_redirect_uris: [home],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: { openid: ['sub', 'amr'], profile: ['name', 'preferred_username', 'groups'] },
    // What is asked for is told in the ID token, as many issuers of hospitals do.
    conformIdTokenClaims: false,
    cookies: { keys: ['0123456789'] },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
    findAccount: (_ctx, sub) => {
      const account = accounts.get(sub);
      return account && { accountId: sub, claims: () => account };
    },
    interactions: { url: (_ctx, { uid }) => `/enter/${uid}` },
    ...quietDefaults(),
  });
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/enter/')) return next();
    const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res);
    const result =
      prompt.name === 'login' ? loginOf(ctx.query['as']) : await consent(provider, params, session?.accountId);
    ctx.status = 303;
    ctx.set('location', await provider.interactionResult(ctx.req, ctx.res, result));
  });
  return provider;
}

/** Whoever the address names: this issuer trusts its tests. */
const loginOf = (as: unknown) => ({ login: { accountId: String(as), amr: ['pwd', 'mfa'] } });

async function consent(provider: Provider, params: Record<string, unknown>, accountId = '') {
  const grant = new provider.Grant({ accountId, clientId: String(params['client_id']) });
  grant.addOIDCScope(String(params['scope']));
  return { consent: { grantId: await grant.save() } };
}

/** Set, so that the library does not tell the tests' output what it would like to be set. */
const quietDefaults = (): Configuration => ({
  ttl: { AccessToken: 60, AuthorizationCode: 60, IdToken: 60, Interaction: 600, Session: 600, Grant: 600 },
  renderError: (ctx, { error }) => {
    ctx.body = error;
  },
});
