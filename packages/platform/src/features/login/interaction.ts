import { parse } from 'node:querystring';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Directory } from '../../ports/directory.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import type { Credentials, Proved } from './credentials.ts';
import { pagePolicy } from './page.ts';
import { codePage, consentPage, loginPage, noticePage, setupPage } from './pages.ts';
import type { SecretBox } from './secret-box.ts';
import { filled, type Texts, textsFor } from './texts.ts';
import { newTotpSecret } from './totp.ts';
import type { KeyProved, WebAuthn } from './webauthn.ts';
import { type KeyQuestion, keyHeaders, questionOf } from './webauthn-pages.ts';

/** Below the issuer's prefix. */
export const INTERACTION_PATH = '/interaction';
const PATH = /^\/interaction\/([A-Za-z0-9_-]{16,64})$/;
const FORM_BYTES_MAX = 16_384;
/** Between password and code. */
const TICKET_MS = 300_000;
const TICKET = 'login ticket';

export type InteractionPorts = {
  credentials: Credentials;
  directory: Directory;
  box: SecretBox;
  db: Db;
  webauthn: WebAuthn;
  publicUrl: string;
  openOp(address: string): Op;
  /** Address of who sends the request that is being answered. */
  addressOf(ctx: KoaContextWithOIDC): string;
};

type Form = Readonly<Record<string, string>>;
type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;
/** What the password proved, in the hands of the browser, sealed: nothing is kept between two forms. */
type Ticket = { person: string; uid: string; untilMs: number; secret?: string };

type Desk = {
  ctx: KoaContextWithOIDC;
  provider: Provider;
  ports: InteractionPorts;
  interaction: Interaction;
  t: Texts;
};

/**
 * The issuer's questions to people: who are you, and may this app act for you. Plain pages that run nothing, but the
 * one script that asks the browser for a key.
 */
export function interactions(provider: Provider, ports: InteractionPorts): Parameters<Provider['use']>[0] {
  return async (koa, next) => {
    const uid = PATH.exec(koa.path)?.[1];
    if (uid === undefined) return next();
    // The library's own context is made for routes of its own; what is used of it here is Koa's.
    const ctx = koa as KoaContextWithOIDC;
    const t = textsFor(ctx.get('accept-language'));
    ctx.set('cache-control', 'no-store');
    ctx.set('content-security-policy', pagePolicy());
    const interaction = await provider.interactionDetails(ctx.req, ctx.res).catch(() => undefined);
    if (interaction?.uid !== uid) {
      ctx.status = 400;
      return show(ctx, noticePage(t, t.overTitle, t.overLead, { href: '/login', text: t.again }));
    }
    await answer({ ctx, provider, ports, interaction, t });
  };
}

async function answer(desk: Desk): Promise<void> {
  const { ctx, interaction, t } = desk;
  const isConsent = interaction.prompt.name === 'consent';
  if (ctx.method === 'GET') return isConsent ? askConsent(desk) : show(ctx, loginPage(t, { login: '' }));
  const form = ctx.method === 'POST' ? await formOf(ctx) : {};
  if (isConsent && form['step'] === 'consent') return consent(desk);
  if (isConsent && form['step'] === 'deny') return finish(desk, { error: 'access_denied' });
  const take = isConsent ? undefined : STEPS[form['step'] ?? ''];
  if (take === undefined) return ctx.throw(400);
  try {
    await take(desk, form);
  } catch (thrown) {
    const { code } = toFailure(thrown);
    if (code !== 'login/busy') throw thrown;
    ctx.status = 503;
    ctx.set('retry-after', '5');
    show(ctx, noticePage(t, t.failedTitle, filled(t.failedLead, { code }), { href: '/login', text: t.again }));
  }
}

const STEPS: Readonly<Record<string, (desk: Desk, form: Form) => Promise<void>>> = {
  password,
  code,
  key,
  setup,
  'setup-key': setupKey,
};

async function password(desk: Desk, form: Form): Promise<void> {
  const { ctx, ports, t } = desk;
  const login = form['login'] ?? '';
  const { credentials } = ports;
  const address = ports.addressOf(ctx);
  const proved = await credentials.password(ports.openOp(address), login, form['password'] ?? '', address);
  if (proved.is !== 'right') {
    return again(desk, proved, t.wrong, (trouble) => show(ctx, loginPage(t, { login, trouble })));
  }
  const { person, next } = proved;
  if (next === 'nothing') return loggedIn(desk, person, ['pwd']);
  if (next === 'code') return askSecond(desk, person);
  await askSetup(desk, person, newTotpSecret());
}

/** By its keys, where it has some that may be used here, and by a code. */
async function askSecond(desk: Desk, person: string, trouble?: string): Promise<void> {
  const { webauthn } = desk.ports;
  const options = await webauthn.requestOptions(boundTo(desk, 'key', person), person);
  const hasKeys = options !== undefined || (await webauthn.keys(person)).length > 0;
  const question = withKeys(desk, questionOf(webauthn, options, hasKeys));
  show(desk.ctx, codePage(desk.t, ticketOf(desk, person), { ...(trouble && { trouble }), key: question }));
}

async function askSetup(desk: Desk, person: string, secret: Uint8Array, trouble?: string): Promise<void> {
  const { webauthn, directory } = desk.ports;
  const { login = '', name = '' } = directory.person(person) ?? {};
  const options = await webauthn.creationOptions(boundTo(desk, 'setup', person), { id: person, login, name });
  const question = withKeys(desk, questionOf(webauthn, options, true));
  show(desk.ctx, setupPage(desk.t, { ticket: ticketOf(desk, person, secret), secret, login, trouble, key: question }));
}

/** An answer counts for the login that it was asked in, and for nothing else. */
const boundTo = ({ interaction }: Desk, use: 'key' | 'setup', person: string): string =>
  `${use} ${interaction.uid} ${person}`;

function withKeys({ ctx, ports }: Desk, question: KeyQuestion): KeyQuestion {
  ctx.set(keyHeaders(question, ports.publicUrl));
  return question;
}

async function code(desk: Desk, form: Form): Promise<void> {
  const ticket = ticketIn(desk, form);
  if (ticket === undefined) return tooLate(desk);
  const { ctx, ports, t } = desk;
  const typed = (form['code'] ?? '').slice(0, 64);
  const address = ports.addressOf(ctx);
  const proved = await ports.credentials.code(ports.openOp(address), ticket.person, typed, address);
  if (proved.is !== 'right') return again(desk, proved, t.wrongCode, (why) => askSecond(desk, ticket.person, why));
  await loggedIn(desk, proved.person, ['pwd', 'otp', 'mfa']);
}

async function key(desk: Desk, form: Form): Promise<void> {
  const ticket = ticketIn(desk, form);
  if (ticket === undefined) return tooLate(desk);
  const { ctx, ports, t } = desk;
  const { person } = ticket;
  const address = ports.addressOf(ctx);
  const op = ports.openOp(address);
  let by: KeyProved | undefined;
  const proved = await ports.credentials.proved(op, person, address, async () => {
    by = await ports.webauthn.used(op, person, boundTo(desk, 'key', person), form['credential'] ?? '');
    return by !== undefined;
  });
  if (proved.is !== 'right' || by === undefined) {
    return again(desk, proved.is === 'right' ? { is: 'wrong' } : proved, t.keyWrong, (why) =>
      askSecond(desk, person, why),
    );
  }
  await loggedIn(desk, person, by.amr, by.acr);
}

async function setup(desk: Desk, form: Form): Promise<void> {
  const ticket = ticketIn(desk, form);
  if (ticket?.secret === undefined) return tooLate(desk);
  const secret = Buffer.from(ticket.secret, 'base64url');
  const { person } = ticket;
  if (await desk.ports.credentials.setUp(person, secret, form['code'] ?? '')) {
    return loggedIn(desk, person, ['pwd', 'otp', 'mfa']);
  }
  await askSetup(desk, person, secret, desk.t.troubles.code);
}

async function setupKey(desk: Desk, form: Form): Promise<void> {
  const ticket = ticketIn(desk, form);
  if (ticket?.secret === undefined) return tooLate(desk);
  const { ctx, ports, t } = desk;
  const { person } = ticket;
  const op = ports.openOp(ports.addressOf(ctx));
  const made = await ports.webauthn.made(op, boundTo(desk, 'setup', person), form['credential'] ?? '');
  const name = form['keyName'] ?? '';
  const isKept =
    made !== undefined && (await ports.db.transaction((sql) => ports.webauthn.register(sql, op, person, made, name)));
  if (!isKept) return askSetup(desk, person, Buffer.from(ticket.secret, 'base64url'), t.troubles.key);
  // The browser asked its user when it made the key (user verification is required of it too).
  await loggedIn(desk, person, ['pwd', made.isSynced ? 'swk' : 'hwk', 'user', 'mfa'], made.isSynced ? 'phr' : 'phrh');
}

function tooLate({ ctx, t }: Desk): void {
  show(ctx, loginPage(t, { login: '', trouble: t.overLead }));
}

async function again(
  { ctx, t }: Desk,
  proved: Exclude<Proved, { is: 'right' }>,
  wrong: string,
  ask: (why: string) => void | Promise<void>,
): Promise<void> {
  const isLocked = proved.is === 'locked';
  ctx.status = isLocked ? 429 : 401;
  if (isLocked) ctx.set('retry-after', `${proved.seconds}`);
  await ask(isLocked ? filled(t.locked, { seconds: proved.seconds }) : wrong);
}

function askConsent({ ctx, interaction, t }: Desk): void {
  // The browser must be let go to where the app waits: a form may lead there (CSP3 form-action).
  const { redirect_uri: target, client_id: client } = interaction.params;
  const scheme = typeof target === 'string' && URL.canParse(target) ? new URL(target) : undefined;
  const source = scheme?.protocol === 'http:' ? `http://${scheme.host}` : scheme?.protocol;
  ctx.set('content-security-policy', pagePolicy(source === undefined ? [] : [source]));
  show(ctx, consentPage(t, String(client)));
}

async function consent(desk: Desk): Promise<void> {
  const { provider, interaction } = desk;
  const { params, session, prompt } = interaction;
  const accountId = session?.accountId;
  if (accountId === undefined) throw new Failure('access/denied', 'consent without a login');
  const grant = new provider.Grant({ accountId, clientId: String(params['client_id']) });
  const { missingOIDCScope, missingResourceScopes } = prompt.details as {
    missingOIDCScope?: string[];
    missingResourceScopes?: Record<string, string[]>;
  };
  grant.addOIDCScope((missingOIDCScope ?? ['openid', 'offline_access']).join(' '));
  for (const [indicator, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(indicator, scopes.join(' '));
  }
  await finish(desk, { consent: { grantId: await grant.save() } });
}

const loggedIn = (desk: Desk, accountId: string, amr: string[], acr?: string): Promise<void> =>
  finish(desk, { login: { accountId, amr, ...(acr !== undefined && { acr }), remember: false } });

async function finish({ ctx, provider }: Desk, result: Parameters<Provider['interactionResult']>[2]): Promise<void> {
  const returnTo = await provider.interactionResult(ctx.req, ctx.res, result);
  ctx.status = 303;
  ctx.set('location', returnTo);
  ctx.body = '';
}

function ticketOf({ ports, interaction }: Desk, person: string, secret?: Uint8Array): string {
  const kept = secret && { secret: Buffer.from(secret).toString('base64url') };
  const ticket: Ticket = { person, uid: interaction.uid, untilMs: Date.now() + TICKET_MS, ...kept };
  return ports.box.sealText(TICKET, ticket);
}

function ticketIn({ ports, interaction }: Desk, form: Form): Ticket | undefined {
  const ticket = ports.box.openText(TICKET, form['ticket'] ?? '') as Ticket | undefined;
  return ticket !== undefined && ticket.uid === interaction.uid && ticket.untilMs > Date.now() ? ticket : undefined;
}

async function formOf(ctx: KoaContextWithOIDC): Promise<Form> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of ctx.req as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > FORM_BYTES_MAX) ctx.throw(413);
    chunks.push(chunk);
  }
  return formFields(Buffer.concat(chunks).toString());
}

/** Fields of a form; of one that is there twice the first. */
export function formFields(text: string): Form {
  const entries = Object.entries(parse(text)).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Form;
}

function show(ctx: KoaContextWithOIDC, text: string): void {
  const { status } = ctx;
  ctx.type = 'text/html; charset=utf-8';
  ctx.body = text;
  // Koa says 200 where nothing was said.
  ctx.status = status === 404 ? 200 : status;
}
