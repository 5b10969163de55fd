import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request as sendRequest } from 'node:http';
import type { TestContext } from 'node:test';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { loadConfig } from '../../apps/config.ts';
import { type RunningServer, startServer } from '../../apps/server.ts';
import { totpAt } from './totp.ts';

/** Tests of the login run against a whole server: what matters is what comes over the wire. */
export type TestLogin = { server: RunningServer; url: string; directory: string };

export const PASSWORD = 'una frase larga y tranquila';

export async function startLogin(
  t: TestContext,
  environment: Record<string, string> = {},
  directory: string = temporaryDirectory(),
): Promise<TestLogin> {
  const server = await startServer(
    loadConfig({
      ACERVO_DATA_DIR: directory,
      ACERVO_HTTP_PORT: '0',
      ACERVO_DIMSE_PORT: '0',
      ACERVO_ACCESS: 'enforced',
      ACERVO_PG_WAL_SEGMENT_MIB: '1',
      ACERVO_PG_SHARED_BUFFERS_MIB: '16',
      ACERVO_DISK_FREE_MIN_MIB: '0',
      ...environment,
    }),
    silentLog,
  );
  let isOver = false;
  const close = async (): Promise<void> => {
    if (!isOver) await server.close();
    isOver = true;
  };
  t.after(close);
  return { server: { ...server, close }, url: `http://127.0.0.1:${server.httpPort}`, directory };
}

/** A browser as far as HTTP goes: it keeps cookies by path, and follows redirects one by one. */
export class Browser {
  /** Every Set-Cookie that it got. */
  readonly lines: string[] = [];
  readonly #cookies = new Map<string, { value: string; path: string }>();
  readonly #url: string;
  readonly #via: string;

  /** @param via  where requests go: a proxy that ends TLS hands them on, with the name that was asked for */
  constructor(url: string, via = url) {
    this.#url = url;
    this.#via = via;
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name)?.value;
  }

  async ask(path: string, options: RequestInit = {}): Promise<Response> {
    const { origin, pathname, search, host } = new URL(path, this.#url);
    assert.equal(origin, this.#url, `it was sent elsewhere: ${path}`);
    const cookies = [...this.#cookies].filter(([, { path: below }]) => pathname.startsWith(below));
    const cookie = cookies.map(([name, { value }]) => `${name}=${value}`).join('; ');
    const headers = {
      ...(cookie !== '' && { cookie }),
      ...(options.headers as Record<string, string> | undefined),
    };
    const asked = { ...options, headers, redirect: 'manual' } as const;
    const answer =
      this.#via === this.#url
        ? await fetch(this.#url + pathname + search, asked)
        : await handedOn(this.#via + pathname + search, asked, { host, 'x-forwarded-proto': 'https' });
    for (const line of answer.headers.getSetCookie()) this.#keep(line);
    return answer;
  }

  /** Ask, and go on to wherever it is sent. */
  async go(path: string, options: RequestInit = {}): Promise<{ answer: Response; path: string; text: string }> {
    let answer = await this.ask(path, options);
    let at = path;
    for (let hop = 0; answer.status >= 300 && answer.status < 400 && hop < 10; hop++) {
      at = new URL(answer.headers.get('location') ?? '', new URL(at, this.#url)).href;
      answer = await this.ask(at);
    }
    return { answer, path: at, text: await answer.text() };
  }

  /** Send the form of a page, with the fields that it hides. */
  submit(path: string, page: string, fields: Record<string, string>) {
    return this.submitAs(path, page, fields, {});
  }

  /** @param headers  what a browser says of the page that the form is of */
  submitAs(path: string, page: string, fields: Record<string, string>, headers: Record<string, string>) {
    const hidden = [...page.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)];
    const body = new URLSearchParams({
      ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])),
      ...fields,
    });
    return this.go(path, { method: 'POST', body, headers });
  }

  #keep(line: string): void {
    this.lines.push(line);
    const [pair = '', ...attributes] = line.split(/; */);
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    const path = attributes.find((each) => /^path=/i.test(each))?.slice(5) ?? '/';
    const isGone = value === '' || attributes.some((each) => /^max-age=0$/i.test(each));
    if (isGone) this.#cookies.delete(name);
    else this.#cookies.set(name, { value, path });
  }
}

/** What a proxy does: the request with the name that was asked for, which fetch would not send. */
async function handedOn(url: string, options: RequestInit, more: Record<string, string>): Promise<Response> {
  const { method = 'GET', body } = options;
  const form = body instanceof URLSearchParams ? body.toString() : undefined;
  const type = form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  const headers = { ...(options.headers as Record<string, string>), ...type, ...more };
  const request = sendRequest(url, { method, headers: { ...headers, ...(form && { 'content-length': form.length }) } });
  request.end(form);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  const answered = new Headers();
  const { rawHeaders: raw } = response;
  for (let at = 0; at < raw.length; at += 2) answered.append(raw[at] ?? '', raw[at + 1] ?? '');
  return new Response(Buffer.concat(pieces), { status: response.statusCode ?? 0, headers: answered });
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The secret that a page shows for an authenticator. */
export function secretOn(page: string): Buffer {
  const text = /class="secret"[^>]*>([A-Z2-7 ]+)</.exec(page)?.[1]?.replaceAll(' ', '') ?? '';
  const bits = [...text].map((char) => BASE32.indexOf(char).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** @param steps  later than now: a code counts once */
export const codeNow = (secret: Uint8Array, steps = 0): string =>
  totpAt(secret, Math.floor(Date.now() / 30_000) + steps);

export type Enrolled = { secret: Buffer; recovery: string[]; text: string };

/** Fill in the form of an enrolment link. */
export async function enrolBy(url: string, link: string, told: Record<string, string> = {}): Promise<Enrolled> {
  const browser = new Browser(url);
  const { pathname, search } = new URL(link);
  const { text } = await browser.go(pathname + search);
  const secret = secretOn(text);
  const fields = { password: PASSWORD, again: PASSWORD, code: codeNow(secret, -1), ...told };
  const done = await browser.submit(pathname + search, text, fields);
  const recovery = [...done.text.matchAll(/<li><code>([^<]+)</g)].map(([, code = '']) => code);
  return { secret, recovery, text: done.text };
}

export const enrolFirst = (url: string, link: string | undefined): Promise<Enrolled> =>
  enrolBy(url, link ?? '', { name: 'Ana Ruiz', institution: 'HGM', login: 'ana' });

/** Log in with password and code. @returns the page at the end */
export async function logIn(browser: Browser, login: string, code?: string, password = PASSWORD) {
  const form = await browser.go('/login');
  const next = await browser.submit(form.path, form.text, { login, password });
  if (code === undefined) return next;
  return browser.submit(form.path, next.text, { code });
}

export type SessionAnswer = { access: string; person: { csrf: string; roles: string[]; strength: string } | null };

export async function sessionOf(browser: Browser): Promise<SessionAnswer> {
  return (await (await browser.ask('/api/session')).json()) as SessionAnswer;
}
