import type { LiveAssociation } from '@acervo/interop/console/answers.ts';
import { useTranslation } from 'react-i18next';
import { agoText, bytesText, countText, momentText } from '../parts/figures.ts';

export function Associations({ associations }: { associations: readonly LiveAssociation[] }) {
  const { t } = useTranslation();
  return (
    <table className="page-table page-stack">
      <thead>
        <tr>
          <th scope="col">{t('activity.system')}</th>
          <th scope="col">{t('activity.address')}</th>
          <th scope="col">{t('activity.since')}</th>
          <th scope="col" className="page-number">
            {t('activity.done')}
          </th>
          <th scope="col" className="page-number">
            {t('activity.failed')}
          </th>
          <th scope="col" className="page-number">
            {t('activity.received')}
          </th>
          <th scope="col" className="page-number">
            {t('activity.rate')}
          </th>
        </tr>
      </thead>
      <tbody>
        {associations.map((each) => (
          <tr key={each.id}>
            <th scope="row">
              <span translate="no">{each.aeTitle}</span>
              <div className="page-quiet">{each.institution}</div>
            </th>
            <td data-label={t('activity.address')} className="page-code">
              {each.peerAddress}
            </td>
            <td data-label={t('activity.since')} title={momentText(each.since)}>
              {agoText(each.since)}
            </td>
            <td data-label={t('activity.done')} className="page-number">
              {countText(each.done)}
            </td>
            <td data-label={t('activity.failed')} className="page-number" data-odd={each.failed > 0}>
              {countText(each.failed)}
            </td>
            <td data-label={t('activity.received')} className="page-number">
              {bytesText(each.bytes)}
            </td>
            <td data-label={t('activity.rate')} className="page-number">
              {t('activity.perSecond', { bytes: bytesText(each.bytesPerSecond) })}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
