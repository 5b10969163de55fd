import type { Measured } from '../row.ts';
import type { Acervo } from './acervo.ts';

/** The requests of one round, each of which took so many milliseconds. */
export type Requests = (took: (ms: number) => void) => Promise<void>;

/** A round of requests one after the other: what counts is how long each took. */
export async function latencies({ cpuSeconds }: Pick<Acervo, 'cpuSeconds'>, ask: Requests): Promise<Measured> {
  const latenciesMs: number[] = [];
  const cpu = cpuSeconds();
  await ask((ms) => latenciesMs.push(ms));
  return {
    operations: latenciesMs.length,
    seconds: latenciesMs.reduce((sum, ms) => sum + ms, 0) / 1000,
    cpuSeconds: cpuSeconds() - cpu,
    latenciesMs,
  };
}
