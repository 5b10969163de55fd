import type { Refusal } from '@acervo/interop/console/answers.ts';
import { useTranslation } from 'react-i18next';
import { agoText, countText, momentText } from '../parts/figures.ts';
import { useReason } from '../parts/reason.ts';

const DOORS = ['dimse', 'stow', 'web', 'http', 'import', 'cli'] as const;

export function Refusals({ refusals }: { refusals: readonly Refusal[] }) {
  const { t } = useTranslation();
  const reason = useReason();
  const doorOf = (door: string): string => {
    const known = DOORS.find((each) => each === door);
    return known === undefined ? door : t(`activity.doors.${known}`);
  };
  return (
    <table className="page-table page-stack">
      <thead>
        <tr>
          <th scope="col">{t('activity.who')}</th>
          <th scope="col">{t('activity.reason')}</th>
          <th scope="col">{t('activity.when')}</th>
          <th scope="col" className="page-number">
            {t('activity.times')}
          </th>
        </tr>
      </thead>
      <tbody>
        {refusals.map((each) => (
          <tr key={`${each.at} ${each.door} ${each.who} ${each.reason} ${each.institution}`}>
            <th scope="row">
              <span translate="no">{each.who === '' ? t('activity.unknownWho') : each.who}</span>
              <div className="page-quiet">
                {[doorOf(each.door), each.institution].filter((part) => part !== '').join(' · ')}
              </div>
            </th>
            <td data-label={t('activity.reason')}>
              {reason(each.reason)}
              <div className="page-quiet page-code" translate="no">
                {each.reason}
              </div>
            </td>
            <td data-label={t('activity.when')} className="page-nowrap" title={momentText(each.at)}>
              {agoText(each.at)}
            </td>
            <td data-label={t('activity.times')} className="page-number">
              {countText(each.count)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
