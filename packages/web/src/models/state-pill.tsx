import type { State } from '@acervo/model/lifecycle/states.ts';
import { useModelWords } from './words.ts';

/** What a state means for who would rely on the model; said in words, the colour only repeats it. */
const KIND: Partial<Record<State, 'good' | 'shown' | 'bad'>> = {
  aprobado_nacional: 'good',
  general: 'good',
  limitado: 'good',
  demostracion: 'shown',
  silencioso: 'shown',
  suspendido: 'bad',
  rechazado: 'bad',
  retirado: 'bad',
};

export function StatePill({ state, percentage = null }: { state: State; percentage?: number | null }) {
  const words = useModelWords();
  return (
    <span className="pill" data-kind={KIND[state] ?? 'plain'}>
      {[words.state(state), words.percentage(percentage)].filter((part) => part !== '').join(' · ')}
    </span>
  );
}
