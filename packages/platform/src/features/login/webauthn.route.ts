import { toFailure } from '@acervo/kernel/failure.ts';
import type { HttpAnswer, HttpRequest, Route } from '../../bindings/http.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Directory } from '../../ports/directory.ts';
import { isSecondFactorWithin } from '../../ports/identity.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { cookieOf } from './cookie.ts';
import { findCredential } from './credentials.repo.ts';
import type { Credentials } from './credentials.ts';
import { authenticationOf, refuseForged, sessionOf } from './identities.ts';
import { formFields } from './interaction.ts';
import { htmlAnswer, textOf } from './login.route.ts';
import { needsSecondFactor } from './ports.ts';
import { asPerson, type Session, type Sessions } from './session.ts';
import { type Texts, textsFor } from './texts.ts';
import { deleteKey, keysOf, lockKeysOf } from './webauthn.repo.ts';
import { shortOf, type WebAuthn } from './webauthn.ts';
import { keyHeaders, keysPage, questionOf } from './webauthn-pages.ts';
import { SCRIPT, SCRIPT_PATH } from './webauthn-script.ts';

export const KEYS_PATH = '/login/keys';
/** Whoever finds a session open at a machine changes nothing of how its person proves who it is. */
const FRESH_MINUTES = 15;
const FORM_BYTES_MAX = 16_384;

export type KeyPorts = {
  db: Db;
  sessions: Sessions;
  credentials: Credentials;
  directory: Directory;
  webauthn: WebAuthn;
  cookie: string;
  publicUrl: string;
};

type Form = Readonly<Record<string, string>>;

/** A person's own keys: what there is, one more, one less. */
export function keyRoutes(ports: () => KeyPorts, openOp: (address: string) => Op): Route[] {
  return [
    {
      method: 'GET',
      path: SCRIPT_PATH,
      summary: 'The script of the pages with keys',
      isPublic: true,
      handle: () =>
        Promise.resolve({ status: 200, headers: { 'content-type': 'text/javascript; charset=utf-8' }, body: SCRIPT }),
    },
    {
      method: 'GET',
      path: KEYS_PATH,
      summary: 'Keys of the person that is logged in',
      isPublic: true,
      handle: (request) => atDesk(ports(), request, (session) => shown(ports(), request, session, 200)),
    },
    {
      method: 'POST',
      path: KEYS_PATH,
      summary: 'Register or remove a key',
      consumes: ['application/x-www-form-urlencoded'],
      isPublic: true,
      handle: async (request, { address }) => {
        const form = formFields(await textOf(request, FORM_BYTES_MAX));
        // A form cannot set a header: its token stands in a field, and is judged in the same way.
        const headers = { ...request.headers, 'x-acervo-csrf': form['csrf'] };
        return atDesk(ports(), { ...request, headers }, (session) =>
          change(ports(), request, session, form, openOp(address)),
        );
      },
    },
  ];
}

/** For whoever has just proved who it is; everybody else logs in, and comes back. */
async function atDesk(
  ports: KeyPorts,
  request: HttpRequest,
  work: (session: Session) => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  const secret = cookieOf(request.headers['cookie'], ports.cookie);
  const session =
    secret === undefined
      ? undefined
      : await sessionOf(ports, secret).catch((thrown: unknown) => {
          if (toFailure(thrown).code !== 'access/unknown') throw thrown;
          return undefined;
        });
  if (session === undefined) return redirect(`/login?to=${KEYS_PATH}`);
  refuseForged(ports.sessions, request, session);
  return (await isFresh(ports, session)) ? work(session) : redirect(`/login?to=${KEYS_PATH}`);
}

/** By all that the person has: a password alone is enough for whoever has nothing else yet. */
async function isFresh({ webauthn, credentials }: KeyPorts, session: Session): Promise<boolean> {
  const { person } = session;
  const hasSecond = (await credentials.hasTotp(person)) || (await webauthn.keys(person)).length > 0;
  const seen = authenticationOf(session);
  const now = new Date();
  return isSecondFactorWithin(hasSecond ? seen : { ...seen, strength: 'second-factor' }, FRESH_MINUTES, now);
}

async function shown(
  ports: KeyPorts,
  request: HttpRequest,
  session: Session,
  status: number,
  told?: (t: Texts) => string,
): Promise<HttpAnswer> {
  const { webauthn, credentials, directory, sessions, publicUrl } = ports;
  const { person } = session;
  const { login = '', name = '' } = directory.person(person) ?? {};
  const options = await webauthn.creationOptions(boundTo(session), { id: person, login, name });
  const key = questionOf(webauthn, options, true);
  const t = textsFor(request.headers['accept-language']);
  const text = keysPage(t, {
    csrf: sessions.csrfOf(session),
    keys: await webauthn.keys(person),
    key,
    hasTotp: await credentials.hasTotp(person),
    trouble: told?.(t),
  });
  const answer = htmlAnswer(status, text);
  // Without a referrer a browser hides the origin of a form too, by which it is told from a foreign one.
  const own = { 'referrer-policy': 'same-origin' };
  return { ...answer, headers: { ...answer.headers, ...keyHeaders(key, publicUrl), ...own } };
}

async function change(
  ports: KeyPorts,
  request: HttpRequest,
  session: Session,
  form: Form,
  op: Op,
): Promise<HttpAnswer> {
  if (form['step'] === 'remove') {
    const isRemoved = await remove(ports, op, session.person, form['id'] ?? '');
    return isRemoved ? redirect(KEYS_PATH) : shown(ports, request, session, 409, (t) => t.keyLast);
  }
  const isAdded = form['step'] === 'add' && (await add(ports, op, session, form));
  return isAdded ? redirect(KEYS_PATH) : shown(ports, request, session, 400, (t) => t.keyNotMade);
}

async function add({ db, webauthn }: KeyPorts, op: Op, session: Session, form: Form): Promise<boolean> {
  const made = await webauthn.made(op, boundTo(session), form['credential'] ?? '');
  if (made === undefined) return false;
  const { person } = session;
  return db.transaction(async (sql) => {
    await lockKeysOf(sql, person);
    return webauthn.register(sql, op, person, made, form['keyName'] ?? '');
  });
}

/** @returns false for the last second factor of somebody whose roles ask for one */
function remove({ db, directory }: KeyPorts, op: Op, person: string, id: string): Promise<boolean> {
  return db.transaction(async (sql) => {
    await lockKeysOf(sql, person);
    const usable = (await keysOf(sql, person)).filter(({ isSuspended }) => !isSuspended);
    const hasOther = (await findCredential(sql, person))?.totpSecret != null || usable.some((each) => each.id !== id);
    const isUsable = usable.some((each) => each.id === id);
    if (isUsable && !hasOther && needsSecondFactor(directory, person, new Date())) return false;
    if (!(await deleteKey(sql, person, id))) return true;
    const facts = { person, key: shortOf(id) };
    await insertEvents(sql, [envelopeOf(asPerson(op, person), 'webauthn.removed', { institution: '' }, facts)]);
    return true;
  });
}

const boundTo = ({ id }: Session): string => `session ${id}`;

const redirect = (location: string): HttpAnswer => ({
  status: 303,
  headers: { location, 'cache-control': 'no-store' },
});
