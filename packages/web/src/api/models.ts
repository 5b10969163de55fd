import type { Approval } from '@acervo/model/lifecycle/approval.ts';
import type { Asker, Slot } from '@acervo/model/lifecycle/machine.ts';
import type { Verdict } from '@acervo/model/lifecycle/rules.ts';
import type { SigningRole, State, Track } from '@acervo/model/lifecycle/states.ts';
import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { getJson, postJson } from './fetch.ts';

/** A version of a model, as the registry lists it. */
export type ModelVersion = {
  digest: string;
  model: string;
  version: string;
  /** Whose it is: an institution, `*` for the nation. */
  owner: string;
  name: string;
  supplier: string;
  intendedUse: string;
  regulatory: {
    class: string;
    registroSanitario: string | null;
    useStatus: 'investigacion' | 'clinico' | 'demostracion';
  };
  receivedAt: string;
};
export type Model = { id: string; owner: string; name: string; versions: ModelVersion[] };

/** A step that there is from a state, and what it needs. */
export type NextStep = {
  to: State;
  by: readonly Asker[];
  signatures: readonly Slot[];
  verdicts: readonly Verdict[];
};

/** Where a version stands, for the nation (`*`) or at a site. */
export type Place = {
  site: string;
  state: State;
  percentage: number | null;
  expiresAt: string | null;
  next: readonly NextStep[];
};
export type Standing = {
  model: string;
  version: string;
  track: Track;
  national: Place;
  sites: readonly Place[];
};

export type HistoryStep = {
  id: string;
  /** Empty: the nation. */
  site: string;
  from: State;
  to: State;
  percentage: number | null;
  cause: 'asked' | 'expired' | 'site-stop' | 'break-glass' | 'rollback' | 'replaced' | 'alarm';
  actorKind: string;
  name: string;
  at: string;
  statement: { reason?: string };
  approvals: readonly string[];
};

/** An approval as it was signed. @property against  rules by which it counts for no step now */
export type GivenApproval = {
  id: string;
  document: string;
  receivedAt: string;
  isUsed: boolean;
  name: string;
  against: readonly string[];
};

export type Draft = { document: string; approval: Approval; verdicts: readonly Verdict[] };

export type Version = { model: string; version: string };

const path = ({ model, version }: Version): string =>
  `/api/models/${encodeURIComponent(model)}/versions/${encodeURIComponent(version)}`;

const ask =
  <T>(address: string) =>
  async ({ signal }: { signal: AbortSignal }): Promise<T> =>
    (await getJson<T>(address, signal)).body;

const STALE_MS = 10_000;

export const useModels = () =>
  useQuery({ queryKey: ['models'], queryFn: ask<{ models: Model[] }>('/api/models'), staleTime: STALE_MS });

export const useModel = (id: string) =>
  useQuery({
    queryKey: ['models', id],
    queryFn: ask<Model>(`/api/models/${encodeURIComponent(id)}`),
    staleTime: STALE_MS,
  });

const standingOf = (of: Version) => ({
  queryKey: ['model-life', of.model, of.version, 'state'],
  queryFn: ask<Standing>(`${path(of)}/state`),
  staleTime: STALE_MS,
});

export const useStanding = (of: Version) => useQuery(standingOf(of));

/** Where each of some versions stands, as far as that is known by now. */
export const useStandings = (of: readonly Version[]) => useQueries({ queries: of.map(standingOf) });

export const useHistory = (of: Version) =>
  useQuery({
    queryKey: ['model-life', of.model, of.version, 'history'],
    queryFn: ask<{ steps: HistoryStep[] }>(`${path(of)}/history`),
    staleTime: STALE_MS,
  });

export const useApprovals = (of: Version) =>
  useQuery({
    queryKey: ['model-life', of.model, of.version, 'approvals'],
    queryFn: ask<{ approvals: GivenApproval[] }>(`${path(of)}/approvals`),
    staleTime: STALE_MS,
  });

export type AskedDraft = {
  to: State;
  role: SigningRole;
  site: string | null;
  percentage: number | null;
  conflict: string;
};

/** The text to sign. @throws {Problem} */
export async function draftOf(of: Version, { to, role, site, percentage, conflict }: AskedDraft): Promise<Draft> {
  const query = new URLSearchParams({ to, role, conflict });
  if (site !== null) query.set('site', site);
  if (percentage !== null) query.set('percentage', String(percentage));
  return (await getJson<Draft>(`${path(of)}/approvals/draft?${query}`, new AbortController().signal)).body;
}

type Asked = { site?: string; reason: string };

/** What a person asks for at a version; what was known of it is asked anew. */
export function useModelActions(of: Version, csrf: string) {
  const client = useQueryClient();
  const post = async (what: string, body: object): Promise<void> => {
    await postJson(`${path(of)}/${what}`, body, { 'x-acervo-csrf': csrf });
    await client.invalidateQueries({ queryKey: ['model-life', of.model] });
  };
  return {
    approve: (signed: { document: string; signature: string; key: string }) => post('approvals', signed),
    step: (asked: Asked & { to: State }) => post('transitions', asked),
    suspend: (asked: Asked) => post('suspend', asked),
  };
}
