import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { Severity } from './ai.ts';
import { getJson, postJson } from './fetch.ts';

export type IncidentState = 'open' | 'investigating' | 'closed';
export const CAUSES = ['model', 'data', 'use', 'device', 'none'] as const;
export type Cause = (typeof CAUSES)[number];

export type TakenStep = {
  id: string;
  to: IncidentState;
  at: string;
  by: string;
  note: string;
  cause: Cause | null;
  correctiveAct: string | null;
};

export type Incident = {
  id: string;
  model: string;
  version: string;
  institution: string;
  studyUid: string;
  severity: Severity;
  text: string;
  at: string;
  by: string;
  state: IncidentState;
  investigator: { person: string; by: string } | null;
  /** The first one first. */
  steps: readonly TakenStep[];
};

/** What a person asks for. @property cause, correctiveAct  of one that is closed */
export type AskedStep = { to: IncidentState; note: string; cause?: Cause; correctiveAct?: string };

const KEY = ['incidents'];
const STALE_MS = 10_000;

/** Of the institutions that the person answers for, the newest first. */
export const useIncidents = () =>
  useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) =>
      (await getJson<{ incidents: readonly Incident[] }>('/api/ai/incidents', signal)).body.incidents,
    staleTime: STALE_MS,
  });

export function useIncidentStep(id: string, csrf: string) {
  const client = useQueryClient();
  return async (asked: AskedStep): Promise<void> => {
    try {
      await postJson(`/api/ai/incidents/${id}/steps`, asked, { 'x-acervo-csrf': csrf });
    } finally {
      // Where it was refused, somebody else may have gone on with it.
      await client.invalidateQueries({ queryKey: KEY });
    }
  };
}
