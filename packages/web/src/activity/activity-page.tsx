import type { Activity } from '@acervo/interop/console/answers.ts';
import { useTranslation } from 'react-i18next';
import { useActivity } from '../api/status.ts';
import { PageHead, Section } from '../parts/section.tsx';
import { Empty, Settled } from '../parts/states.tsx';
import { Associations } from './associations.tsx';
import { Intake } from './intake.tsx';
import { Refusals } from './refusals.tsx';

/** What happens now. */
export function ActivityPage() {
  const { t } = useTranslation();
  const query = useActivity();
  return (
    <>
      <PageHead title={t('activity.title')} lead={t('activity.lead')} />
      <Settled query={query}>{(activity) => <Sections activity={activity} />}</Settled>
    </>
  );
}

function Sections({ activity }: { activity: Activity }) {
  const { t } = useTranslation();
  const { associations, associationsMax, refusals } = activity;
  return (
    <>
      <Section
        id="associations"
        title={t('activity.associations')}
        aside={t('activity.associationsOf', { count: associations.length, max: associationsMax })}
      >
        {associations.length === 0 ? (
          <Empty title={t('activity.noAssociations')} hint={t('activity.noAssociationsHint')} />
        ) : (
          <Associations associations={associations} />
        )}
      </Section>
      <Section id="intake" title={t('activity.intake')} note={t('activity.intakeNote')}>
        <Intake steps={activity.steps} />
      </Section>
      <Section
        id="refusals"
        title={t('activity.refusals')}
        {...(activity.isPartial && { note: t('activity.partial') })}
      >
        {refusals.length === 0 ? (
          <Empty title={t('activity.noRefusals')} hint={t('activity.noRefusalsHint')} />
        ) : (
          <Refusals refusals={refusals} />
        )}
      </Section>
    </>
  );
}
