import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getJson, postJson } from './fetch.ts';

export const DECISIONS = ['accepted', 'modified', 'rejected', 'ignored'] as const;
export type DecisionWord = (typeof DECISIONS)[number];
export const SEVERITIES = ['none', 'minor', 'serious'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a model says of one thing, in the words of its manifest. */
export type Finding = {
  es: string;
  en: string;
  code: { value: string; scheme: string };
  value: number | null;
  /** UCUM. */
  unit: string | null;
  /** In the same unit. */
  threshold?: number | null;
  isPositive: boolean | null;
};

export type Decision = { at: string; by: string; decision: DecisionWord; reason: string | null };

/** One model and a study. Members beside the first ones are of tasks that have a result. */
export type AiTask = {
  id: string;
  model: string;
  version: string;
  state: 'pending' | 'result' | 'not-applicable' | 'no-result';
  es: string;
  en: string;
  reason: string | null;
  endedAt: string | null;
  stage: 'silencioso' | 'limitado' | 'general';
  /** What the stored result says of itself (0018,9004); null: nobody knows. */
  contentQualification?: 'RESEARCH' | 'PRODUCT' | null;
  isDemonstration?: boolean;
  findings?: readonly Finding[];
  reportsUnread?: number;
  decisions?: readonly Decision[];
  withdrawn?: { at: string; reasonEs: string; reasonEn: string } | null;
};

type StudyAi = { institution: string; study: string; tasks: readonly AiTask[] };

const PENDING_MS = 5_000;
const keyOf = (study: string) => ['ai', study];

/** What AI has said of a study at an institution. While something is being done, it is asked again. */
export const useStudyAi = (study: string, institution: string) =>
  useQuery({
    queryKey: keyOf(study),
    queryFn: async ({ signal }) =>
      (await getJson<{ studies: readonly StudyAi[] }>(`/api/ai/studies/${study}`, signal)).body.studies,
    select: (studies) =>
      studies.filter((each) => institution === '' || each.institution === institution).flatMap(({ tasks }) => tasks),
    refetchInterval: ({ state: { data } }) =>
      data?.some(({ tasks }) => tasks.some(({ state }) => state === 'pending')) === true && PENDING_MS,
  });

/** What a person does about a result. */
export function useResultActions(study: string, task: string, csrf: string) {
  const client = useQueryClient();
  const post = async (what: string, body: object): Promise<void> => {
    await postJson(`/api/ai/results/${task}/${what}`, body, { 'x-acervo-csrf': csrf });
    await client.invalidateQueries({ queryKey: keyOf(study) });
  };
  return {
    decide: (made: { decision: DecisionWord; reason?: string; shownAt: string }) => post('decisions', made),
    report: (incident: { severity: Severity; text: string }) => post('incidents', incident),
  };
}
