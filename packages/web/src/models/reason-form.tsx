import { Button, Checkbox, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Trouble } from '../parts/states.tsx';

type ReasonFormProps = {
  /** Of the button that does it. */
  label: string;
  /** What has to be ticked before. */
  sure?: string;
  send(reason: string): Promise<void>;
  close(): void;
};

const CHARS_MAX = 2000;

/** What is not taken back: why, and then it is done. */
export function ReasonForm({ label, sure, send, close }: ReasonFormProps) {
  const { t } = useTranslation();
  const [reason, setReason] = useState('');
  const sending = useMutation({ mutationFn: () => send(reason.trim()), onSuccess: close });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    sending.mutate();
  };
  return (
    <form className="dialog-form" onSubmit={submit}>
      <Textarea
        data-autofocus
        label={t('models.reason')}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        required
        autosize
        minRows={2}
        maxLength={CHARS_MAX}
      />
      {sure !== undefined && <Checkbox label={sure} required />}
      {sending.error !== null && <Trouble error={sending.error} />}
      <div className="dialog-end">
        <Button variant="default" onClick={close}>
          {t('cancel')}
        </Button>
        <Button type="submit" color="red" loading={sending.isPending}>
          {label}
        </Button>
      </div>
    </form>
  );
}
