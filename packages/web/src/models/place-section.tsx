import { NATION, type State } from '@acervo/model/lifecycle/states.ts';
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { NextStep, Place, Version } from '../api/models.ts';
import { momentText } from '../parts/figures.ts';
import { Section } from '../parts/section.tsx';
import { StatePill } from './state-pill.tsx';
import { StepDetails } from './step-details.tsx';
import { StepDialog } from './step-dialog.tsx';
import { useModelWords, usePerson } from './words.ts';

/** What ends a model's life stands after what goes on with it. */
const LAST: ReadonlySet<State> = new Set(['rechazado', 'retirado']);

/** Where a version stands, for the nation or at a site, and each step from there. */
export function PlaceSection({ of, place }: { of: Version; place: Place }) {
  const { t } = useTranslation();
  const words = useModelWords();
  const { site, state, percentage, expiresAt, next } = place;
  const suspension = next.find(({ to }) => to === 'suspendido');
  const steps = next.filter((each) => each !== suspension).sort((a, b) => rank(a) - rank(b));
  return (
    <Section
      id={`place-${site === NATION ? 'nation' : site}`}
      title={site === NATION ? t('models.nation') : t('models.site', { site })}
      aside={expiresAt === null ? undefined : t('models.until', { time: momentText(expiresAt) })}
    >
      <div className="model-place">
        <p>
          {t('models.stands')} <StatePill state={state} percentage={percentage} />
        </p>
        {suspension !== undefined && <Suspend of={of} site={site} from={state} step={suspension} />}
      </div>
      {steps.length === 0 ? (
        <p className="page-note">{t('models.noSteps')}</p>
      ) : (
        <ul className="model-steps" aria-label={t('models.stepsFrom', { state: words.state(state) })}>
          {steps.map((step, index) => (
            <li key={step.to}>
              <StepDetails of={of} site={site} from={state} step={step} isOpen={index === 0 && !LAST.has(step.to)} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

const rank = ({ to }: NextStep): number => (LAST.has(to) ? 1 : 0);

/** Needs no signature: offered to whoever may. */
function Suspend({ of, site, from, step }: { of: Version; site: string; from: State; step: NextStep }) {
  const { t } = useTranslation();
  const person = usePerson();
  const [isOpen, setOpen] = useState(false);
  if (person === undefined || !person.roles.some((role) => step.by.some((each) => each === role))) return null;
  return (
    <>
      <Button color="red" variant="outline" size="xs" onClick={() => setOpen(true)}>
        {t('models.suspend')}
      </Button>
      <StepDialog
        of={of}
        site={site}
        from={from}
        to="suspendido"
        person={person}
        isOpen={isOpen}
        close={() => setOpen(false)}
      />
    </>
  );
}
