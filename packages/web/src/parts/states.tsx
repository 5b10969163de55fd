import { Button, Skeleton, Stack } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '../api/fetch.ts';
import { WarnIcon } from './icons.tsx';
import { useReason, useRule } from './reason.ts';

const ROWS = ['a', 'b', 'c', 'd'];

/** What stands in a place until its data are there. */
export function Waiting({ rows = ROWS.length }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs" role="status" aria-label={t('loading')} className="page-waiting">
      {ROWS.slice(0, rows).map((row) => (
        <Skeleton key={row} height={36} radius="sm" />
      ))}
    </Stack>
  );
}

export function Empty({ title, hint }: { title: string; hint: string }) {
  return (
    <div className="page-empty">
      <p className="page-empty-title">{title}</p>
      <p>{hint}</p>
    </div>
  );
}

/** @param retry  where asking again may help */
export function Trouble({ error, retry }: { error: unknown; retry?: (() => void) | undefined }) {
  const { t } = useTranslation();
  const reason = useReason();
  const rule = useRule();
  const { code, rules } = error instanceof Problem ? error : { code: 'internal', rules: [] };
  return (
    <div className="page-trouble" role="alert">
      <WarnIcon />
      <div>
        <p className="page-empty-title">{t(retry === undefined ? 'trouble.undone' : 'trouble.title')}</p>
        <p>{reason(code)}</p>
        {rules.length > 0 && (
          <ul className="page-rules">
            {rules.map((id) => (
              <li key={id}>{rule(id)}</li>
            ))}
          </ul>
        )}
        <p className="page-quiet">{t('trouble.code', { code: [code, ...rules].join(', ') })}</p>
      </div>
      {retry !== undefined && (
        <Button variant="default" onClick={retry}>
          {t('retry')}
        </Button>
      )}
    </div>
  );
}

type SettledProps<T> = { query: UseQueryResult<T>; rows?: number; children: (data: T) => ReactNode };

/** A query's data, or what stands in their place. Data that are there stay while they cannot be had anew. */
export function Settled<T>({ query, rows, children }: SettledProps<T>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error !== null) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  return <Waiting {...(rows !== undefined && { rows })} />;
}
