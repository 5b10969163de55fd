import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getJson, postJson } from './fetch.ts';

/** A key by which a person signs: the archive knows its public half. */
export type ApproverKeyRow = {
  /** Its name, made of the public half. */
  key: string;
  institution: string;
  enrolledAt: string;
  /** From then on it signs nothing. */
  revokedAt: string | null;
};

const KEY = ['approver-keys'];

/** The person's own. */
export const useOwnKeys = () =>
  useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) =>
      (await getJson<{ keys: readonly ApproverKeyRow[] }>('/api/approver-keys', signal)).body.keys,
  });

export function useKeyActions(csrf: string) {
  const client = useQueryClient();
  return {
    retire: async (key: string, reason: string): Promise<void> => {
      await postJson(`/api/approver-keys/${encodeURIComponent(key)}/revoke`, { reason }, { 'x-acervo-csrf': csrf });
      // What it signed counts no more.
      await Promise.all([KEY, ['model-life']].map((queryKey) => client.invalidateQueries({ queryKey })));
    },
  };
}

/** Everything of AI at a site is suspended in one act. */
export function useSiteStop(csrf: string) {
  const client = useQueryClient();
  return async (site: string, reason: string): Promise<void> => {
    await postJson(`/api/sites/${encodeURIComponent(site)}/ai/stop`, { reason }, { 'x-acervo-csrf': csrf });
    await client.invalidateQueries({ queryKey: ['model-life'] });
  };
}
