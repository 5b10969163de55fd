import type { SessionAnswer } from '@acervo/interop/console/session.ts';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getJson, postJson } from './fetch.ts';

const KEY = ['session'];
const STALE_MS = 30_000;

/** Who is logged in, by the cookie that no script can read. */
export const useSession = () =>
  useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) => (await getJson<SessionAnswer>('/api/session', signal)).body,
    staleTime: STALE_MS,
    refetchOnWindowFocus: true,
  });

/** Where logging in begins, and comes back to here. */
export const loginPath = (): string => `/login?to=${encodeURIComponent(location.pathname + location.search)}`;

/** What somebody who is logged in may do about it. */
export function useSessionActions(csrf: string) {
  const client = useQueryClient();
  const headers = { 'x-acervo-csrf': csrf };
  return {
    /** The issuer, too, ends its session where it has one: the browser goes there. */
    leave: async (): Promise<void> => {
      const { next } = await postJson<{ next: string }>('/logout', {}, headers);
      location.assign(next);
    },
    choose: async (choice: { institution?: string; purpose?: string }): Promise<void> => {
      client.setQueryData(KEY, await postJson<SessionAnswer>('/api/session', choice, headers));
      // What was shown was for another institution or purpose.
      await client.resetQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEY[0] });
    },
  };
}
