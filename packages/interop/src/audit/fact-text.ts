import type { Json } from '@acervo/kernel/canonical-json.ts';

/** Nothing of a message is longer, so that a message keeps below what receivers must take (32 768 octets, A.6). */
const TEXT_MAX = 256;

export const bounded = (text: string): string => (text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}...`);

/** A fact as text; nothing for what is no plain value. */
export function textOf(fact: Json | undefined): string {
  if (typeof fact === 'string') return bounded(fact);
  return typeof fact === 'number' || typeof fact === 'boolean' ? String(fact) : '';
}

/** A list of texts with blanks between; nothing for what is none. */
export const listText = (fact: Json | undefined): string =>
  Array.isArray(fact) ? bounded((fact as readonly Json[]).filter((each) => typeof each === 'string').join(' ')) : '';
