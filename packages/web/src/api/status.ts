import type { Activity, Devices, Holders, Institutions, Storage } from '@acervo/interop/console/answers.ts';
import { useQueries, useQuery } from '@tanstack/react-query';
import { getJson } from './fetch.ts';

const LIVE_MS = 3_000;
const SLOW_MS = 15_000;
const INSTITUTIONS_STALE_MS = 60_000;

const ask =
  <T>(path: string) =>
  async ({ signal }: { signal: AbortSignal }): Promise<T> =>
    (await getJson<T>(path, signal)).body;

export const useActivity = () =>
  useQuery({ queryKey: ['activity'], queryFn: ask<Activity>('/api/activity'), refetchInterval: LIVE_MS });

export const useDevices = () =>
  useQuery({ queryKey: ['devices'], queryFn: ask<Devices>('/api/devices'), refetchInterval: SLOW_MS });

export const useStorage = () =>
  useQuery({ queryKey: ['storage'], queryFn: ask<Storage>('/api/storage'), refetchInterval: SLOW_MS });

export const useInstitutions = () =>
  useQuery({
    queryKey: ['institutions'],
    queryFn: ask<Institutions>('/api/institutions'),
    staleTime: INSTITUTIONS_STALE_MS,
  });

/** Whether the viewer was fetched. */
export const useViewer = () =>
  useQuery({
    queryKey: ['viewer'],
    queryFn: ask<{ installed: boolean }>('/api/viewer'),
    staleTime: INSTITUTIONS_STALE_MS,
  });

/** As many studies as the server says the holders of at once. */
const HOLDERS_MAX = 100;

/** The institutions that hold each of some studies. */
export function useHolders(studies: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const parts = Array.from({ length: Math.ceil(studies.length / HOLDERS_MAX) }, (_, index) =>
    studies.slice(index * HOLDERS_MAX, (index + 1) * HOLDERS_MAX),
  );
  return useQueries({
    queries: parts.map((part) => ({
      queryKey: ['holders', part],
      queryFn: ask<Holders>(`/api/holders?study=${part.join(',')}`),
      staleTime: INSTITUTIONS_STALE_MS,
    })),
    combine: (answers) => Object.assign({}, ...answers.map(({ data }) => data?.holders)) as Holders['holders'],
  });
}

/** Whether the server has a resource, by its own description. */
export const useOffer = (path: string): boolean => {
  const { data } = useQuery({
    queryKey: ['openapi'],
    queryFn: ask<{ paths: Record<string, unknown> }>('/api/openapi.json'),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data !== undefined && Object.hasOwn(data.paths, path);
};
