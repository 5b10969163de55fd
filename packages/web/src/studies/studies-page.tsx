import { Button, Loader } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useInstitutions } from '../api/status.ts';
import { NO_FILTER } from '../api/studies.ts';
import { countText } from '../parts/figures.ts';
import { Empty, Settled } from '../parts/states.tsx';
import type { StudyRow } from './facts.ts';
import { Pulse } from './pulse.tsx';
import { SearchBar } from './search-bar.tsx';
import { useSearch } from './search-state.tsx';
import { StudyDrawer } from './study-drawer.tsx';
import { StudyList } from './study-list.tsx';
import { useRows } from './use-rows.ts';
import { type FoundStudies, useStudies } from './use-studies.ts';

/** The first page: studies, found as one types. */
export function StudiesPage() {
  const { t } = useTranslation();
  const { filter } = useSearch();
  const found = useStudies(filter);
  const [chosen, choose] = useState<StudyRow>();
  const toResults = (): void => document.querySelector<HTMLElement>('#results .study-name')?.focus();
  return (
    <>
      <header className="page-head">
        <h1>{t('shell.studies')}</h1>
        <Pulse />
      </header>
      <SearchBar toResults={toResults} />
      <p className="study-count" role="status" aria-live="polite">
        {found.query.data !== undefined && <Count found={found} />}
        {found.query.isFetching && found.isBehind && <Loader size={14} aria-hidden="true" />}
      </p>
      <Settled query={found.query} rows={4}>
        {() => <Found found={found} choose={choose} />}
      </Settled>
      <StudyDrawer row={chosen} close={() => choose(undefined)} />
    </>
  );
}

function Count({ found: { total, isExact } }: { found: FoundStudies }) {
  const { t } = useTranslation();
  return <span>{t(isExact ? 'studies.count' : 'studies.atLeast', { number: countText(total) })}</span>;
}

function Found({ found, choose }: { found: FoundStudies; choose: (row: StudyRow) => void }) {
  const { t } = useTranslation();
  const { filter } = useSearch();
  const { query, studies, isBehind } = found;
  const several = (useInstitutions().data?.institutions.length ?? 0) > 1;
  const rows = useRows(studies, several, filter.institution);
  if (studies.length === 0) {
    const isSearching = JSON.stringify(filter) !== JSON.stringify(NO_FILTER);
    return isSearching ? (
      <Empty title={t('studies.none')} hint={t('studies.noneHint')} />
    ) : (
      <Empty title={t('studies.empty')} hint={t('studies.emptyHint')} />
    );
  }
  return (
    <div className="study-found" data-behind={isBehind}>
      <StudyList rows={rows} withInstitution={several} choose={choose} />
      {query.hasNextPage && (
        <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t('more')}
        </Button>
      )}
    </div>
  );
}
