import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useHolders } from '../api/status.ts';
import { type Match, NO_FILTER, searchStudies } from '../api/studies.ts';
import { factsOf, type StudyRow } from './facts.ts';

/** UIDs that several institutions hold are few: copied phantoms, errors of makers. */
const CLASHES_MAX = 20;

/**
 * A row for each institution that holds a study. A search over all institutions does not say whose a match is, so
 * where several hold the UID each is asked for its own: one's patient must not stand under the name of the other.
 */
export function useRows(studies: readonly Match[], several: boolean, chosen: string): StudyRow[] {
  const isMixed = several && chosen === '';
  const facts = useMemo(() => studies.map(factsOf), [studies]);
  const holders = useHolders(isMixed ? facts.map(({ uid }) => uid) : []);
  const clashes = facts
    .map(({ uid }) => uid)
    .filter((uid) => (holders[uid]?.length ?? 0) > 1)
    .slice(0, CLASHES_MAX)
    .flatMap((uid) => (holders[uid] ?? []).map((institution) => ({ uid, institution })));
  const own = useQueries({
    queries: clashes.map(({ uid, institution }) => ({
      queryKey: ['studies', 'of', institution, uid],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        searchStudies({ ...NO_FILTER, text: uid, institution }, undefined, signal),
    })),
    combine: (answers) =>
      answers.flatMap(({ data }, index) =>
        (data?.studies ?? []).map((study) => ({
          facts: factsOf(study),
          institution: clashes[index]?.institution ?? '',
        })),
      ),
  });
  return facts.flatMap((each) => {
    const [only = '', ...others] = isMixed ? (holders[each.uid] ?? []) : [chosen];
    return others.length === 0 ? [{ facts: each, institution: only }] : own.filter((row) => row.facts.uid === each.uid);
  });
}
