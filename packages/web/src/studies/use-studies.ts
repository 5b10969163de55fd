import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { type Match, type StudyFilter, searchStudies } from '../api/studies.ts';

/** A pause between two letters that is no end of typing. */
const TYPING_MS = 180;
/** A list that is looked at shows what came in meanwhile. */
const REFRESH_MS = 15_000;

export type FoundStudies = {
  query: ReturnType<typeof useQuery>;
  studies: Match[];
  total: number;
  isExact: boolean;
  /** What is shown answers an earlier question. */
  isBehind: boolean;
};

function useQuery(filter: StudyFilter) {
  return useInfiniteQuery({
    queryKey: ['studies', filter],
    queryFn: ({ pageParam, signal }) => searchStudies(filter, pageParam, signal),
    initialPageParam: undefined as (string | undefined)[] | undefined,
    getNextPageParam: ({ cursors }) => (cursors.some((cursor) => cursor !== undefined) ? cursors : undefined),
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
}

/** Studies as one types. */
export function useStudies(filter: StudyFilter): FoundStudies {
  const [text] = useDebouncedValue(filter.text, TYPING_MS);
  const query = useQuery({ ...filter, text });
  const pages = query.data?.pages ?? [];
  const [first] = pages;
  return {
    query,
    studies: pages.flatMap(({ studies }) => studies),
    total: first?.total ?? 0,
    isExact: first?.isExact ?? true,
    isBehind: query.isPlaceholderData || text !== filter.text,
  };
}
