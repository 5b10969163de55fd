import type { SessionAnswer } from '@acervo/interop/console/session.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { z } from 'zod';
import type { HttpAnswer, HttpRequest, Route } from '../../bindings/http.ts';
import type { Directory, Person } from '../../ports/directory.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { cookieOf, setCookie, signInCookieOf } from './cookie.ts';
import type { Credentials } from './credentials.ts';
import { refuseForged, sessionOf } from './identities.ts';
import { strengthOf } from './issuer-names.ts';
import { CHOICE, SESSION } from './login.schema.ts';
import { pagePolicy } from './page.ts';
import { noticePage } from './pages.ts';
import { deletePayloadsOf } from './payload.repo.ts';
import type { Begun, RelyingParty, Told } from './relying-party.ts';
import type { SecretBox } from './secret-box.ts';
import type { Session, Sessions } from './session.ts';
import { STYLE, STYLE_PATH } from './style.ts';
import { filled, textsFor } from './texts.ts';
import { choicesOf } from './who.ts';

export type LoginPorts = {
  db: Db;
  sessions: Sessions;
  credentials: Credentials;
  directory: Directory;
  box: SecretBox;
  party: RelyingParty;
  /** Which person somebody is who came back from the issuer. @throws {Failure} access/denied */
  personOf(op: Op, told: Told): Promise<Person>;
  isExternal: boolean;
  publicUrl: string;
  /** Of the session. */
  cookie: string;
  openOp(address: string): Op;
};

const BEGUN = 'login begun';
/** From the page to the issuer and back. */
const BEGUN_S = 900;
const BODY_BYTES_MAX = 4096;
const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

type Kept = Begun & { to: string; untilMs: number };

/** The way in and out of the page. Public: who asks is what they find out; none says anything of a patient. */
export function loginRoutes(ports: () => LoginPorts): Route[] {
  return [
    {
      method: 'GET',
      path: '/login',
      summary: 'Begin to log in',
      query: [{ name: 'to', description: 'Path to come back to' }],
      isPublic: true,
      handle: (request, { address }) => begin(ports(), request, address),
    },
    {
      method: 'GET',
      path: '/login/callback',
      summary: 'Where the issuer sends people back',
      isPublic: true,
      handle: (request, { address }) => comeBack(ports(), request, address),
    },
    styleRoute,
    {
      method: 'POST',
      path: '/logout',
      summary: 'Log out',
      isPublic: true,
      produces: ['application/json'],
      handle: (request, { address }) => leave(ports(), request, address),
    },
    {
      method: 'GET',
      path: '/api/session',
      summary: 'Who is logged in',
      isPublic: true,
      produces: ['application/json'],
      answerSchema: z.toJSONSchema(SESSION),
      handle: (request) => who(ports(), request),
    },
    {
      method: 'POST',
      path: '/api/session',
      summary: 'Act for another institution or purpose',
      isPublic: true,
      consumes: ['application/json'],
      produces: ['application/json'],
      answerSchema: z.toJSONSchema(SESSION),
      handle: (request) => choose(ports(), request),
    },
  ];
}

/** The style sheet of the pages of the login. */
const styleRoute: Route = {
  method: 'GET',
  path: STYLE_PATH,
  summary: 'How the pages of the login look',
  isPublic: true,
  handle: () => Promise.resolve({ status: 200, headers: { 'content-type': 'text/css; charset=utf-8' }, body: STYLE }),
};

/** Under open access nobody logs in, and the page says so. */
export const openSessionRoute: Route = {
  method: 'GET',
  path: '/api/session',
  summary: 'Who is logged in',
  isPublic: true,
  produces: ['application/json'],
  answerSchema: z.toJSONSchema(SESSION),
  handle: () => Promise.resolve(jsonAnswer({ access: 'open', person: null })),
};

async function begin(ports: LoginPorts, request: HttpRequest, address: string): Promise<HttpAnswer> {
  const { party, box, publicUrl } = ports;
  const to = localPath(request.query.get('to'));
  // Cookies are of one host: whoever came by another name of ours goes on by the one that the issuer knows.
  if (request.headers['host'] !== new URL(publicUrl).host) {
    return redirect(`${publicUrl}/login?to=${encodeURIComponent(to)}`);
  }
  try {
    const { begun, url } = await party.begin();
    const kept: Kept = { ...begun, to, untilMs: Date.now() + BEGUN_S * 1000 };
    return { ...redirect(url), cookies: [begunCookie(ports, box.sealText(BEGUN, kept), BEGUN_S)] };
  } catch (thrown) {
    return troubled(ports, request, address, thrown);
  }
}

async function comeBack(ports: LoginPorts, request: HttpRequest, address: string): Promise<HttpAnswer> {
  const { box, party, publicUrl, sessions, credentials } = ports;
  const text = cookieOf(request.headers['cookie'], signInCookieOf(isSecure(ports)));
  const kept = box.openText(BEGUN, text ?? '') as Kept | undefined;
  const t = textsFor(request.headers['accept-language']);
  if (kept === undefined || kept.untilMs < Date.now()) {
    return htmlAnswer(400, noticePage(t, t.overTitle, t.overLead, { href: '/login', text: t.again }));
  }
  try {
    const op = ports.openOp(address);
    const told = await party.finish(new URL(request.url, publicUrl), kept);
    const person = await ports.personOf(op, told);
    const before = await sessions.find(cookieOf(request.headers['cookie'], ports.cookie));
    if (before !== undefined) await sessions.end(op, before, 'replaced');
    const strength = strengthOf(told.amr);
    const seen = { methods: told.amr, authenticatedAt: told.at };
    const of = { person: person.id, strength, purpose: '', institution: '', ...seen };
    const secret = await sessions.open(of, ports.isExternal ? told.idToken : undefined);
    await credentials.succeeded(op, person.id, strength, ports.isExternal ? 'external' : 'embedded');
    const cookies = [setCookie(ports.cookie, secret, isSecure(ports), { path: '/' }), begunCookie(ports, '', 0)];
    return { ...redirect(kept.to), cookies };
  } catch (thrown) {
    return troubled(ports, request, address, thrown);
  }
}

async function leave(ports: LoginPorts, request: HttpRequest, address: string): Promise<HttpAnswer> {
  const session = await sessionOf(ports, cookieOf(request.headers['cookie'], ports.cookie));
  refuseForged(ports.sessions, request, session);
  const idToken = await ports.sessions.end(ports.openOp(address), session, 'logout');
  // At our own issuer too, if another app of this person still had a session there.
  if (!ports.isExternal) await deletePayloadsOf(ports.db, session.person, 'Session');
  const end = idToken === undefined ? undefined : await ports.party.endUrl(idToken, `${ports.publicUrl}/`);
  const cookies = [setCookie(ports.cookie, '', isSecure(ports), { path: '/', maxAgeS: 0 })];
  return { status: 200, headers: JSON_HEADERS, cookies, body: JSON.stringify({ next: end ?? '/' }) };
}

async function who(ports: LoginPorts, request: HttpRequest): Promise<HttpAnswer> {
  const secret = cookieOf(request.headers['cookie'], ports.cookie);
  if (secret === undefined) return jsonAnswer({ access: 'enforced', person: null });
  try {
    const session = await sessionOf(ports, secret);
    refuseForged(ports.sessions, request, session);
    return jsonAnswer(toldOf(ports, session));
  } catch (thrown) {
    if (toFailure(thrown).code !== 'access/unknown') throw thrown;
    return jsonAnswer({ access: 'enforced', person: null });
  }
}

async function choose(ports: LoginPorts, request: HttpRequest): Promise<HttpAnswer> {
  const session = await sessionOf(ports, cookieOf(request.headers['cookie'], ports.cookie));
  refuseForged(ports.sessions, request, session);
  const read = CHOICE.safeParse(await jsonOf(request));
  if (!read.success) throw new Failure('request/invalid', 'a choice is {"institution": ..., "purpose": ...}');
  const institution = read.data.institution ?? session.institution;
  const purpose = read.data.purpose ?? session.purpose;
  const person = knownPerson(ports, session);
  const choices = choicesOf(ports.directory, person, { institution, purpose }, new Date());
  const isOffered =
    (read.data.institution === undefined || choices.institution === institution) &&
    (read.data.purpose === undefined || choices.purpose === purpose);
  if (!isOffered) throw new Failure('access/denied', `person ${person.id} has no role for this`);
  await ports.sessions.choose(session, { institution, purpose: choices.purpose });
  return jsonAnswer(toldOf(ports, { ...session, institution, purpose: choices.purpose }));
}

function toldOf(ports: LoginPorts, session: Session): SessionAnswer {
  const person = knownPerson(ports, session);
  const { id, name, login } = person;
  const choices = choicesOf(ports.directory, person, session, new Date());
  const csrf = ports.sessions.csrfOf(session);
  return { access: 'enforced', person: { id, name, login, ...choices, strength: session.strength, csrf } };
}

function knownPerson({ directory }: LoginPorts, { person }: Session): Person {
  const known = directory.person(person);
  if (known === undefined) throw new Failure('access/unknown', `person ${person} is not in the directory`);
  return known;
}

/** People see what happened on a page, not a problem document. */
function troubled(ports: LoginPorts, request: HttpRequest, address: string, thrown: unknown): HttpAnswer {
  const { code, detail } = toFailure(thrown);
  const op = ports.openOp(address);
  op.log.warn('login.refused', { op: op.id, code, detail: code === 'internal' ? '' : detail });
  const t = textsFor(request.headers['accept-language']);
  const text = code === 'access/denied' ? t.unknownLead : filled(t.failedLead, { code });
  const status = code === 'access/denied' ? 403 : code === 'access/unknown' ? 401 : 503;
  const answer = htmlAnswer(status, noticePage(t, t.failedTitle, text, { href: '/login', text: t.again }));
  return { ...answer, cookies: [begunCookie(ports, '', 0)] };
}

/** A path of ours, whatever was asked for: nobody is sent elsewhere (CWE-601). */
export function localPath(to: string | null): string {
  if (to === null || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,1023}$/.test(to)) return '/';
  const url = new URL(to, 'http://here.invalid');
  // Points in a path may go, and leave two slashes at its beginning: another host.
  const isLocal = url.origin === 'http://here.invalid' && !url.pathname.startsWith('//');
  return isLocal ? url.pathname + url.search + url.hash : '/';
}

const isSecure = ({ publicUrl }: LoginPorts): boolean => publicUrl.startsWith('https:');

/** Comes back from another site by a link, so Lax; no other path of ours sees it. */
const begunCookie = (ports: LoginPorts, value: string, maxAgeS: number): string =>
  setCookie(signInCookieOf(isSecure(ports)), value, isSecure(ports), { path: '/login', maxAgeS });

const redirect = (location: string): HttpAnswer => ({
  status: 303,
  headers: { location, 'cache-control': 'no-store' },
});

const jsonAnswer = (answer: SessionAnswer): HttpAnswer => ({
  status: 200,
  headers: JSON_HEADERS,
  body: JSON.stringify(answer),
});

export const htmlAnswer = (status: number, text: string): HttpAnswer => ({
  status,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': pagePolicy(),
  },
  body: text,
});

/** A small body, whole. @throws {Failure} store/too-large */
export async function textOf({ body }: HttpRequest, bytesMax = BODY_BYTES_MAX): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Failure('store/too-large', `a form over ${bytesMax} bytes`);
    chunks.push(Uint8Array.from(chunk));
  }
  return Buffer.concat(chunks).toString();
}

async function jsonOf(request: HttpRequest): Promise<unknown> {
  const text = await textOf(request);
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The schema refuses it.
  }
}
