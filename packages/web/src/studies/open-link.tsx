import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useViewer } from '../api/status.ts';
import { viewerUrl } from '../api/studies.ts';
import { OpenIcon } from '../parts/icons.tsx';
import type { StudyRow } from './facts.ts';

/** Opens the viewer in a tab of its own, which knows this one: the token goes with it. */
export function OpenLink({ row }: { row: StudyRow }) {
  const { t } = useTranslation();
  const viewer = useViewer();
  const name = row.facts.name === '' ? t('studies.unnamed') : row.facts.name;
  if (viewer.data?.installed !== true) return null;
  return (
    <Button
      component="a"
      href={viewerUrl(row.facts.uid, row.institution)}
      target="_blank"
      rel="opener"
      size="xs"
      variant="light"
      className="study-open"
      leftSection={<OpenIcon size={14} />}
      aria-label={t('studies.openOf', { name })}
    >
      {t('studies.open')}
    </Button>
  );
}
