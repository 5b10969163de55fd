import type { SessionPerson } from '@acervo/interop/console/session.ts';
import { NATION, type State } from '@acervo/model/lifecycle/states.ts';
import { Button, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useModelActions, type Version } from '../api/models.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Trouble } from '../parts/states.tsx';
import { ShareInput } from './share-input.tsx';
import { useModelWords } from './words.ts';

type StepDialogProps = {
  of: Version;
  site: string;
  from: State;
  to: State;
  person: SessionPerson;
  isOpen: boolean;
  close(): void;
};

/** Asks why, and what else the step wants to be told. */
export function StepDialog({ of, site, from, to, person, isOpen, close }: StepDialogProps) {
  const { t } = useTranslation();
  const words = useModelWords();
  const isStop = to === 'suspendido';
  const where = words.place(site);
  return (
    <Dialog
      title={isStop ? t('models.suspendAt', { place: where }) : t('models.stepTo', { state: words.state(to) })}
      isOpen={isOpen}
      close={close}
    >
      <p className="page-note">{isStop ? t('models.suspendNote') : t('models.stepNote', { place: where })}</p>
      <StepForm of={of} site={site} from={from} to={to} person={person} close={close} />
    </Dialog>
  );
}

function StepForm({ of, site, from, to, person, close }: Omit<StepDialogProps, 'isOpen'>) {
  const { t } = useTranslation();
  const { step, suspend } = useModelActions(of, person.csrf);
  const [reason, setReason] = useState('');
  const [more, setMore] = useState<More>({});
  const isStop = to === 'suspendido';
  const sending = useMutation({
    mutationFn: () => {
      const asked = { ...(site !== NATION && { site }), reason: reason.trim() };
      return isStop ? suspend(asked) : step({ to, ...asked, ...more });
    },
    onSuccess: close,
  });
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
        maxLength={2000}
      />
      <Statement from={from} to={to} more={more} tell={(told) => setMore({ ...more, ...told })} />
      {sending.error !== null && <Trouble error={sending.error} />}
      <div className="dialog-end">
        <Button variant="default" onClick={close}>
          {t('cancel')}
        </Button>
        <Button type="submit" color={isStop ? 'red' : 'verde'} loading={sending.isPending}>
          {t(isStop ? 'models.suspend' : 'models.take')}
        </Button>
      </div>
    </form>
  );
}

/** What some steps want to be told. */
type More = { percentage?: number; disposition?: string; rootCause?: string; correctiveAction?: string };
type StatementProps = { from: State; to: State; more: More; tell(told: More): void };

function Statement({ from, to, more, tell }: StatementProps) {
  const { t } = useTranslation();
  const isResumed = from === 'suspendido' && to !== 'retirado';
  return (
    <>
      {to === 'limitado' && (
        <ShareInput
          value={more.percentage === undefined || more.percentage === 0 ? '' : String(more.percentage)}
          onChange={(value) => tell({ percentage: Number(value) })}
        />
      )}
      {to === 'retirado' && (
        <TextInput
          label={t('models.disposition')}
          value={more.disposition ?? ''}
          onChange={(event) => tell({ disposition: event.currentTarget.value })}
          required
        />
      )}
      {isResumed && (
        <>
          <TextInput
            label={t('models.rootCause')}
            value={more.rootCause ?? ''}
            onChange={(event) => tell({ rootCause: event.currentTarget.value })}
            required
          />
          <TextInput
            type="file"
            label={t('models.correctiveAction')}
            description={t('models.correctiveActionNote')}
            onChange={({ currentTarget: { files } }) => {
              const [file] = files ?? [];
              if (file !== undefined) void sha256Of(file).then((correctiveAction) => tell({ correctiveAction }));
            }}
            required
          />
        </>
      )}
    </>
  );
}

/** The record stays with who has it; its digest is told. */
async function sha256Of(file: File): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
  return `sha256:${[...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
