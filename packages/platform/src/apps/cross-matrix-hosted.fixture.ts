import assert from 'node:assert/strict';
import type { Answer, Matrix } from './cross-matrix.fixture.ts';
import type { Cell, Cells } from './cross-matrix-http.fixture.ts';

const UID = 'a-login-that-nobody-began';
const isJson = ({ body }: Answer): boolean => body.startsWith('{');
const namesOf = ({ body }: Answer): string[] => Object.keys(JSON.parse(body) as object).toSorted();

/** An OAuth error (RFC 6749 5.2): a code and what it means, and no word of who or what was asked for. */
const isError = (answer: Answer): boolean =>
  answer.status >= 400 &&
  answer.status < 500 &&
  namesOf(answer).every((name) => ['error', 'error_description'].includes(name));
/** A page that says that it came to nothing. */
const isNotice = ({ status, body }: Answer): boolean =>
  status === 400 && /<h1>(El inicio de sesi.{1,2}n caduc|No se pudo iniciar la sesi)/.test(body);

/** Each with what a caller that proves nothing may find out there, and no more. */
const HOSTED: Readonly<Record<string, { at?: string; may(answer: Answer): boolean }>> = {
  'GET /oidc/auth': { may: isNotice },
  'GET /oidc/auth/:uid': { at: `/oidc/auth/${UID}`, may: isNotice },
  'GET /oidc/interaction/:uid': { at: `/oidc/interaction/${UID}`, may: isNotice },
  'POST /oidc/interaction/:uid': { at: `/oidc/interaction/${UID}`, may: isNotice },
  'POST /oidc/token': { may: isError },
  'POST /oidc/token/revocation': { may: isError },
  'GET /oidc/jwks': {
    may: (answer) => {
      const { keys } = JSON.parse(answer.body) as { keys: object[] };
      for (const key of keys)
        assert.deepEqual(Object.keys(key).toSorted(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
      return keys.length > 0;
    },
  },
  'GET /oidc/.well-known/openid-configuration': { may: isDescription },
  'GET /oidc/.well-known/oauth-authorization-server': { may: isDescription },
};

/** What the issuer can do: endpoints of its own that are all listed here, and lists of words. */
function isDescription(answer: Answer): boolean {
  if (!isJson(answer)) return false;
  const described = Object.entries(JSON.parse(answer.body) as Record<string, unknown>);
  for (const [name, value] of described.filter(([name]) => /_endpoint$|_uri$/.test(name))) {
    const { pathname } = new URL(String(value));
    assert.ok(
      ['GET', 'POST'].some((method) => `${method} ${pathname}` in HOSTED),
      `${name}: ${pathname} is not listed`,
    );
  }
  return described.length > 0;
}

/** Lines for what is answered by listeners that are not ours, and without asking who sends it. */
export function hostedCells(matrix: Matrix): Cells {
  return Object.fromEntries(
    Object.entries(HOSTED).map(([name, { at, may }]): [string, Cell] => {
      const [method = '', path = ''] = name.split(' ');
      return [name, { about: 'nobody', has: may, ask: (by) => matrix.fetch(by, method, at ?? path) }];
    }),
  );
}
