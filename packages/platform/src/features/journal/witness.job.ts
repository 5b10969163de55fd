import { toFailure } from '@acervo/kernel/failure.ts';
import type { Job } from '../../bindings/feature.ts';
import { waitMs } from '../../journal/sealer.ts';
import { type WitnessAtPorts, type WitnessedArchive, witnessAt } from './witness-at.ts';

/** Witnesses other archives again and again, for as long as the process serves; the first time when it starts. */
export function witnessJob(ports: WitnessAtPorts, archives: readonly WitnessedArchive[], everyMs: number): Job {
  return {
    name: 'witness other archives',
    run: async (signal) => {
      while (!signal.aborted) {
        for (const each of archives) await attempt(ports, each, signal);
        await waitMs(everyMs, signal);
      }
    },
  };
}

/** One that cannot be asked keeps nobody from the others. */
async function attempt(ports: WitnessAtPorts, of: WitnessedArchive, signal: AbortSignal): Promise<void> {
  try {
    if (!signal.aborted) await witnessAt(ports, of, signal);
  } catch (thrown) {
    if (signal.aborted) return;
    const { code, detail } = toFailure(thrown);
    ports.metrics.witnessed('failed');
    ports.log.warn('witness.failed', { url: of.url, code, detail });
  }
}
