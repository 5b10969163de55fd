import type { EnrolmentForm, Told, Trouble } from './enrolment.ts';
import { type Html, html } from './html.ts';
import { alert, field, page } from './page.ts';
import { filled, type Texts } from './texts.ts';
import { base32, totpUri } from './totp.ts';
import { type KeyQuestion, keyFields, keyForm, scriptOf } from './webauthn-pages.ts';

const TOTP_DIGITS = '6';

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

/** @param key  what the person's keys are asked, where it has some that may be used here */
export function codePage(t: Texts, ticket: string, { trouble, key }: { trouble?: string; key: KeyQuestion }): string {
  const hasKey = key.options !== undefined;
  return page(
    t,
    t.codeTitle,
    html`${alert(trouble)}
${keyForm(t, { step: 'key', ticket, use: 'get' }, key)}
<p>${hasKey ? t.codeElse : t.codeLead}</p>
<form method="post">
<input type="hidden" name="step" value="code">
<input type="hidden" name="ticket" value="${ticket}">
${field(t.code, 'code', { autocomplete: 'one-time-code', maxlength: '32', autofocus: !hasKey })}
<button${hasKey && html` class="quiet"`}>${t.confirm}</button>
</form>`,
    scriptOf(key),
  );
}

export type SetupForm = {
  ticket: string;
  secret: Uint8Array;
  login: string;
  trouble?: string | undefined;
  key: KeyQuestion;
};

/** A second factor that a role asks for, before anything else. */
export function setupPage(t: Texts, of: SetupForm): string {
  return page(
    t,
    t.setupTitle,
    html`${alert(of.trouble)}
<p>${t.setupLead}</p>
<h2>${t.byKey}</h2>
${keyForm(t, { step: 'setup-key', ticket: of.ticket, use: 'create' }, of.key)}
<h2>${t.byApp}</h2>
<form method="post">
<input type="hidden" name="step" value="setup">
<input type="hidden" name="ticket" value="${of.ticket}">
${secretBlock(t, of.secret, of.login)}
${codeField(t, true)}
<button>${t.confirm}</button>
</form>`,
    scriptOf(of.key),
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
<h3>${t.byKey}</h3>
${keyFields(t, 'create', form.key)}
<h3>${t.byApp}</h3>
${secretBlock(t, form.secret, person?.login ?? (text('login') || 'acervo'))}
${codeField(t, isNeeded && form.key.options === undefined)}
<button>${t.save}</button>
</form>`,
    scriptOf(form.key),
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
