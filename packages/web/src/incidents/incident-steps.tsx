import type { SessionPerson } from '@acervo/interop/console/session.ts';
import { Button, Radio, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { CAUSES, type Cause, type Incident, type IncidentState, useIncidentStep } from '../api/incidents.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Trouble } from '../parts/states.tsx';
import { mayHandle } from './offices.ts';

type Offered = { to: IncidentState; words: 'take' | 'takeOver' | 'add' | 'close' | 'reopen' };
type OfProps = { of: Incident; person: SessionPerson };

/** What there is from where; whoever goes on with what another one looks into takes it over. */
function offeredTo({ id }: SessionPerson, { state, investigator }: Incident): readonly Offered[] {
  if (state === 'open') return [{ to: 'investigating', words: 'take' }];
  if (state === 'closed') return [{ to: 'open', words: 'reopen' }];
  const words = investigator?.person === id ? 'add' : 'takeOver';
  return [
    { to: 'closed', words: 'close' },
    { to: 'investigating', words },
  ];
}

/** Steps of an incident, for whose office it is. */
export function IncidentSteps({ of, person }: OfProps) {
  const { t } = useTranslation();
  const [chosen, choose] = useState<Offered>();
  const [isOpen, setOpen] = useState(false);
  if (!mayHandle(person, of.institution)) return null;
  const title = chosen === undefined ? '' : t(`oversight.incidents.${chosen.words}`);
  return (
    <div className="ai-actions">
      {offeredTo(person, of).map((offered) => (
        <Button
          key={offered.words}
          size="xs"
          variant="default"
          onClick={() => {
            choose(offered);
            setOpen(true);
          }}
        >
          {t(`oversight.incidents.${offered.words}`)}
        </Button>
      ))}
      <Dialog title={title} isOpen={isOpen} close={() => setOpen(false)}>
        {chosen !== undefined && (
          <StepForm of={of} person={person} to={chosen.to} title={title} close={() => setOpen(false)} />
        )}
      </Dialog>
    </div>
  );
}

const CHARS_MAX = 4000;
const NOTE = { investigating: 'note', closed: 'found', open: 'reason' } as const;

type FormProps = OfProps & { to: IncidentState; title: string; close(): void };

function StepForm({ of, person, to, title, close }: FormProps) {
  const { t } = useTranslation();
  const take = useIncidentStep(of.id, person.csrf);
  const [note, setNote] = useState('');
  const [cause, setCause] = useState<Cause>();
  const [act, setAct] = useState('');
  const sending = useMutation({
    mutationFn: () => {
      const found = { ...(cause !== undefined && { cause }), ...(act.trim() !== '' && { correctiveAct: act.trim() }) };
      return take({ to, note: note.trim(), ...(to === 'closed' && found) });
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
        label={t(`oversight.incidents.${NOTE[to]}`)}
        description={t('oversight.incidents.noNames')}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
        required
        autosize
        minRows={3}
        maxLength={CHARS_MAX}
      />
      {to === 'closed' && <CauseChoice cause={cause} choose={setCause} act={act} say={setAct} />}
      {sending.error !== null && <Trouble error={sending.error} />}
      <div className="dialog-end">
        <Button variant="default" onClick={close}>
          {t('cancel')}
        </Button>
        <Button type="submit" loading={sending.isPending}>
          {title}
        </Button>
      </div>
    </form>
  );
}

type CauseProps = {
  cause: Cause | undefined;
  choose(cause: Cause | undefined): void;
  act: string;
  say(act: string): void;
};

/** Where there was a fault, something was done about it. */
function CauseChoice({ cause, choose, act, say }: CauseProps) {
  const { t } = useTranslation();
  return (
    <>
      <Radio.Group
        label={t('oversight.incidents.cause')}
        value={cause ?? null}
        onChange={(value) => choose(CAUSES.find((each) => each === value))}
      >
        <div className="dialog-choices">
          {CAUSES.map((each) => (
            <Radio key={each} value={each} label={t(`oversight.incidents.causes.${each}`)} required />
          ))}
        </div>
      </Radio.Group>
      <Textarea
        label={t('oversight.incidents.correctiveAct')}
        value={act}
        onChange={(event) => say(event.currentTarget.value)}
        required={cause !== 'none'}
        autosize
        minRows={2}
        maxLength={CHARS_MAX}
      />
    </>
  );
}
