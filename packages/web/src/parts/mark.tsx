import { useTranslation } from 'react-i18next';

/** What is not for patients, or not known to be. */
export type Marked = 'demostracion' | 'investigacion' | 'unknown';

/** Says wherever AI is named that it is not for patients. */
export function Mark({ of }: { of: Marked }) {
  const { t } = useTranslation();
  return <strong className="not-clinical">{t(`ai.marks.${of}`)}</strong>;
}
