import { PAGES } from '@acervo/interop/console/pages.ts';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useActivity, useStorage } from '../api/status.ts';
import { bytesText, countText } from '../parts/figures.ts';

const MINUTE_S = 60;
const HOUR_MS = 3_600_000;

/** How the archive stands, in four figures that lead to more. */
export function Pulse() {
  const { t } = useTranslation();
  const activity = useActivity().data;
  const disk = useStorage().data?.disk;
  const steps = activity?.steps.slice(-MINUTE_S / activity.stepSeconds) ?? [];
  const taken = steps.reduce((sum, step) => sum + step.taken, 0);
  const refused = activity?.refusals.filter(({ at }) => Date.parse(activity.now) - Date.parse(at) < HOUR_MS) ?? [];
  const refusedCount = refused.reduce((sum, { count }) => sum + count, 0);
  const figures = [
    { label: t('pulse.associations'), value: activity && countText(activity.associations.length), to: PAGES.activity },
    { label: t('pulse.rate'), value: activity && countText(taken), to: PAGES.activity },
    {
      label: t('pulse.refused'),
      value: activity && countText(refusedCount),
      to: PAGES.activity,
      isOdd: refusedCount > 0,
    },
    {
      label: t('pulse.disk'),
      value: disk && bytesText(disk.freeBytes),
      to: PAGES.storage,
      isOdd: disk && !disk.takesObjects,
    },
  ];
  return (
    <nav className="pulse" aria-label={t('pulse.title')}>
      {figures.map(({ label, value, to, isOdd }) => (
        <Link key={label} to={to} className="pulse-figure" data-odd={isOdd === true}>
          <span className="pulse-value">{value ?? t('none')}</span>
          <span className="pulse-label">{label}</span>
        </Link>
      ))}
    </nav>
  );
}
