import { CloseButton, Kbd, NativeSelect, SegmentedControl, TextInput } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { type RefObject, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useInstitutions } from '../api/status.ts';
import { SearchIcon } from '../parts/icons.tsx';
import { useSearch } from './search-state.tsx';

const PERIODS = ['all', 'today', 'week', 'month', 'range'] as const;
/** Terms of Modality (0008,0060) that archives are asked for; others are found by every other key. */
const MODALITIES = ['CR', 'CT', 'DX', 'ES', 'MG', 'MR', 'NM', 'OT', 'PT', 'PX', 'RF', 'SC', 'SR', 'US', 'XA', 'XC'];
const SLASH = '/';

export function SearchBar({ toResults }: { toResults: () => void }) {
  const { t } = useTranslation();
  const { filter, change } = useSearch();
  const input = useRef<HTMLInputElement>(null);
  useHotkeys([[SLASH, () => focus(input)]]);
  return (
    <search className="search">
      <TextInput
        ref={input}
        size="md"
        aria-label={t('studies.search')}
        placeholder={t('studies.placeholder')}
        value={filter.text}
        maxLength={64}
        autoComplete="off"
        spellCheck={false}
        leftSection={<SearchIcon />}
        rightSectionWidth={filter.text === '' ? 44 : undefined}
        rightSection={
          filter.text === '' ? (
            <Kbd size="xs" className="search-key" title={t('studies.hint')}>
              {SLASH}
            </Kbd>
          ) : (
            <CloseButton size="sm" aria-label={t('studies.clear')} onClick={() => change({ text: '' })} />
          )
        }
        onChange={(event) => change({ text: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === 'Escape') change({ text: '' });
          if (event.key !== 'ArrowDown') return;
          event.preventDefault();
          toResults();
        }}
      />
      <Filters />
    </search>
  );
}

function focus(input: RefObject<HTMLInputElement | null>): void {
  input.current?.focus();
  input.current?.select();
}

function Filters() {
  const { t } = useTranslation();
  const { filter, change } = useSearch();
  const institutions = useInstitutions().data?.institutions ?? [];
  return (
    <div className="search-filters">
      <SegmentedControl
        size="sm"
        className="search-period"
        aria-label={t('studies.period')}
        value={filter.period}
        onChange={(period) => change({ period })}
        data={PERIODS.map((value) => ({ value, label: t(`studies.periods.${value}`) }))}
      />
      {filter.period === 'range' && <DateRange />}
      <NativeSelect
        aria-label={t('studies.modality')}
        value={filter.modality}
        onChange={(event) => change({ modality: event.currentTarget.value })}
        data={[{ value: '', label: t('studies.anyModality') }, ...MODALITIES]}
      />
      {institutions.length > 1 && (
        <NativeSelect
          aria-label={t('studies.institution')}
          value={filter.institution}
          onChange={(event) => change({ institution: event.currentTarget.value })}
          data={[{ value: '', label: t('studies.anyInstitution') }, ...institutions]}
        />
      )}
    </div>
  );
}

function DateRange() {
  const { t } = useTranslation();
  const { filter, change } = useSearch();
  return (
    <div className="search-range">
      {(['from', 'to'] as const).map((end) => (
        <TextInput
          key={end}
          type="date"
          aria-label={t(`studies.${end}`)}
          value={filter[end]}
          onChange={(event) => change({ [end]: event.currentTarget.value })}
        />
      ))}
    </div>
  );
}
