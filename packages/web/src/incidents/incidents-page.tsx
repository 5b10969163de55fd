import { SegmentedControl } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Incident, type IncidentState, type TakenStep, useIncidents } from '../api/incidents.ts';
import { usePerson } from '../models/words.ts';
import { momentText } from '../parts/figures.ts';
import { PageHead } from '../parts/section.tsx';
import { Empty, Settled } from '../parts/states.tsx';
import { IncidentSteps } from './incident-steps.tsx';
import { mayTakeBundle } from './offices.ts';

/** What went wrong with results of AI, and what became of it. */
export function IncidentsPage() {
  const { t } = useTranslation();
  return (
    <>
      <p className="model-back">
        <Link to="/modelos">{t('models.back')}</Link>
      </p>
      <PageHead title={t('oversight.incidents.title')} lead={t('oversight.incidents.lead')} />
      <Settled query={useIncidents()}>{(incidents) => <IncidentList incidents={incidents} />}</Settled>
    </>
  );
}

function IncidentList({ incidents }: { incidents: readonly Incident[] }) {
  const { t } = useTranslation();
  const [which, choose] = useState<'pending' | 'all'>('pending');
  const pending = incidents.filter(({ state }) => state !== 'closed');
  const shown = which === 'all' ? incidents : pending;
  const none = which === 'all' ? t('oversight.incidents.noneAtAll') : t('oversight.incidents.none');
  return (
    <>
      <SegmentedControl
        aria-label={t('oversight.incidents.which')}
        value={which}
        onChange={(value) => choose(value === 'all' ? 'all' : 'pending')}
        data={[
          { value: 'pending', label: t('oversight.incidents.pending', { count: pending.length }) },
          { value: 'all', label: t('oversight.incidents.all', { count: incidents.length }) },
        ]}
      />
      {shown.length === 0 ? (
        <Empty title={none} hint={t('oversight.incidents.noneHint')} />
      ) : (
        <ul className="ai-tasks">
          {shown.map((incident) => (
            <li key={incident.id}>
              <OneIncident of={incident} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** Said in words, the colour only repeats it. */
const KIND: Readonly<Record<IncidentState, string>> = { open: 'bad', investigating: 'shown', closed: 'good' };

function OneIncident({ of }: { of: Incident }) {
  const { t } = useTranslation();
  const person = usePerson();
  const { id, severity, state, text, institution, model, version, by, at, investigator, studyUid, steps } = of;
  return (
    <article className="ai-task" aria-labelledby={`incident-${id}`}>
      <header className="ai-head">
        <div>
          <h2 id={`incident-${id}`} className="incident-title">
            {t('oversight.incidents.harm', { harm: t(`ai.severities.${severity}`) })}
          </h2>
          <p className="page-quiet">
            <span translate="no">
              {model} {version} · {institution}
            </span>
            {' · '}
            {t('oversight.incidents.reportedBy', { who: by, time: momentText(at) })}
          </p>
        </div>
        <span className="pill" data-kind={KIND[state]}>
          {t(`oversight.incidents.states.${state}`)}
        </span>
      </header>
      <p className="incident-text">{text}</p>
      <p className="page-quiet">
        {t('oversight.incidents.study')}: <span className="page-code">{studyUid}</span>
      </p>
      {investigator !== null && <p>{t('oversight.incidents.investigatedBy', { who: investigator.by })}</p>}
      {steps.length > 0 && <Steps steps={steps} />}
      {person !== undefined && <IncidentSteps of={of} person={person} />}
      {person !== undefined && mayTakeBundle(person, institution) && (
        <p>
          <a href={`/api/ai/incidents/${id}/bundle`} download>
            {t('oversight.incidents.bundle')}
          </a>
        </p>
      )}
    </article>
  );
}

function Steps({ steps }: { steps: readonly TakenStep[] }) {
  const { t } = useTranslation();
  return (
    <ol className="model-history" aria-label={t('oversight.incidents.steps')}>
      {steps.map(({ id, to, at, by, note, cause, correctiveAct }) => (
        <li key={id}>
          <p>
            <strong>{t(`oversight.incidents.stepped.${to}`)}</strong> · {note}
          </p>
          {cause !== null && (
            <p>
              {t('oversight.incidents.cause')}: <strong>{t(`oversight.incidents.causes.${cause}`)}</strong>
              {' · '}
              {correctiveAct ?? t('oversight.incidents.noAct')}
            </p>
          )}
          <p className="page-quiet">{`${by} · ${momentText(at)}`}</p>
        </li>
      ))}
    </ol>
  );
}
