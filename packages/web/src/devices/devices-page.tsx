import type { Device, Devices } from '@acervo/interop/console/answers.ts';
import { useTranslation } from 'react-i18next';
import { useDevices } from '../api/status.ts';
import { agoText, countText, momentText } from '../parts/figures.ts';
import { CheckIcon, WarnIcon } from '../parts/icons.tsx';
import { PageHead } from '../parts/section.tsx';
import { Empty, Settled } from '../parts/states.tsx';

const MARKS = ['uidReused', 'charsetWrong', 'charsetMissing', 'accessionMissing', 'damaged'] as const;

/** Who sends, and what to mend there. */
export function DevicesPage() {
  const { t } = useTranslation();
  return (
    <>
      <PageHead title={t('devices.title')} lead={t('devices.lead')} />
      <Settled query={useDevices()}>
        {(answer) =>
          answer.devices.length === 0 ? (
            <Empty title={t('devices.none')} hint={t('devices.noneHint')} />
          ) : (
            <DeviceTable answer={answer} />
          )
        }
      </Settled>
    </>
  );
}

function DeviceTable({ answer: { devices, from, isCut } }: { answer: Devices }) {
  const { t } = useTranslation();
  return (
    <>
      <table className="page-table page-stack">
        <thead>
          <tr>
            <th scope="col">{t('devices.system')}</th>
            <th scope="col">{t('devices.quality')}</th>
            <th scope="col" className="page-number">
              {t('devices.studies')}
            </th>
            <th scope="col" className="page-number">
              {t('devices.instances')}
            </th>
            <th scope="col">{t('devices.lastSeen')}</th>
          </tr>
        </thead>
        <tbody>
          {devices.map((device) => (
            <DeviceRow key={`${device.institution} ${device.system}`} device={device} />
          ))}
        </tbody>
      </table>
      {from !== null && (
        <p className="page-note">{t(isCut ? 'devices.cut' : 'devices.from', { time: momentText(from) })}</p>
      )}
    </>
  );
}

function DeviceRow({ device }: { device: Device }) {
  const { t } = useTranslation();
  return (
    <tr>
      <th scope="row">
        <System name={device.system} />
        <div className="page-quiet">{device.institution}</div>
      </th>
      <td data-label={t('devices.quality')}>
        <Quality device={device} />
      </td>
      <td data-label={t('devices.studies')} className="page-number">
        {countText(device.studies)}
      </td>
      <td data-label={t('devices.instances')} className="page-number">
        {countText(device.instances)}
      </td>
      <td data-label={t('devices.lastSeen')} className="page-nowrap" title={momentText(device.lastSeen)}>
        {agoText(device.lastSeen)}
      </td>
    </tr>
  );
}

/** Deposits that no device made have words instead of a name. */
function System({ name }: { name: string }) {
  const { t } = useTranslation();
  if (name === 'import' || name === 'anonymous') return t(`devices.actors.${name}`);
  return <span translate="no">{name}</span>;
}

function Quality({ device: { marks, studies } }: { device: Device }) {
  const { t } = useTranslation();
  const found = MARKS.filter((mark) => marks[mark] > 0);
  if (found.length === 0) {
    return (
      <span className="mark mark-good">
        <CheckIcon size={16} />
        {t('devices.good')}
      </span>
    );
  }
  return (
    <ul className="marks">
      {found.map((mark) => (
        <li key={mark} className="mark">
          <WarnIcon size={16} />
          <div>
            <p>
              {t(`devices.marks.${mark}`)}
              <span className="mark-count">{t('devices.of', { count: marks[mark], total: studies })}</span>
            </p>
            <p className="page-quiet">{t(`devices.advice.${mark}`)}</p>
          </div>
        </li>
      ))}
    </ul>
  );
}
