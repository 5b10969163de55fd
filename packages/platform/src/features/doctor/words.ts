import type { Finding, Step } from './diagnose.ts';
import { ENGLISH_WORDS } from './words-en.ts';
import { type Catalogue, SPANISH_WORDS } from './words-es.ts';

export type { FindingCode } from './words-es.ts';

/** The languages of what an engineer reads. */
export const LANGUAGES = ['es', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** A finding in words; what is good needs neither cause nor action. */
export type Worded = { step: string; outcome: string; text: string; cause: string; action: string };

const CATALOGUES: Readonly<Record<Language, Catalogue>> = { es: SPANISH_WORDS, en: ENGLISH_WORDS };

const STEPS: Readonly<Record<Language, Readonly<Record<Step, string>>>> = {
  es: {
    tcp: 'conexión',
    tls: 'TLS',
    association: 'asociación',
    contexts: 'servicios',
    pdu: 'PDU',
    echo: 'C-ECHO',
    find: 'C-FIND',
    charset: 'caracteres',
  },
  en: {
    tcp: 'connection',
    tls: 'TLS',
    association: 'association',
    contexts: 'services',
    pdu: 'PDU',
    echo: 'C-ECHO',
    find: 'C-FIND',
    charset: 'characters',
  },
};

const OUTCOMES: Readonly<Record<Language, Readonly<Record<Finding['outcome'], string>>>> = {
  es: { good: 'bien', warning: 'aviso', bad: 'mal', skipped: 'omitido' },
  en: { good: 'good', warning: 'warning', bad: 'bad', skipped: 'left out' },
};

/** Labels of the lines below a finding. */
export const LABELS: Readonly<Record<Language, { cause: string; action: string }>> = {
  es: { cause: 'causa', action: 'qué hacer' },
  en: { cause: 'cause', action: 'what to do' },
};

/** How many findings there were, in a line. */
export const tally = (language: Language, counts: Readonly<Record<'bad' | 'warning' | 'good', number>>): string =>
  (['bad', 'warning', 'good'] as const)
    .map((outcome) => `${counts[outcome]} ${OUTCOMES[language][outcome]}`)
    .join(', ');

export function inWords({ step, outcome, code, facts }: Finding, language: Language): Worded {
  const [found, cause = '', action = ''] = CATALOGUES[language][code];
  const filled = (text: string): string =>
    text.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(facts[name] ?? '-'));
  const words = { text: filled(found), cause: filled(cause), action: filled(action) };
  return { step: STEPS[language][step], outcome: OUTCOMES[language][outcome], ...words };
}
