import { useTranslation } from 'react-i18next';
import { esReasons } from '../i18n/es-reasons.ts';
import { esRequirements, esRules } from '../i18n/rules.ts';

const isKnown = (code: string): code is keyof typeof esReasons => Object.hasOwn(esReasons, code);

/** Words for a failure's code; a code of a newer server is shown as it is. */
export function useReason(): (code: string) => string {
  const { t } = useTranslation();
  return (code) => (isKnown(code) ? t(`reasons.${code}`) : code);
}

const isRule = (id: string): id is keyof typeof esRules => Object.hasOwn(esRules, id);

/** Words for a rule of the life-cycle of models. */
export function useRule(): (id: string) => string {
  const { t } = useTranslation();
  return (id) => (isRule(id) ? t(`rules.${id}`) : id);
}

const isRequirement = (id: string): id is keyof typeof esRequirements => Object.hasOwn(esRequirements, id);

/** Words for a rule as what it asks for, whether that is there or not. */
export function useRequirement(): (id: string) => string {
  const { t } = useTranslation();
  const rule = useRule();
  return (id) => (isRequirement(id) ? t(`requirements.${id}`) : rule(id));
}
