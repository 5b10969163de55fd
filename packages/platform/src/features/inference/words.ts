import type { TaskState } from './task.repo.ts';

/** What a clinical user is told of a task. */
export type Told = 'pending' | 'result' | 'not-applicable' | 'no-result';

const WORDS: Record<Told, { es: string; en: string }> = {
  pending: { es: 'IA en proceso', en: 'AI in process' },
  result: { es: 'con resultado de IA', en: 'with an AI result' },
  'not-applicable': { es: 'la IA no aplica a este estudio', en: 'AI does not apply to this study' },
  'no-result': { es: 'sin resultado de IA', en: 'no AI result' },
};

const TOLD: Record<TaskState, Told> = {
  queued: 'pending',
  leased: 'pending',
  done: 'result',
  'not-applicable': 'not-applicable',
  failed: 'no-result',
  late: 'no-result',
  cancelled: 'no-result',
};

/** After the deadline nobody waits any more, even if nothing has ended the task yet. */
export function toldOf({ state, isOver }: { state: TaskState; isOver: boolean }): {
  told: Told;
  es: string;
  en: string;
} {
  const told = TOLD[state] === 'pending' && isOver ? 'no-result' : TOLD[state];
  return { told, ...WORDS[told] };
}
