import { createContext, type ReactNode, useContext, useMemo, useState } from 'react';
import { NO_FILTER, type StudyFilter } from '../api/studies.ts';

type Search = { filter: StudyFilter; change(part: Partial<StudyFilter>): void };

const Context = createContext<Search>({ filter: NO_FILTER, change: () => {} });

/**
 * What is searched for, kept while other pages are looked at. It does not go into the address: that would write
 * patients' names into the browser's history.
 */
export function SearchProvider({ children }: { children: ReactNode }) {
  const [filter, setFilter] = useState(NO_FILTER);
  const search = useMemo(
    () => ({ filter, change: (part: Partial<StudyFilter>) => setFilter((known) => ({ ...known, ...part })) }),
    [filter],
  );
  return <Context.Provider value={search}>{children}</Context.Provider>;
}

export const useSearch = (): Search => useContext(Context);
