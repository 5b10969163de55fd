import { useTranslation } from 'react-i18next';

/** Says wherever AI is named that it is not for patients. */
export function Mark({ of }: { of: 'demostracion' | 'investigacion' }) {
  const { t } = useTranslation();
  return <strong className="not-clinical">{t(`ai.marks.${of}`)}</strong>;
}
