import { useTranslation } from 'react-i18next';
import { esReasons } from '../i18n/es-reasons.ts';

const isKnown = (code: string): code is keyof typeof esReasons => Object.hasOwn(esReasons, code);

/** Words for a failure's code; a code of a newer server is shown as it is. */
export function useReason(): (code: string) => string {
  const { t } = useTranslation();
  return (code) => (isKnown(code) ? t(`reasons.${code}`) : code);
}
