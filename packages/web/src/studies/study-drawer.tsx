import { CloseButton, CopyButton, Drawer } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { StudyAi } from '../ai/study-ai.tsx';
import { useOffer, useViewer } from '../api/status.ts';
import { listSeries, type Match, numberOf, rootOf, textOf } from '../api/studies.ts';
import { Settled } from '../parts/states.tsx';
import { Download } from './download.tsx';
import { isSex, type StudyRow } from './facts.ts';
import { OpenLink } from './open-link.tsx';
import { Thumbnail } from './thumbnail.tsx';

type DrawerProps = { row: StudyRow | undefined; close: () => void };

/** A study at a glance, with its series. */
export function StudyDrawer({ row, close }: DrawerProps) {
  const { t } = useTranslation();
  const name = row?.facts.name === '' ? t('studies.unnamed') : row?.facts.name;
  return (
    <Drawer.Root opened={row !== undefined} onClose={close} position="right" size="lg">
      <Drawer.Overlay />
      <Drawer.Content aria-label={name}>
        <Drawer.Body>
          <div className="drawer-head">
            <h2>{name}</h2>
            <CloseButton data-autofocus size="lg" aria-label={t('close')} onClick={close} />
          </div>
          {row !== undefined && <Details row={row} />}
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}

function Details({ row }: { row: StudyRow }) {
  const { t } = useTranslation();
  const viewer = useViewer();
  const { facts, institution } = row;
  return (
    <div className="drawer">
      <Facts row={row} />
      <div className="drawer-actions">
        <OpenLink row={row} />
        <Download row={row} />
      </div>
      {viewer.data?.installed === false && <p className="page-note">{t('studies.noViewer')}</p>}
      <StudyAi study={facts.uid} institution={institution} />
      <h3>{t('studies.seriesOf')}</h3>
      <SeriesList study={facts.uid} institution={institution} />
    </div>
  );
}

function Facts({ row: { facts, institution } }: { row: StudyRow }) {
  const { t } = useTranslation();
  const sex = isSex(facts.sex) ? t(`studies.sexNames.${facts.sex}`) : facts.sex;
  const entries: [string, string][] = [
    [t('studies.id'), facts.patientId],
    [t('studies.birth'), [facts.birth, sex].filter((part) => part !== '').join(' · ')],
    [t('studies.study'), facts.description],
    [t('studies.date'), [facts.date, facts.time].filter((part) => part !== '').join(' · ')],
    [t('studies.accession'), facts.accession],
    [t('studies.referring'), facts.referring],
    [t('studies.institution'), institution],
  ];
  return (
    <dl className="drawer-facts">
      {entries
        .filter(([, value]) => value !== '')
        .map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      <div className="drawer-uid">
        <dt>{t('studies.uid')}</dt>
        <dd className="page-code">
          <CopyButton value={facts.uid}>
            {({ copy }) => (
              <button type="button" className="page-plain" onClick={copy}>
                {facts.uid}
              </button>
            )}
          </CopyButton>
        </dd>
      </div>
    </dl>
  );
}

function SeriesList({ study, institution }: { study: string; institution: string }) {
  const query = useQuery({
    queryKey: ['series', institution, study],
    queryFn: ({ signal }) => listSeries(study, institution, signal),
  });
  return (
    <Settled query={query}>
      {(series) => (
        <ul className="drawer-series">
          {series.map((each) => (
            <Series key={textOf(each, '0020000E')} series={each} root={`${rootOf(institution)}/studies/${study}`} />
          ))}
        </ul>
      )}
    </Settled>
  );
}

/** Modalities whose objects are no pictures. */
const WITHOUT_PICTURE: ReadonlySet<string> = new Set(
  'SR PR KO DOC AU ECG HD EPS REG FID RWV PLAN SEG RTSTRUCT RTPLAN RTRECORD RTDOSE'.split(' '),
);

function Series({ series, root }: { series: Match; root: string }) {
  const { t } = useTranslation();
  const description = textOf(series, '0008103E');
  const number = textOf(series, '00200011');
  const isOffered = useOffer('/dicom-web/studies/{study}/series/{series}/thumbnail');
  const withPicture = isOffered && !WITHOUT_PICTURE.has(textOf(series, '00080060'));
  return (
    <li>
      {withPicture && <Thumbnail address={`${root}/series/${textOf(series, '0020000E')}/thumbnail`} />}
      <div>
        <p>
          <span className="page-tag" translate="no">
            {textOf(series, '00080060')}
          </span>
          {description === '' ? t('studies.undescribed') : description}
        </p>
        <p className="page-quiet">
          {[
            number === '' ? '' : t('studies.seriesNumber', { number }),
            t('studies.imagesOf', { count: numberOf(series, '00201209') }),
          ]
            .filter((part) => part !== '')
            .join(' · ')}
        </p>
      </div>
    </li>
  );
}
