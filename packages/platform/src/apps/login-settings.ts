import { integer, optional, path, secret, url, words } from './setting.ts';

const CLAIM = /^[\x21-\x7e]{1,128}$/;
const CLAIM_RANGE = '1 to 128 visible characters';

/** How people log in (decision record 0031). */
export const LOGIN_SETTINGS = {
  publicUrl: optional(
    url(
      {
        env: 'ACERVO_PUBLIC_URL',
        unit: 'URL',
        doc: 'Where people and apps reach the archive. Absent: its own HTTPS port, or its HTTP port on loopback.',
      },
      '',
      ['http:', 'https:'],
    ),
  ),
  sessionIdleMinutes: integer(
    { env: 'ACERVO_SESSION_IDLE_MINUTES', unit: 'min', doc: 'A session that is not used for so long ends.' },
    30,
    1,
    1440,
  ),
  sessionHours: integer(
    { env: 'ACERVO_SESSION_HOURS', unit: 'h', doc: 'A session ends after so long, whatever is done in it.' },
    10,
    1,
    168,
  ),
  accessTokenSeconds: integer(
    {
      env: 'ACERVO_ACCESS_TOKEN_SECONDS',
      unit: 's',
      doc: 'An access token of the embedded issuer counts for so long.',
    },
    300,
    60,
    600,
  ),
  loginKeys: secret(
    optional(
      words(
        {
          env: 'ACERVO_LOGIN_KEYS',
          unit: 'JSON',
          doc: 'Keys of the login, for several nodes that share them. Absent: `keys/login.json`, made at first start.',
        },
        '',
        /^\s*\{[\s\S]*\}\s*$/,
        'a JSON object',
      ),
    ),
  ),
  oidcIssuer: optional(
    url(
      {
        env: 'ACERVO_OIDC_ISSUER',
        unit: 'URL',
        doc: 'An issuer elsewhere, by OpenID Connect. Absent: the embedded one.',
      },
      '',
      ['http:', 'https:'],
    ),
  ),
  oidcClientId: words(
    { env: 'ACERVO_OIDC_CLIENT_ID', unit: 'text', doc: 'What the archive is called at that issuer.' },
    'acervo',
    CLAIM,
    CLAIM_RANGE,
  ),
  oidcClientSecret: secret(
    optional(
      words(
        { env: 'ACERVO_OIDC_CLIENT_SECRET', unit: 'text', doc: 'Its secret at that issuer.' },
        '',
        /^\S{1,512}$/,
        '1 to 512 characters without space',
      ),
    ),
  ),
  oidcLoginClaim: words(
    { env: 'ACERVO_OIDC_LOGIN_CLAIM', unit: 'claim', doc: 'The claim that is a login of the directory.' },
    'preferred_username',
    CLAIM,
    CLAIM_RANGE,
  ),
  oidcGroupsClaim: words(
    { env: 'ACERVO_OIDC_GROUPS_CLAIM', unit: 'claim', doc: 'The claim that lists groups.' },
    'groups',
    CLAIM,
    CLAIM_RANGE,
  ),
  oidcGroupsFile: optional(
    path(
      {
        env: 'ACERVO_OIDC_GROUPS_FILE',
        unit: 'path',
        doc: 'JSON file that says which roles a group of that issuer gives.',
      },
      '',
    ),
  ),
} as const;
