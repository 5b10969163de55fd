import { Failure } from '@acervo/kernel/failure.ts';
import type { Feature } from '../../bindings/feature.ts';
import type { Hosted } from '../../bindings/hosted.ts';
import type { Person } from '../../ports/directory.ts';
import type { Identities } from '../../ports/identity.ts';
import type { Log } from '../../ports/log.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { accessTokenVerifier } from './access-token.ts';
import { KnownClients } from './clients.ts';
import { sessionCookieOf } from './cookie.ts';
import { Credentials } from './credentials.ts';
import { enrolmentRoutes } from './enrolment.route.ts';
import type { EnrolmentPorts } from './enrolment.ts';
import { externalPerson, type Groups } from './external.ts';
import { identitiesOver } from './identities.ts';
import { audienceOf, ISSUER_PATHS, ISSUER_PREFIX, issuerUrlOf, PAGE_CLIENT, pageSecretOf } from './issuer-names.ts';
import type { LoginKeys } from './keys.ts';
import { type LoginPorts, loginRoutes, openSessionRoute } from './login.route.ts';
import type { People } from './ports.ts';
import { RelyingParty, type Told } from './relying-party.ts';
import { secretBox } from './secret-box.ts';
import { Sessions } from './session.ts';
import { sweepJob } from './sweep.job.ts';
import { type KeyPorts, keyRoutes } from './webauthn.route.ts';
import { WebAuthn } from './webauthn.ts';

/** An issuer elsewhere. */
export type ExternalIssuer = {
  issuer: string;
  clientId: string;
  clientSecret: string | undefined;
  loginClaim: string;
  groupsClaim: string;
  groups: Groups;
};

export type LoginOptions = {
  db: Db;
  people: People;
  keys: LoginKeys;
  log: Log;
  /** @param address  of who came, '' for what the archive does by itself */
  openOp(address: string): Op;
  idleMs: number;
  absoluteMs: number;
  accessTokenS: number;
  external: ExternalIssuer | undefined;
  /** For whom somebody acts who comes by an issuer elsewhere, and whose groups name no institution. */
  institution: string;
};

export type Login = {
  feature: Feature;
  identities: Identities;
  /**
   * The doors are open, and people reach them by this address.
   * @param fetchOwn  a way to our own address that no proxy stands in
   */
  opened(publicUrl: string, fetchOwn: typeof fetch): void;
};

/** What depends on the address, which is known when the doors are open. */
type Opened = {
  ports: LoginPorts;
  enrolment: EnrolmentPorts;
  keys: KeyPorts;
  identities: Identities;
  issuer: () => Promise<Hosted>;
};

/** How people log in, and systems get tokens, where callers must be known. */
export function makeLogin(options: LoginOptions): Login {
  let state: Opened | undefined;
  const at = (): Opened => {
    if (state === undefined) throw new Failure('store/unavailable', 'the doors are just opening');
    return state;
  };
  const issuer: Hosted = {
    prefix: ISSUER_PREFIX,
    summary: 'The embedded issuer of OpenID Connect',
    paths: ISSUER_PATHS,
    handle: async (request, response, from) => (await at().issuer()).handle(request, response, from),
  };
  const routes = [
    ...loginRoutes(() => at().ports),
    ...(options.external === undefined
      ? [...enrolmentRoutes(() => at().enrolment, options.openOp), ...keyRoutes(() => at().keys, options.openOp)]
      : []),
  ];
  return {
    feature: {
      name: 'login',
      routes,
      services: [],
      hosted: options.external === undefined ? [issuer] : [],
      jobs: [sweepJob(options.db, () => at().ports.sessions, options.openOp)],
    },
    identities: { of: async (credentials) => at().identities.of(credentials) },
    opened: (publicUrl, fetchOwn) => {
      state = openedAt(options, publicUrl, fetchOwn);
    },
  };
}

/** Under open access everybody is let in: there is nothing to log in to. */
export const openLoginFeature: Feature = { name: 'login', routes: [openSessionRoute], services: [] };

function openedAt(options: LoginOptions, publicUrl: string, fetchOwn: typeof fetch): Opened {
  const { db, people, keys, openOp, external, idleMs, absoluteMs } = options;
  const { directory } = people;
  const box = secretBox(keys.sealing);
  const key = keys.sealing;
  const sessions = new Sessions({ db, box, key, lifetimes: { idleMs, absoluteMs } });
  const credentials = new Credentials({ db, directory, box, key });
  const webauthn = new WebAuthn({ db, publicUrl });
  const cookie = sessionCookieOf(publicUrl.startsWith('https:'));
  const ports: LoginPorts = {
    db,
    sessions,
    credentials,
    directory,
    box,
    party: partyOf(options, publicUrl, fetchOwn),
    personOf: personFinder(options),
    isExternal: external !== undefined,
    publicUrl,
    cookie,
    openOp,
  };
  const verify =
    external === undefined
      ? accessTokenVerifier(issuerUrlOf(publicUrl), audienceOf(publicUrl), keys.signing)
      : undefined;
  let issuer: Promise<Hosted> | undefined;
  return {
    ports,
    enrolment: { db, people, credentials, sessions, box, webauthn, publicUrl },
    keys: { db, sessions, credentials, directory, webauthn, cookie, publicUrl },
    identities: identitiesOver({ sessions, clients: new KnownClients(db), directory, cookie, verify }),
    // Loaded by the first who logs in: a store alone never needs it.
    issuer: () => {
      issuer ??= import('./issuer.ts').then(({ embeddedIssuer }) =>
        embeddedIssuer({ ...options, credentials, directory, box, webauthn, publicUrl }),
      );
      return issuer;
    },
  };
}

function partyOf({ external, keys }: LoginOptions, publicUrl: string, fetchOwn: typeof fetch): RelyingParty {
  const redirectUri = `${publicUrl}/login/callback`;
  if (external !== undefined) {
    const { issuer, clientId, clientSecret } = external;
    return new RelyingParty({ issuer, clientId, clientSecret, redirectUri, scope: 'openid profile', isOurs: false });
  }
  return new RelyingParty({
    issuer: issuerUrlOf(publicUrl),
    clientId: PAGE_CLIENT,
    clientSecret: pageSecretOf(keys),
    redirectUri,
    scope: 'openid',
    fetch: fetchOwn,
    isOurs: true,
  });
}

function personFinder({ db, people, external, institution }: LoginOptions): LoginPorts['personOf'] {
  if (external === undefined) {
    return (_op: Op, { subject }: Told): Promise<Person> => {
      const person = people.directory.person(subject);
      if (person?.isActive === true) return Promise.resolve(person);
      return Promise.reject(new Failure('access/denied', `person ${subject} is not active in the directory`));
    };
  }
  return (op, told) => externalPerson({ ...external, db, people, institution }, op, told);
}
