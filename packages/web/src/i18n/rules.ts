import { RULES, type RuleId } from '@acervo/model/lifecycle/rules.ts';

/** Rules have their words where they are judged: the page says the same as the report. */
const wordsOf = (language: 0 | 1): Record<RuleId, string> =>
  Object.fromEntries(Object.entries(RULES).map(([id, words]) => [id, words[language]])) as Record<RuleId, string>;

export const esRules = wordsOf(0);
export const enRules = wordsOf(1);
