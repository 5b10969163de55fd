import type { SessionPerson } from '@acervo/interop/console/session.ts';
import { Button, Radio, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { DECISIONS, type DecisionWord, SEVERITIES, type Severity, useResultActions } from '../api/ai.ts';
import { Trouble } from '../parts/states.tsx';

type ActionsProps = { study: string; task: string; person: SessionPerson; shownAt: string };
type Chosen = DecisionWord | 'incident';

/** Whose office it is to decide; anybody who sees a result may report an incident. */
const DECIDING: ReadonlySet<string> = new Set(['radiologist', 'site-chief']);
/** Whoever changes or refuses what AI said tells why; the others may. */
const NEEDS_REASON: ReadonlySet<Chosen> = new Set(['modified', 'rejected', 'incident']);
const CHARS_MAX = 2000;

/** What a person does about a result: one thing at a time, each with its reason. */
export function ResultActions({ study, task, person, shownAt }: ActionsProps) {
  const { t } = useTranslation();
  const [chosen, choose] = useState<Chosen>();
  const [said, say] = useState('');
  const done = (words: string): void => {
    say(words);
    choose(undefined);
  };
  const open = (next: Chosen): void => {
    say('');
    choose(next);
  };
  const props = { study, task, csrf: person.csrf, cancel: () => choose(undefined) };
  const decisions = person.roles.some((role) => DECIDING.has(role)) ? DECISIONS : [];
  return (
    <div>
      <div className="ai-actions">
        {decisions.map((decision) => (
          <Button
            key={decision}
            size="xs"
            variant={chosen === decision ? 'filled' : 'default'}
            aria-expanded={chosen === decision}
            onClick={() => open(decision)}
          >
            {t(`ai.decide.${decision}`)}
          </Button>
        ))}
        <Button
          size="xs"
          variant="subtle"
          color="red"
          aria-expanded={chosen === 'incident'}
          onClick={() => open('incident')}
        >
          {t('ai.report')}
        </Button>
      </div>
      <p role="status" className="page-quiet">
        {said}
      </p>
      {chosen === 'incident' && <IncidentForm {...props} done={() => done(t('ai.reported'))} />}
      {chosen !== undefined && chosen !== 'incident' && (
        <DecisionForm key={chosen} {...props} decision={chosen} shownAt={shownAt} done={() => done(t('ai.kept'))} />
      )}
    </div>
  );
}

type FormProps = { study: string; task: string; csrf: string; done(): void; cancel(): void };

function DecisionForm({
  study,
  task,
  csrf,
  decision,
  shownAt,
  done,
  cancel,
}: FormProps & { decision: DecisionWord; shownAt: string }) {
  const { t } = useTranslation();
  const { decide } = useResultActions(study, task, csrf);
  const [reason, setReason] = useState('');
  const isNeeded = NEEDS_REASON.has(decision);
  const sending = useMutation({
    mutationFn: () => decide({ decision, shownAt, ...(reason.trim() !== '' && { reason: reason.trim() }) }),
    onSuccess: done,
  });
  return (
    <Asking sending={sending} cancel={cancel} label={t(`ai.decide.${decision}`)}>
      <Textarea
        label={isNeeded ? t('ai.reason') : t('ai.reasonIfAny')}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        required={isNeeded}
        autosize
        minRows={2}
        maxLength={CHARS_MAX}
      />
    </Asking>
  );
}

function IncidentForm({ study, task, csrf, done, cancel }: FormProps) {
  const { t } = useTranslation();
  const { report } = useResultActions(study, task, csrf);
  const [severity, setSeverity] = useState<Severity>();
  const [text, setText] = useState('');
  const sending = useMutation({
    mutationFn: () => report({ severity: severity ?? 'serious', text: text.trim() }),
    onSuccess: done,
  });
  return (
    <Asking sending={sending} cancel={cancel} label={t('ai.sendReport')}>
      <Radio.Group
        label={t('ai.severity')}
        value={severity ?? null}
        onChange={(value) => setSeverity(SEVERITIES.find((each) => each === value))}
      >
        <div className="dialog-choices">
          {SEVERITIES.map((each) => (
            <Radio key={each} value={each} label={t(`ai.severities.${each}`)} required />
          ))}
        </div>
      </Radio.Group>
      <Textarea
        label={t('ai.whatHappened')}
        description={t('ai.noNames')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        required
        autosize
        minRows={3}
        maxLength={CHARS_MAX}
      />
    </Asking>
  );
}

type AskingProps = {
  sending: { mutate(): void; isPending: boolean; error: Error | null };
  cancel(): void;
  label: string;
  children: ReactNode;
};

function Asking({ sending, cancel, label, children }: AskingProps) {
  const { t } = useTranslation();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    sending.mutate();
  };
  return (
    <form className="dialog-form" onSubmit={submit}>
      {children}
      {sending.error !== null && <Trouble error={sending.error} />}
      <div className="dialog-end">
        <Button size="xs" variant="default" onClick={cancel}>
          {t('cancel')}
        </Button>
        <Button size="xs" type="submit" loading={sending.isPending}>
          {label}
        </Button>
      </div>
    </form>
  );
}
