import { TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** Of limited use: which share of the studies. */
export function ShareInput({ value, onChange }: { value: string; onChange(value: string): void }) {
  const { t } = useTranslation();
  return (
    <TextInput
      type="number"
      min={1}
      max={99}
      label={t('models.shareOf')}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      required
    />
  );
}
