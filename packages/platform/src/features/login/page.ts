import { type Html, html } from './html.ts';
import { PASSWORD_CHARS_MAX } from './password.ts';
import { STYLE_PATH } from './style.ts';
import type { Texts } from './texts.ts';

/**
 * What runs on these pages is nothing, but on those that ask for a key the one script of ours.
 * @param targets  beside our own, where a form may lead in the end
 * @param script  the whole address of that script: no other one of this origin may run, such as the viewer's
 */
export const pagePolicy = (targets: readonly string[] = [], script?: string): string =>
  [
    "default-src 'none'",
    ...(script === undefined ? [] : [`script-src ${script}`]),
    "style-src 'self'",
    "img-src 'self'",
    `form-action 'self'${targets.map((target) => ` ${target}`).join('')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/** A page as a whole. */
export function page(t: Texts, title: string, body: Html, script?: string): string {
  return html`<!doctype html>
<html lang="${t.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Acervo</title>
<link rel="stylesheet" href="${STYLE_PATH}">${script !== undefined && html`\n<script src="${script}" defer></script>`}
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

export function field(label: string, name: string, options: FieldOptions): Html {
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
