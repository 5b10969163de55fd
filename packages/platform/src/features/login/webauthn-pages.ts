import { permissionsPolicy } from '../../bindings/security-headers.ts';
import { type Html, html } from './html.ts';
import { alert, field, page, pagePolicy } from './page.ts';
import { filled, type Texts } from './texts.ts';
import type { KnownKey } from './webauthn.repo.ts';
import type { WebAuthn } from './webauthn.ts';
import { SCRIPT_PATH } from './webauthn-script.ts';
import type { WithoutKeys } from './webauthn-site.ts';

/** What a browser is asked for a key, or why it is not. Neither: there is nothing to ask. */
export type KeyQuestion = { options?: string | undefined; without?: WithoutKeys | undefined };

/** @param isSaid  people are told why there are no keys at this address */
export const questionOf = ({ site }: WebAuthn, options: string | undefined, isSaid: boolean): KeyQuestion => ({
  options,
  without: isSaid && typeof site === 'string' ? site : undefined,
});

export const scriptOf = ({ options }: KeyQuestion): string | undefined =>
  options === undefined ? undefined : SCRIPT_PATH;

/** The headers of a page with that question: it alone may run our script, and ask the browser for keys. */
export function keyHeaders({ options }: KeyQuestion, publicUrl: string): Record<string, string> {
  if (options === undefined) return { 'content-security-policy': pagePolicy() };
  const own = ['publickey-credentials-create', 'publickey-credentials-get'];
  return {
    'content-security-policy': pagePolicy([], `${publicUrl}${SCRIPT_PATH}`),
    'permissions-policy': permissionsPolicy(own),
  };
}

type Use = 'create' | 'get';

/** What a form has for a key; the script fills in `credential` and sends it. */
export function keyFields(t: Texts, use: Use, { options, without }: KeyQuestion): Html | undefined {
  if (without !== undefined) return html`<p class="hint">${t.keysWithout[without]}</p>`;
  if (options === undefined) return undefined;
  const isNew = use === 'create';
  return html`<input type="hidden" name="credential" value="">
<p class="hint">${isNew ? t.keyMakeLead : t.keyUseLead}</p>
${isNew && field(t.keyName, 'keyName', { maxlength: '64', isRequired: false, hint: t.keyNameHint })}
<p class="alert" role="alert" id="webauthn-trouble" hidden>${t.keyTrouble}</p>
<noscript><p class="alert">${t.keyNoScript}</p></noscript>
<button type="button" data-webauthn="${use}" data-options="${options}">${isNew ? t.keyMake : t.keyUse}</button>`;
}

/** The same as a form of its own. */
export function keyForm(
  t: Texts,
  { step, ticket, use }: { step: string; ticket: string; use: Use },
  key: KeyQuestion,
): Html | undefined {
  const fields = keyFields(t, use, key);
  if (fields === undefined || key.options === undefined) return fields;
  return html`<form method="post">
<input type="hidden" name="step" value="${step}">
<input type="hidden" name="ticket" value="${ticket}">
${fields}
</form>`;
}

export type KeysShown = {
  csrf: string;
  keys: readonly KnownKey[];
  key: KeyQuestion;
  hasTotp: boolean;
  trouble: string | undefined;
};

/** A person's own keys. */
export function keysPage(t: Texts, { csrf, keys, key, hasTotp, trouble }: KeysShown): string {
  const date = new Intl.DateTimeFormat(t.language, { dateStyle: 'medium' });
  const rows = keys.map(
    ({ id, name, createdMs, usedMs, isSynced, isSuspended }) => html`<li>
<p class="who">${name}</p>
<p class="hint">${isSynced ? t.keySynced : t.keyBound} · ${filled(t.keySince, { date: date.format(createdMs) })}${
      usedMs !== null && html` · ${filled(t.keyUsed, { date: date.format(usedMs) })}`
    }</p>
${isSuspended && html`<p class="alert">${t.keySuspended}</p>`}
<form method="post">
<input type="hidden" name="step" value="remove">
<input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="id" value="${id}">
<button class="quiet" aria-label="${filled(t.keyRemoveOf, { name })}">${t.keyRemove}</button>
</form>
</li>`,
  );
  return page(
    t,
    t.keysTitle,
    html`${alert(trouble)}
<p>${hasTotp ? t.keysWithTotp : t.keysWithoutTotp}</p>
${rows.length > 0 ? html`<ul class="keys">${rows}</ul>` : html`<p>${t.keysNone}</p>`}
<h2>${t.keyAddTitle}</h2>
${
  key.options === undefined
    ? keyFields(t, 'create', key)
    : html`<form method="post">
<input type="hidden" name="step" value="add">
<input type="hidden" name="csrf" value="${csrf}">
${keyFields(t, 'create', key)}
</form>`
}
<p><a class="button quiet" href="/">${t.home}</a></p>`,
    scriptOf(key),
  );
}
