import { toFailure } from '@acervo/kernel/failure.ts';
import type { Log } from '../ports/log.ts';
import { Bell } from './bell.ts';
import type { Job } from './feature.ts';

const TROUBLE_MS = 5_000;

export type Rounds = {
  name: string;
  /** @returns for how long nothing is to be done, in milliseconds; 0: there may be more at once */
  round(signal: AbortSignal): Promise<number>;
  log: Log;
  /** What is logged when a round fails: not of one piece of work, but of something like an absent database. */
  trouble: string;
  /** The next round after that. */
  troubleMs?: number;
  /** So many go on independently. */
  sideBySide?: number;
  /** Ends a pause early. */
  bell?: Bell;
};

/** A job that does its work in rounds, with pauses, until it is ended; a round that fails is told, and done again. */
export function inRounds({ name, sideBySide = 1, ...rounds }: Rounds): Job {
  return {
    name,
    run: async (signal) => {
      await Promise.all(Array.from({ length: sideBySide }, () => oneByOne(rounds, signal)));
    },
  };
}

async function oneByOne(rounds: Omit<Rounds, 'name' | 'sideBySide'>, signal: AbortSignal): Promise<void> {
  const { round, log, trouble, troubleMs = TROUBLE_MS, bell = new Bell() } = rounds;
  while (!signal.aborted) {
    try {
      const pauseMs = await round(signal);
      if (pauseMs > 0) await bell.wait(pauseMs, signal);
    } catch (thrown) {
      const { code, detail } = toFailure(thrown);
      log.warn(trouble, { code, detail });
      await bell.wait(troubleMs, signal);
    }
  }
}
