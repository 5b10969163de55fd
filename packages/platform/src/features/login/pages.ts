import type { EnrolmentForm, Told, Trouble } from './enrolment.ts';
import { type Html, html } from './html.ts';
import { PASSWORD_CHARS_MAX } from './password.ts';
import { filled, type Texts } from './texts.ts';
import { base32, totpUri } from './totp.ts';

/** Where the pages' own style sheet is: none of it is inline. */
export const STYLE_PATH = '/login/style.css';

/** What runs on these pages is nothing. @param targets  beside our own, where a form may lead in the end */
export const pagePolicy = (targets: readonly string[] = []): string =>
  [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    `form-action 'self'${targets.map((target) => ` ${target}`).join('')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

const TOTP_DIGITS = '6';

/** A page as a whole. */
export function page(t: Texts, title: string, body: Html): string {
  return html`<!doctype html>
<html lang="${t.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Acervo</title>
<link rel="stylesheet" href="${STYLE_PATH}">
</head>
<body>
<main>
<header><p class="brand" translate="no">Acervo</p><p class="tagline">${t.tagline}</p></header>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.html;
}

export const alert = (text: string | undefined): Html | undefined =>
  text === undefined ? undefined : html`<p class="alert" role="alert">${text}</p>`;

export function loginPage(t: Texts, { login, trouble }: { login: string; trouble?: string | undefined }): string {
  return page(
    t,
    t.logInTitle,
    html`${alert(trouble)}
<form method="post">
<input type="hidden" name="step" value="password">
${field(t.login, 'login', { value: login, autocomplete: 'username', maxlength: '128', autofocus: login === '' })}
${field(t.password, 'password', { type: 'password', autocomplete: 'current-password', autofocus: login !== '' })}
<button>${t.enter}</button>
</form>`,
  );
}

export function codePage(t: Texts, ticket: string, trouble?: string): string {
  return page(
    t,
    t.codeTitle,
    html`${alert(trouble)}
<p>${t.codeLead}</p>
<form method="post">
<input type="hidden" name="step" value="code">
<input type="hidden" name="ticket" value="${ticket}">
${field(t.code, 'code', { autocomplete: 'one-time-code', maxlength: '32', autofocus: true })}
<button>${t.confirm}</button>
</form>`,
  );
}

export function setupPage(
  t: Texts,
  of: { ticket: string; secret: Uint8Array; login: string; trouble?: string },
): string {
  return page(
    t,
    t.setupTitle,
    html`${alert(of.trouble)}
<p>${t.setupLead}</p>
<form method="post">
<input type="hidden" name="step" value="setup">
<input type="hidden" name="ticket" value="${of.ticket}">
${secretBlock(t, of.secret, of.login)}
${codeField(t, true)}
<button>${t.confirm}</button>
</form>`,
  );
}

export function consentPage(t: Texts, client: string): string {
  return page(
    t,
    t.consentTitle,
    html`<p>${filled(t.consentLead, { client })}</p>
<p>${t.consentWhat}</p>
<form method="post" class="choice">
<button name="step" value="consent">${t.allow}</button>
<button name="step" value="deny" class="quiet">${t.deny}</button>
</form>`,
  );
}

/** Something came to nothing: what, and where to go on. */
export function noticePage(t: Texts, title: string, text: string, link: { href: string; text: string }): string {
  return page(t, title, html`<p>${text}</p><p><a class="button" href="${link.href}">${link.text}</a></p>`);
}

export function enrolPage(t: Texts, form: EnrolmentForm, told: Partial<Told>, trouble?: Trouble): string {
  const { isFirst, person, isSecondFactorNeeded: isNeeded } = form;
  const text = (name: keyof Told): string => told[name] ?? '';
  return page(
    t,
    isFirst ? t.enrolFirstTitle : t.enrolTitle,
    html`${alert(trouble && t.troubles[trouble])}
<p>${isFirst ? t.enrolFirstLead : t.enrolLead}</p>
<form method="post">
<input type="hidden" name="totp" value="${form.totp}">
${
  isFirst
    ? html`${field(t.name, 'name', { value: text('name'), autocomplete: 'name', maxlength: '128', autofocus: true })}
${field(t.institution, 'institution', { value: text('institution'), hint: t.institutionHint, maxlength: '24' })}
${field(t.login, 'login', { value: text('login'), autocomplete: 'username', maxlength: '64' })}`
    : html`<p class="who">${person?.name ?? ''} <small>${person?.login ?? ''}</small></p>
<input type="hidden" name="login" value="${person?.login ?? ''}" autocomplete="username">`
}
${field(t.password, 'password', { type: 'password', autocomplete: 'new-password', hint: t.passwordHint })}
${field(t.repeat, 'again', { type: 'password', autocomplete: 'new-password' })}
<h2>${t.secondTitle}</h2>
<p>${isNeeded ? t.secondNeeded : t.secondOptional}</p>
${secretBlock(t, form.secret, person?.login ?? (text('login') || 'acervo'))}
${codeField(t, isNeeded)}
<button>${t.save}</button>
</form>`,
  );
}

export function enrolledPage(t: Texts, codes: readonly string[]): string {
  const list = html`<p>${t.doneLead}</p>
<ul class="codes" translate="no">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ul>`;
  const body = html`${codes.length > 0 ? list : html`<p>${t.doneWithout}</p>`}
<p><a class="button" href="/login">${t.logInTitle}</a></p>`;
  return page(t, t.doneTitle, body);
}

function secretBlock(t: Texts, secret: Uint8Array, login: string): Html {
  const groups = base32(secret).match(/.{1,4}/g) ?? [];
  return html`<dl>
<dt>${t.secret}</dt><dd><code class="secret" translate="no">${groups.join(' ')}</code></dd>
<dt>${t.secretUri}</dt><dd><code class="uri" translate="no">${totpUri(secret, login)}</code></dd>
</dl>`;
}

const codeField = (t: Texts, isRequired: boolean): Html =>
  field(t.code, 'code', { autocomplete: 'one-time-code', inputmode: 'numeric', maxlength: TOTP_DIGITS, isRequired });

type FieldOptions = {
  type?: 'text' | 'password';
  value?: string;
  autocomplete?: string;
  inputmode?: 'numeric';
  maxlength?: string;
  hint?: string;
  autofocus?: boolean;
  isRequired?: boolean;
};

function field(label: string, name: string, options: FieldOptions): Html {
  const { type = 'text', value = '', autocomplete = 'off', inputmode, hint, isRequired = true } = options;
  const maxlength = options.maxlength ?? `${PASSWORD_CHARS_MAX}`;
  return html`<div class="field">
<label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="${type}" value="${value}" autocomplete="${autocomplete}"
maxlength="${maxlength}"${
    inputmode === undefined ? undefined : html` inputmode="${inputmode}"`
  } autocapitalize="off" spellcheck="false"${isRequired && html` required`}${
    hint !== undefined && html` aria-describedby="${name}-hint"`
  }${options.autofocus === true && html` autofocus`}>
${hint !== undefined && html`<p class="hint" id="${name}-hint">${hint}</p>`}
</div>`;
}

/** The colours of the console (packages/web/src/theme.ts). */
export const STYLE = `
:root { color-scheme: light dark; --ground: #fbfbfa; --ink: #1d2421; --quiet: #5b635f;
  --surface: #fff; --line: #cfd5d2; --accent: #1e5b4f; --on-accent: #fff; --bad: #a3241c; --bad-ground: #fdf1f0; }
@media (prefers-color-scheme: dark) { :root { --ground: #151817; --ink: #e4e8e6; --quiet: #a3aba7; --surface: #1c201e;
  --line: #46504c; --accent: #8bc4b3; --on-accent: #10201b; --bad: #f0968d; --bad-ground: #2c1a19; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); line-height: 1.5;
  font-family: 'Noto Sans', 'Segoe UI', system-ui, -apple-system, 'Liberation Sans', Arial, sans-serif; }
main { max-width: 27rem; margin: 8vh auto 3rem; padding: 2rem; background: var(--surface);
  border: 1px solid var(--line); border-radius: 8px; }
header { margin-bottom: 1.5rem; padding-bottom: 1rem; border-bottom: 1px solid var(--line); }
header p { margin: 0; }
.brand { font-size: 1.25rem; font-weight: 600; color: var(--accent); }
.tagline, .hint, small, dt { color: var(--quiet); font-size: 0.875rem; }
h1 { margin: 0 0 1rem; font-size: 1.375rem; }
h2 { margin: 1.5rem 0 0.5rem; font-size: 1.0625rem; }
.field { margin: 1rem 0; }
label { display: block; margin-bottom: 0.25rem; font-weight: 600; }
input { width: 100%; padding: 0.625rem 0.75rem; font: inherit; color: inherit; background: var(--ground);
  border: 1px solid var(--quiet); border-radius: 4px; }
.hint { margin: 0.25rem 0 0; }
button, .button { display: block; width: 100%; margin-top: 1.25rem; padding: 0.6875rem 1rem; font: inherit;
  font-weight: 600; text-align: center; text-decoration: none; color: var(--on-accent); background: var(--accent);
  border: 1px solid var(--accent); border-radius: 4px; cursor: pointer; }
.quiet { color: var(--accent); background: transparent; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.alert { margin: 0 0 1rem; padding: 0.625rem 0.75rem; color: var(--bad); background: var(--bad-ground);
  border-left: 4px solid var(--bad); }
.who { font-weight: 600; }
dl { margin: 0; }
dd { margin: 0 0 0.75rem; }
code { font-family: 'Noto Sans Mono', ui-monospace, Menlo, 'Liberation Mono', monospace; }
.secret { font-size: 1.0625rem; letter-spacing: 0.03em; }
.uri { font-size: 0.75rem; overflow-wrap: anywhere; }
.codes { display: grid; grid-template-columns: 1fr 1fr; gap: 0.375rem 1rem; padding: 0; list-style: none; }
@media (max-width: 30rem) { main { margin: 0; min-height: 100vh; border: 0; border-radius: 0; }
  .codes { grid-template-columns: 1fr; } }
`;
