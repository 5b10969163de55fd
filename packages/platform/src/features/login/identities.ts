import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Authentication, Credentials, Identities, Identity } from '../../ports/identity.ts';
import { jwtOf, type Verifier } from './access-token.ts';
import type { KnownClients } from './clients.ts';
import { cookieOf } from './cookie.ts';
import { isOfOurPages, isSafe } from './same-site.ts';
import type { Session, Sessions } from './session.ts';
import { choicesOf } from './who.ts';

/** The page says its token here with everything that changes something. */
export const CSRF_HEADER = 'x-acervo-csrf';

export type IdentityPorts = {
  sessions: Sessions;
  clients: KnownClients;
  directory: Directory;
  cookie: string;
  /** Of the embedded issuer; undefined: people come from an issuer elsewhere, and there are no tokens of ours. */
  verify: Verifier | undefined;
};

/** Who a session or an access token proves. */
export function identitiesOver(ports: IdentityPorts): Identities {
  return {
    async of(credentials) {
      const { authorization, cookie } = credentials.headers;
      try {
        // Who sends a token acts by it: a browser adds a cookie to whatever it sends.
        const token = jwtOf(authorization);
        if (token !== undefined) return await byToken(ports, token);
        if (authorization !== undefined) return undefined;
        const secret = cookieOf(cookie, ports.cookie);
        return secret === undefined ? undefined : await bySession(ports, credentials, secret);
      } catch (thrown) {
        return toFailure(thrown);
      }
    },
  };
}

async function byToken({ verify, clients, directory }: IdentityPorts, token: string): Promise<Identity> {
  if (verify === undefined) throw new Failure('access/unknown', 'no access tokens here: people come by an issuer');
  const { sub, client_id, acervo_kind: kind, acervo_strength: strength, amr = [], auth_time } = await verify(token);
  const client = await clients.find(client_id);
  if (client === undefined) throw new Failure('access/unknown', 'access token of a client that was removed');
  if (kind === 'system') return { kind, id: client.system, strength, purpose: '', institution: client.institution };
  const at = auth_time === undefined ? undefined : new Date(auth_time * 1000);
  return asPerson(directory, sub, { strength, methods: amr, at }, { purpose: '', institution: '' });
}

async function bySession(ports: IdentityPorts, credentials: Credentials, secret: string): Promise<Identity> {
  const session = await sessionOf(ports, secret);
  refuseForged(ports.sessions, credentials, session);
  return asPerson(ports.directory, session.person, authenticationOf(session), session);
}

/** What was chosen and still holds, or what applies without a choice: what the page shows is what is decided by. */
function asPerson(
  directory: Directory,
  id: string,
  authentication: Authentication,
  chosen: Pick<Session, 'purpose' | 'institution'>,
): Identity {
  refuseInactive(directory, id);
  const person = directory.person(id);
  const { purpose, institution } = person ? choicesOf(directory, person, chosen, new Date()) : chosen;
  return { kind: 'person', id, strength: authentication.strength, authentication, purpose, institution };
}

export const authenticationOf = ({ strength, methods, authenticatedAt: at }: Session): Authentication => ({
  strength,
  methods,
  at,
});

/** @throws {Failure} access/unknown */
export async function sessionOf(
  { sessions, directory }: Pick<IdentityPorts, 'sessions' | 'directory'>,
  secret: string | undefined,
): Promise<Session> {
  const session = await sessions.find(secret);
  if (session === undefined) throw new Failure('access/unknown', 'session is over, or never was');
  refuseInactive(directory, session.person);
  return session;
}

function refuseInactive(directory: Directory, person: string): void {
  if (directory.person(person)?.isActive !== true) {
    throw new Failure('access/unknown', `person ${person} is not active in the directory`);
  }
}

/** @throws {Failure} access/denied for what comes from another site, or changes something without our token */
export function refuseForged(sessions: Sessions, credentials: Credentials, session: Session): void {
  if (!isOfOurPages(credentials)) throw new Failure('access/denied', 'a request of another site');
  if (!isSafe(credentials.method) && !sessions.isCsrf(session, credentials.headers[CSRF_HEADER])) {
    throw new Failure('access/denied', `a change by cookie without ${CSRF_HEADER}`);
  }
}
