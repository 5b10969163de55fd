import type { Storage } from '@acervo/interop/console/answers.ts';
import { useTranslation } from 'react-i18next';
import { useStorage } from '../api/status.ts';
import { bytesText, countText } from '../parts/figures.ts';
import { CheckIcon, WarnIcon } from '../parts/icons.tsx';
import { PageHead, Section } from '../parts/section.tsx';
import { Empty, Settled } from '../parts/states.tsx';

/** Disk and packs. */
export function StoragePage() {
  const { t } = useTranslation();
  return (
    <>
      <PageHead title={t('storage.title')} lead={t('storage.lead')} />
      <Settled query={useStorage()}>
        {({ disk, segments }) => (
          <>
            <Section id="disk" title={t('storage.disk')} note={t('storage.minNote')}>
              <Disk disk={disk} />
            </Section>
            <Section id="packs" title={t('storage.packs')}>
              {segments.length === 0 ? (
                <Empty title={t('storage.none')} hint={t('storage.noneHint')} />
              ) : (
                <Segments segments={segments} />
              )}
            </Section>
          </>
        )}
      </Settled>
    </>
  );
}

function Disk({ disk: { freeBytes, totalBytes, freeBytesMin, takesObjects } }: { disk: Storage['disk'] }) {
  const { t } = useTranslation();
  const usedBytes = totalBytes - freeBytes;
  const share = totalBytes === 0 ? 0 : usedBytes / totalBytes;
  const figures = [
    [t('storage.free'), bytesText(freeBytes)],
    [t('storage.used'), bytesText(usedBytes)],
    [t('storage.total'), bytesText(totalBytes)],
    [t('storage.min'), bytesText(freeBytesMin)],
  ];
  return (
    <>
      <p className={takesObjects ? 'mark mark-good' : 'mark mark-bad'}>
        {takesObjects ? <CheckIcon size={16} /> : <WarnIcon size={16} />}
        {takesObjects ? t('storage.takes') : t('storage.refuses')}
      </p>
      <meter className="disk-meter" min={0} max={1} value={share} aria-label={t('storage.used')} />
      <dl className="disk-figures">
        {figures.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function Segments({ segments }: Pick<Storage, 'segments'>) {
  const { t } = useTranslation();
  return (
    <table className="page-table page-stack">
      <thead>
        <tr>
          <th scope="col">{t('storage.state')}</th>
          <th scope="col" className="page-number">
            {t('storage.count')}
          </th>
          <th scope="col" className="page-number">
            {t('storage.bytes')}
          </th>
        </tr>
      </thead>
      <tbody>
        {segments.map(({ state, count, bytes }) => (
          <tr key={state}>
            <th scope="row">
              {t(`storage.states.${state}`)}
              <div className="page-quiet">{t(`storage.stateNotes.${state}`)}</div>
            </th>
            <td data-label={t('storage.count')} className="page-number">
              {countText(count)}
            </td>
            <td data-label={t('storage.bytes')} className="page-number">
              {bytesText(bytes)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
