import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { type ModelVersion, type Standing, useModels, useStandings } from '../api/models.ts';
import { mayReadIncidents } from '../incidents/offices.ts';
import { PageHead } from '../parts/section.tsx';
import { Empty, Settled } from '../parts/states.tsx';
import { ModelPage } from './model-page.tsx';
import { OwnKeys } from './own-keys.tsx';
import { SiteStops } from './site-stops.tsx';
import { StatePill } from './state-pill.tsx';
import { useModelWords, usePerson } from './words.ts';

const route = getRouteApi('/modelos');

/** Models of AI, or the one that the address names. */
export function ModelsPage() {
  const { model, version } = route.useSearch();
  if (model !== undefined && version !== undefined) return <ModelPage model={model} version={version} />;
  return <ModelList />;
}

function ModelList() {
  const { t } = useTranslation();
  const person = usePerson();
  return (
    <>
      <PageHead title={t('models.title')} lead={t('models.lead')} />
      {person !== undefined && mayReadIncidents(person) && (
        <p className="model-back">
          <Link to="/incidentes">{t('oversight.incidents.link')}</Link>
        </p>
      )}
      <Settled query={useModels()}>
        {({ models }) =>
          models.length === 0 ? (
            <Empty title={t('models.none')} hint={t('models.noneHint')} />
          ) : (
            <Versions versions={models.flatMap(({ versions }) => versions)} />
          )
        }
      </Settled>
      {person !== undefined && <OwnKeys person={person} />}
    </>
  );
}

function Versions({ versions }: { versions: readonly ModelVersion[] }) {
  const person = usePerson();
  return (
    <>
      <ModelTable versions={versions} />
      {person !== undefined && <SiteStops person={person} versions={versions} />}
    </>
  );
}

function ModelTable({ versions }: { versions: readonly ModelVersion[] }) {
  const { t } = useTranslation();
  const standings = useStandings(versions);
  return (
    <table className="page-table page-stack">
      <thead>
        <tr>
          <th scope="col">{t('models.model')}</th>
          <th scope="col">{t('models.version')}</th>
          <th scope="col">{t('models.supplier')}</th>
          <th scope="col">{t('models.national')}</th>
          <th scope="col">{t('models.use')}</th>
        </tr>
      </thead>
      <tbody>
        {versions.map((version, index) => (
          <ModelRow key={version.digest} of={version} standing={standings[index]?.data} />
        ))}
      </tbody>
    </table>
  );
}

function ModelRow({ of, standing }: { of: ModelVersion; standing: Standing | undefined }) {
  const { t } = useTranslation();
  const { place } = useModelWords();
  return (
    <tr>
      <th scope="row">
        <Link to="/modelos" search={{ model: of.model, version: of.version }} className="model-name">
          {of.name}
        </Link>
        <div className="page-quiet" translate="no">
          {of.model}
        </div>
      </th>
      <td data-label={t('models.version')} className="page-nowrap">
        {of.version}
      </td>
      <td data-label={t('models.supplier')}>
        {of.supplier}
        <div className="page-quiet">{t('models.ownedBy', { owner: place(of.owner) })}</div>
      </td>
      <td data-label={t('models.national')}>
        {standing === undefined ? t('none') : <StatePill state={standing.national.state} />}
      </td>
      <td data-label={t('models.use')} className="model-use" lang="es">
        {of.intendedUse}
      </td>
    </tr>
  );
}
