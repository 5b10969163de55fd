import { NATION } from '@acervo/model/lifecycle/states.ts';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { type ModelVersion, useModel, useStanding, type Version } from '../api/models.ts';
import { momentText } from '../parts/figures.ts';
import { Mark } from '../parts/mark.tsx';
import { Section } from '../parts/section.tsx';
import { Empty, Settled } from '../parts/states.tsx';
import { ApprovalList } from './approval-list.tsx';
import { HistoryList } from './history-list.tsx';
import { PlaceSection } from './place-section.tsx';
import { useModelWords } from './words.ts';

/** A version of a model: what it is, where it stands, what goes on from there, and who answered for it. */
export function ModelPage({ model, version }: Version) {
  const { t } = useTranslation();
  return (
    <>
      <p className="model-back">
        <Link to="/modelos">{t('models.back')}</Link>
      </p>
      <Settled query={useModel(model)}>
        {({ versions }) => {
          const of = versions.find((each) => each.version === version);
          return of === undefined ? (
            <Empty title={t('models.noVersion')} hint={t('models.noVersionHint')} />
          ) : (
            <Details of={of} />
          );
        }}
      </Settled>
    </>
  );
}

function Details({ of }: { of: ModelVersion }) {
  const { t } = useTranslation();
  return (
    <>
      <Head of={of} />
      <Settled query={useStanding(of)}>
        {({ national, sites }) =>
          [national, ...sites].map((place) => <PlaceSection key={place.site} of={of} place={place} />)
        }
      </Settled>
      <Section id="approvals" title={t('models.approvals')}>
        <ApprovalList of={of} />
      </Section>
      <Section id="history" title={t('models.history')}>
        <HistoryList of={of} />
      </Section>
    </>
  );
}

const DIGEST_SHOWN = 16;

function Head({ of }: { of: ModelVersion }) {
  const { t } = useTranslation();
  const { place } = useModelWords();
  const { useStatus, registroSanitario } = of.regulatory;
  const owner = of.owner === NATION ? t('models.nation') : place(of.owner);
  const facts: [label: string, value: string][] = [
    [t('models.version'), of.version],
    [t('models.supplier'), of.supplier],
    [t('models.owner'), owner],
    [t('models.class'), of.regulatory.class],
    [t('models.registration'), registroSanitario ?? t('models.noRegistration')],
    [t('models.received'), momentText(of.receivedAt)],
  ];
  return (
    <>
      <header className="page-head">
        <h1>{of.name}</h1>
        {useStatus !== 'clinico' && <Mark of={useStatus} />}
        <p lang="es">{of.intendedUse}</p>
      </header>
      <dl className="drawer-facts model-facts">
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div>
          <dt>{t('models.package')}</dt>
          <dd className="page-code" title={of.digest} translate="no">
            {`${of.digest.slice(0, DIGEST_SHOWN)}…`}
          </dd>
        </div>
      </dl>
    </>
  );
}
