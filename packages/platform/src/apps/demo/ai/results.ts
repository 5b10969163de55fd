import { Failure } from '@acervo/kernel/failure.ts';
import { waitMs } from '../../../journal/sealer.ts';
import type { ToldFinding, ToldResult } from '../../../ports/assessment.ts';
import type { SampleObject } from '../sample/sample.ts';
import { PLACED } from './committee.ts';
import { type Committee, memberIn } from './govern.ts';

/** Quiet period, routing and tasks together: on a slow machine. */
const DONE_MS_MAX = 180_000;
const POLL_MS = 250;
const SOP_CLASSES = { CR: '1.2.840.10008.5.1.4.1.1.1', CT: '1.2.840.10008.5.1.4.1.1.2' } as const;
const DEADLINE_MINUTES = 60;

/** A study that rules choose for a model, and who reads there. */
export type Expected = {
  institution: string;
  studyUid: string;
  modality: 'CR' | 'CT';
  /** ID@VERSION. */
  model: string;
  chief: string;
};

/** What AI said of a study, or why it said nothing. */
export type Answered = Expected & {
  /** As a screen says it. */
  es: string;
  reason: string | null;
  /** The share of the site left it out, and somebody asked for it. */
  isAskedFor: boolean;
  findings: readonly ToldFinding[];
  /** Modalities of the result objects: SR, SEG. */
  objects: string[];
};

/**
 * Studies that the rules are for: films of the whole sample, and the tomography that is there for the model. Of the
 * sample's own none is of a chest at a site of that model.
 */
export function expectedOf(sample: readonly SampleObject[], forModels: readonly SampleObject[]): Expected[] {
  const found = new Map<string, Expected>();
  for (const { sites, modality, model, version } of PLACED) {
    const objects = modality === 'CR' ? [...sample, ...forModels] : forModels;
    const chiefs = new Map(sites.map(({ site, chief }) => [site, chief]));
    for (const { institution, studyUid, sopClassUid } of objects) {
      const chief = chiefs.get(institution);
      if (chief === undefined || sopClassUid !== SOP_CLASSES[modality]) continue;
      const of = { institution, studyUid, modality, model: `${model}@${version}`, chief };
      found.set(`${institution} ${studyUid}`, of);
    }
  }
  return [...found.values()];
}

type Task = Pick<ToldResult, 'objects' | 'findings'> & {
  model: string;
  version: string;
  state: string;
  es: string;
  reason: string | null;
};
/** What rules said of one model; `why`: it got no task. */
type Considered = { model: string; why?: string };
type Status = { institution: string; tasks: Task[]; watched?: { considered: Considered[] | null } };

/** Studies that were there before there were rules: they are asked for. */
export async function pastOf(http: string, expected: readonly Expected[], signal: AbortSignal): Promise<Expected[]> {
  const past: Expected[] = [];
  for (const each of expected) {
    const status = await statusOf(http, each, signal);
    if (status !== undefined && status.tasks.length === 0 && status.watched?.considered == null) past.push(each);
  }
  return past;
}

/** What rules did not bring to a model its site's chief asks for, as any study may be asked for. */
export async function requestEach(committee: Committee, studies: readonly Expected[]): Promise<void> {
  for (const { chief, studyUid, model } of studies) {
    const asked = { studies: [studyUid], model, deadlineMinutes: DEADLINE_MINUTES };
    await memberIn(committee, chief).ask('/api/ai/requests', asked);
  }
}

/** Wait until every study was routed and its tasks have ended, as the archive tells it; no longer than a while. */
export async function answersOf(http: string, expected: readonly Expected[], signal: AbortSignal): Promise<Answered[]> {
  const until = performance.now() + DONE_MS_MAX;
  const answers: Answered[] = [];
  for (const each of expected) {
    let status = await statusOf(http, each, signal);
    while (!isOver(status) && performance.now() < until && !signal.aborted) {
      await waitMs(POLL_MS, signal);
      status = await statusOf(http, each, signal);
    }
    answers.push(...answersIn(each, status));
  }
  return answers;
}

const isOver = (status: Status | undefined): boolean =>
  status !== undefined &&
  (status.tasks.length > 0 || status.watched?.considered != null) &&
  status.tasks.every(({ state }) => state !== 'pending');

/**
 * Asked by nobody in particular: it is the demo that looks, not one of its people.
 * @returns undefined where the archive does not have the study
 */
async function statusOf(http: string, of: Expected, signal: AbortSignal): Promise<Status | undefined> {
  const answer = await fetch(`${http}/api/ai/studies/${of.studyUid}`, { signal });
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Failure('internal', `AI status answered ${answer.status}: ${await answer.text()}`);
  const { studies } = (await answer.json()) as { studies: Status[] };
  return studies.find(({ institution }) => institution === of.institution);
}

const UNROUTED: Readonly<Record<string, string>> = {
  'not-assigned': 'no le tocó: el modelo recibe sólo una parte de los estudios del sitio',
  'not-placed': 'ningún modelo está en uso en el sitio',
};

const NOTHING: Pick<Answered, 'isAskedFor' | 'findings' | 'objects'> = { isAskedFor: false, findings: [], objects: [] };

/** Rules chose it, and the secret of the site did not. */
export const isLeftOut = ({ reason }: Answered): boolean => reason === 'not-assigned';

function answersIn(of: Expected, status: Status | undefined): Answered[] {
  const considered = status?.watched?.considered ?? [];
  const answers = (status?.tasks ?? []).map(({ model, version, es, reason, findings, objects }): Answered => {
    const modalities = objects.map(({ modality }) => modality).sort();
    const isAskedFor = considered.some((each) => each.model === model && each.why === 'not-assigned');
    return { ...of, model: `${model}@${version}`, es, reason, isAskedFor, findings, objects: modalities };
  });
  for (const { model, why } of considered) {
    const es = UNROUTED[why ?? ''];
    // Of other models their rules say why the study is none for them: nobody expected it.
    if (why === undefined || es === undefined || answers.some((each) => each.model.startsWith(`${model}@`))) continue;
    answers.push({ ...of, ...NOTHING, es, reason: why });
  }
  if (answers.length > 0) return answers;
  return [{ ...of, ...NOTHING, es: 'sin tarea de IA', reason: null }];
}
